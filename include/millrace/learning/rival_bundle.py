"""`RivalBundle`: a fitted scikit-learn model as a bundle that serves like a network's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.errors import DataError, SpecError
from millrace.learning.bundle import FORMAT, Bundle
from millrace.learning.dataset import Classes
from millrace.learning.modality import ExportedRival, Rival
from millrace.workflow.stage import StageContext

_LARGEST_DIFFERENCE = 1e-5  # of a probability
_SAMPLE = 256  # records on which the graph is compared


class RivalBundle:
    """The bundle of a rival, in the output of the stage `baseline`.

    Args:
        context: of the stage. rival: fitted. labels: the classes.
        records, classes: that it was fitted on.

    Raises:
        SpecError: the rival cannot be written as a graph.
        DataError: the graph answers otherwise than the rival.
    """

    def __init__(
        self,
        context: StageContext,
        rival: Rival,
        labels: Sequence[str],
        records: pa.Table,
        classes: Classes,
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
        counts = np.bincount(classes, minlength=len(labels)).tolist()
        self._path = context.output / "bundle.json"
        self._document: dict[str, Any] = {
            "format": FORMAT,
            "labels": list(labels),
            "records": dataset.facts["records"],
            "input": encoder.to_document(),
            "transform": dataset.facts.get("transform"),
            "dataset_digest": dataset.manifest.digest,
            "reference": {
                "rows": len(classes),
                "class_counts": dict(zip(labels, counts, strict=True)),
            },
            "training": {"kind": kind, "rows": len(classes)},
        }
        self._bundle = Bundle(self._document, graph, "baseline")
        self._check(rival, records.slice(0, _SAMPLE))

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``."""
        return self._bundle.predict_records(records)

    def write(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write ``bundle.json`` with what else it says; return the facts that a bundle has."""
        document = {**self._document, **more}
        text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
        self._path.write_text(text, encoding="utf-8")
        names = ("format", "labels", "records", "transform", "dataset_digest")
        return {name: document[name] for name in names}

    def _check(self, rival: Rival, records: pa.Table) -> None:
        difference = float(np.abs(self.predict(records) - rival.predict(records)).max(initial=0))
        if not difference <= _LARGEST_DIFFERENCE:
            raise DataError(
                "the exported graph does not agree with the baseline",
                where=f"baseline, {len(records)} training records",
                expected=f"probabilities within {_LARGEST_DIFFERENCE:g}",
                received=difference,
                remedy="Take the baseline out of the candidates; it is compared all the same.",
            )
