"""Running the data stages on texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from millrace.data import clean, integrate, transform
from millrace.workflow.learning import Split
from millrace.workflow.texts import TextCleaning, TextTransform


class TextBench:
    """The stages of the data side, asked for texts."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench

    def raw(self, texts: Sequence[str | bytes | None], **values: Any) -> Any:
        """Make collected records; all of one label unless `labels` are given."""
        contents = [t.encode() if isinstance(t, str) else t for t in texts]
        labels = values.pop("labels", ["a"] * len(contents))
        return self._bench.raw(contents, labels, **{"encoding": "text", **values})

    def clean(self, records: Any, *, labelled: bool = True, **rules: Any) -> Any:
        params = {
            "modality": "text",
            "rules": TextCleaning(**rules).model_dump(mode="json"),
            "label_map": {},
            "labels": [],
            "labelled": labelled,
        }
        return self._bench.run(clean, params, {"records": [records]})

    def transform(self, records: Any, **values: Any) -> Any:
        values = TextTransform(**values).model_dump(mode="json")
        params = {"modality": "text", "transform": values}
        return self._bench.run(transform, params, {"records": [records]})

    def integrate(self, cleaned: Any, **rules: Any) -> Any:
        near_conflicts = rules.pop("near_conflicts", "keep")
        params = {
            "split": Split().model_dump(mode="json"),
            "sources": {"made": None},
            "labels": [],
            "modality": "text",
            "rules": TextCleaning(**rules).model_dump(mode="json"),
            "near_conflicts": near_conflicts,
            "budget": {"default": 1.0},
        }
        inputs = {"records": [self.transform(cleaned)], "cleaned": [cleaned]}
        return self._bench.run(integrate, params, inputs)

    def texts(self, *texts: str | bytes | None, encoding: str = "text", **rules: Any) -> list[str]:
        """Return what is stored of some texts."""
        made = self.clean(self.raw(texts, encoding=encoding), duplicates="keep", **rules)
        return [content.decode() for content in made.table()["content"].to_pylist()]

    def reasons(self, *texts: str | bytes | None, encoding: str = "text", **rules: Any) -> Any:
        """Return the reason and the detail of each text that is refused, by its number."""
        made = self.clean(self.raw(texts, encoding=encoding), duplicates="keep", **rules)
        rows = made.table("quarantine.parquet").to_pylist()
        return {row["position"]: (row["reason"], row["detail"]) for row in rows}


@pytest.fixture
def texts(bench: Any) -> TextBench:
    return TextBench(bench)
