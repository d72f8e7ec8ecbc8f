"""`Sources`: the open catalog and store of this installation, and the words for what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord
from millrace.cli.console import console
from millrace.settings import Settings

SHORT = 12  # characters of a digest; enough to be unique, and a prefix is accepted everywhere


class Sources:
    """Catalog and store, opened for reading.

    Attributes:
        settings, catalog, store: of the installation.
    """

    def __init__(self) -> None:
        self.settings = Settings.load()
        self.catalog = Catalog(self.settings.catalog)
        self.store = Store(self.settings.store, self.settings.home / "cache", shows=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()

    def matching(self, prefix: str) -> Iterator[Artifact]:
        """Yield the artifacts whose key or digest begins with `prefix`."""
        keys = self.store.keys()
        for key in keys:
            artifact = self.store.find(key)
            if artifact is not None and prefix in (key[: len(prefix)], _start(artifact, prefix)):
                yield artifact


def title(execution: ExecutionRecord) -> str:
    """Return a stage execution in one line."""
    partition = f" {execution.partition}" if execution.partition else ""
    return f"{execution.stage}{partition} of run {execution.run} ({execution.workflow})"


def named(ref: ArtifactRef) -> str:
    """Return a reference in one line."""
    rows = "" if ref.rows is None else f", {ref.rows:,} rows"
    return f"{ref.kind} {ref.digest[:SHORT]}{rows}"


def section(name: str, lines: Iterable[str]) -> None:
    """Print a titled list; nothing where it is empty."""
    found: Sequence[str] = list(dict.fromkeys(lines))
    if not found:
        return
    console().print(name, style="bold")
    for line in found:
        console().print(f"  {line}")


def _start(artifact: Artifact, prefix: str) -> str:
    return artifact.ref.digest[: len(prefix)]
