"""`DataStages`: the stages of data of a workflow, each over what the ones before it left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import PROJECT
from stages import Made, Stages

NAMES = ("nothing", "discover", "collect", "clean", "transform", "integrate")
SOURCES = "sources.json"
"""File below the root: fields to replace in the spec's sources, each with its ``name``."""


class DataStages:
    """Runs a stage over all its partitions.

    Args:
        root: where the sources and all results lie. workflow: name of a shipped one.
    """

    def __init__(self, root: Path, workflow: str) -> None:
        from millrace.workflow.loader import load_file

        self.root = root
        self.stages = Stages(root)
        self.spec: Any = load_file(PROJECT / f"include/workflows/{workflow}.yaml")
        places = {place["name"]: place for place in json.loads((root / SOURCES).read_text())}
        documents = [source.model_dump(mode="json") for source in self.spec.sources]
        self._sources = [{**d, **places[d["name"]]} for d in documents]

    def nothing(self) -> None:
        import duckdb  # noqa: F401
        import pyarrow.compute  # noqa: F401

        import millrace.data.integrate  # noqa: F401

    def discover(self) -> None:
        self.stages.run(
            "data.discover", "discover", {"limit": None}, None, {"sources": self._sources}
        )

    def collect(self) -> None:
        for number, partition, source in self._partitions():
            self.stages.collect(source, partition, f"collect-{number}")

    def clean(self) -> None:
        for number, _, source in self._partitions():
            raw = self.made(f"collect-{number}")
            self.stages.clean(self.spec, source, raw, f"clean-{number}")

    def transform(self) -> None:
        for number in self.numbers():
            self.stages.transform(self.spec, self.made(f"clean-{number}"), f"transform-{number}")

    def integrate(self) -> None:
        self.integrate_as(self.spec, "clean", "integrate")

    def integrate_as(self, spec: Any, cleaned: str, name: str) -> None:
        """Integrate what `transform` made and the artifacts `cleaned`, by another spec."""
        made = [self.made(f"transform-{number}") for number in self.numbers()]
        kept = [self.made(f"{cleaned}-{number}") for number in self.numbers()]
        self.stages.integrate(spec, made, kept, name)

    def numbers(self) -> list[int]:
        """Return the numbers of the partitions."""
        return [number for number, _, _ in self._partitions()]

    def made(self, name: str) -> Made:
        """Return what a stage left."""
        return Made.open(self.root / name)

    def _partitions(self) -> list[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        by_name = {source["name"]: source for source in self._sources}
        found = self.made("discover").facts["partitions"]
        return [(number, p, by_name[p["source"]]) for number, p in enumerate(found)]
