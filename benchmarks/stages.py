"""`Stages`: the stages called as the jobs layer calls them, on folders instead of a store."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from millrace.workflow.stage import StageContext


@dataclass(frozen=True)
class Made:
    """What a stage wrote: stands in for an artifact."""

    folder: Path
    facts: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Made:
        return cls(folder, json.loads(facts_file(folder).read_text()))

    def path(self, name: str) -> Path:
        return self.folder / name

    def has(self, name: str) -> bool:
        return self.path(name).exists()

    @property
    def ref(self) -> Any:
        return SimpleNamespace(digest=self.folder.name)

    @property
    def manifest(self) -> Any:
        return SimpleNamespace(kind="benchmark", key=self.folder.name)


def facts_file(folder: Path) -> Path:
    """Return where the facts of a result lie: beside its folder."""
    return folder.with_suffix(".json")


class Stages:
    """Runs stages below a folder.

    Args:
        root: where results and scratch folders lie.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def run(
        self,
        stage: str,
        name: str,
        params: Mapping[str, Any],
        inputs: Mapping[str, Sequence[Made]] | None = None,
        locations: Mapping[str, Any] | None = None,
    ) -> Made:
        """Run ``package.module`` below ``millrace``, into the folder `name`, made anew."""
        output, scratch = self._root / name, self._root / "scratch"
        for folder in (output, scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        context: Any = {
            "params": params,
            "locations": locations or {},
            "inputs": inputs or {},
            "output": output,
            "scratch": scratch,
            "checkpoints": None,
            "report": lambda progress: None,
        }
        result = importlib.import_module(f"millrace.{stage}").run(StageContext(**context))
        counts = result.counts
        shutil.rmtree(scratch)
        facts = {**result.facts, **({} if counts is None else {"counts": counts.to_document()})}
        facts_file(output).write_text(json.dumps(facts))
        return Made(output, facts)

    def dataset(self, spec: Any, sources: Sequence[Mapping[str, Any]]) -> Made:
        """Run discover, collect, clean, transform and integrate, as a training run does.

        Args:
            spec: a `WorkflowSpec`. sources: its sources' documents, variables expanded.
        """
        by_name = {source["name"]: source for source in sources}
        found = self.run("data.discover", "discover", {"limit": None}, None, {"sources": sources})
        cleaned, made = [], []
        for number, partition in enumerate(found.facts["partitions"]):
            source = by_name[partition["source"]]
            raw = self.collect(source, partition, f"collect-{number}")
            cleaned.append(self.clean(spec, source, raw, f"clean-{number}"))
            made.append(self.transform(spec, cleaned[-1], f"transform-{number}"))
        return self.integrate(spec, made, cleaned, "integrate")

    def collect(self, source: Mapping[str, Any], partition: Mapping[str, Any], name: str) -> Made:
        from millrace.data.sources.partition import split_document
        from millrace.data.sources.reader import keyed

        content, at = split_document(partition)
        params = {"kind": source["kind"], "read": keyed(source), "partition": content}
        locations = {"source": source, "at": at}
        return self.run("data.collect", name, params, None, locations)

    def clean(self, spec: Any, source: Mapping[str, Any], raw: Made, name: str) -> Made:
        params = {
            **spec.cleaning(),
            "label_map": source["label_map"],
            "labels": list(spec.labels),
            "labelled": True,
        }
        return self.run("data.clean", name, params, {"records": [raw]})

    def transform(self, spec: Any, cleaned: Made, name: str) -> Made:
        transform = spec.transform.model_dump(mode="json")
        params = {"modality": spec.modality, "transform": transform}
        return self.run("data.transform", name, params, {"records": [cleaned]})

    def integrate(
        self, spec: Any, made: Sequence[Made], cleaned: Sequence[Made], name: str
    ) -> Made:
        params = {
            **spec.cleaning(),
            "split": spec.split.model_dump(mode="json"),
            "sources": {source.name: source.split for source in spec.sources},
            "labels": list(spec.labels),
            "near_conflicts": spec.clean.near_conflicts,
            "budget": dict(spec.clean.budget),
        }
        return self.run("data.integrate", name, params, {"records": made, "cleaned": cleaned})
