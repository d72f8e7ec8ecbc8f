"""`Labels`: what labels mean to the stages of data, the only place of them that tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from millrace.data.cleaning.reasons import Refusals
from millrace.data.integration.ledger import Ledger
from millrace.workflow.registry import implementation, load


class Labels(Protocol):
    """Labels of a kind."""

    def canonical(self, labels: pa.Array) -> pa.Array:
        """Return labels in the one form that equal ones have; what is none stays as it is."""

    def refuse(self, refusals: Refusals, raw: pa.ChunkedArray, labels: pa.Array) -> None:
        """Refuse the rows whose label is missing or wrong.

        Args:
            raw: labels as the source gave them. labels: canonical ones.
        """

    def facts(self, ledger: Ledger) -> dict[str, Any]:
        """Return what is to be said of the data set, of the table ``placed``.

        Raises:
            DataError: nothing can be learnt from the labels, or nothing judged by them.
        """


def open_labels(params: Mapping[str, Any]) -> Labels:
    """Return the labels that a stage's parameters describe: ``target``, or ``labels``."""
    kind = "quantity" if "target" in params else "classes"
    made: Labels = load(implementation("labels", kind))(params)
    return made
