"""`Door`: what a person puts in place of a record of identified input, de-identified like the rest.

A correction is stored with what was collected, and learnt from; so nothing of it may be what
collecting would have taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from millrace.data.modality import Content
from millrace.data.sources.private_records import PrivateRecords
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.privacy.recognisers.redact import holds_values


class Door:
    """Where corrections of one identified source come in.

    Args:
        document: of the source, as `WorkflowSpec.documents` gives it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @cached_property
    def _records(self) -> PrivateRecords | None:
        """What de-identifies contents; None where only the source's own reader can."""
        learnt = self._document.get("learnt")
        if learnt is None:
            return None
        return PrivateRecords(self._document["privacy"], learnt, Pseudonyms(load_key()))

    def content(self, new: Content, was: Content) -> Content:
        """Return a content as it may be stored.

        Raises:
            ValueError: it may not be; the message says why and quotes nothing.
            SpecError: there is no key of pseudonyms.
        """
        if self._records is None:
            raise ValueError("cannot be de-identified here: correct it at its source")
        return self._records.corrected(new, was)

    def label_problem(self, label: str) -> str | None:
        """Say why a label may not be stored, or None."""
        return "the label holds what looks like a name or number" if holds_values(label) else None
