"""`RivalBundle`: a fitted scikit-learn model as a bundle that serves like a network's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from millrace.errors import DataError, SpecError
from millrace.learning.bundle import Bundle
from millrace.learning.modality import ExportedRival, Rival
from millrace.learning.target import Answers, Target, Values
from millrace.workflow.stage import StageContext

_LARGEST_DIFFERENCE = 1e-5  # of a probability, or of a number as a share of it
_SAMPLE = 256  # records on which the graph is compared


class RivalBundle:
    """The bundle of a rival, in the output of the stage `baseline`.

    Args:
        context: of the stage. rival: fitted. target: what it learnt.
        records, values: that it was fitted on.

    Raises:
        SpecError: the rival cannot be written as a graph.
        DataError: the graph answers otherwise than the rival.
    """

    def __init__(
        self,
        context: StageContext,
        rival: Rival,
        target: Target,
        records: pa.Table,
        values: Values,
    ) -> None:
        kind = context.params["baseline"]["kind"]
        if not isinstance(rival, ExportedRival):
            raise SpecError(
                "this baseline cannot be a candidate: it has no graph",
                where="baseline.candidate",
                received=f"{kind} of {context.params['modality']}",
                remedy="Take it out of the candidates; it is compared with them all the same.",
            )
        dataset, graph = context.one("dataset"), context.output / "model.onnx"
        encoder = rival.export(graph)
        self._path = context.output / "bundle.json"
        self._document: dict[str, Any] = {
            "format": target.format,
            **target.to_document(),
            "records": dataset.facts["records"],
            "input": encoder.to_document(),
            "transform": dataset.facts.get("transform"),
            "dataset_digest": dataset.manifest.digest,
            "reference": {"rows": len(values), **target.statistics(values)},
            "training": {"kind": kind, "rows": len(values)},
        }
        self._bundle = Bundle(self._document, graph, "baseline")
        self._check(rival, records.slice(0, _SAMPLE))

    def predict(self, records: pa.Table) -> Answers:
        """Return the answers to records."""
        return self._bundle.predict_records(records)

    def write(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write ``bundle.json`` with what else it says; return the facts that a bundle has."""
        document = {**self._document, **more}
        text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
        self._path.write_text(text, encoding="utf-8")
        names = ("format", "labels", "target", "records", "transform", "dataset_digest")
        return {name: document[name] for name in names if name in document}

    def _check(self, rival: Rival, records: pa.Table) -> None:
        target = self._bundle.target
        difference = target.difference(self.predict(records), rival.predict(records))
        if not difference <= _LARGEST_DIFFERENCE:
            raise DataError(
                "the exported graph does not agree with the baseline",
                where=f"baseline, {len(records)} training records",
                expected=f"{target.output} within {_LARGEST_DIFFERENCE:g}",
                received=difference,
                remedy="Take the baseline out of the candidates; it is compared all the same.",
            )
