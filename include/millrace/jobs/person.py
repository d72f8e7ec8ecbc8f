"""`Search`: all that came from one person, found and left as it is.

A person is the group of their records: the pseudonym that the key of pseudonyms makes of an id, or
the id itself where a source's groups are ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.store import Store
from millrace.artifacts.sweep import Item, take_inventory
from millrace.artifacts.tables import read_schema, read_table
from millrace.catalog.catalog import Catalog
from millrace.errors import DataError
from millrace.jobs import unfinished
from millrace.jobs.privacy_key import EVERYWHERE, check_key
from millrace.jobs.unfinished import Unfinished
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.settings import Settings

_MODELS = ("train", "baseline")  # stages whose results hold no record, and stay
_ALL = 1_000_000  # batches and runs that are looked at
_SHOWN = 3  # artifacts that an error names
_ID = ("record_id", "duplicate_of")

Records = set[tuple[str, str]]
"""Workflow and record id: other workflows may use the same ids for other records."""


@dataclass(frozen=True)
class Held:
    """A manifest of the store, read, and the workflow that made it."""

    item: Item
    manifest: Manifest
    workflow: str


@dataclass(frozen=True)
class Found:
    """What came from one person.

    Attributes:
        pseudonym: of whom. workflow: where it was looked for; None is everywhere.
        artifacts: number by kind. records: number of their records.
        predictions: rows of SQL tables, by table. originals: files in the restricted store.
        models: versions that were trained on it.
        begun: what a removal that was killed has left to do.
    """

    pseudonym: str
    workflow: str | None
    artifacts: Mapping[str, int]
    records: int
    predictions: Mapping[str, int]
    originals: int
    models: tuple[str, ...]
    held: tuple[Held, ...] = field(repr=False)
    ids: frozenset[tuple[str, str]] = field(repr=False)
    begun: Unfinished = field(repr=False, default_factory=Unfinished)

    @property
    def anything(self) -> bool:
        """Whether anything of theirs was found."""
        rows = sum(self.predictions.values())
        return bool(self.held or self.originals or rows or self.begun)

    def counts(self) -> dict[str, int]:
        """Return the numbers, as the catalog keeps them."""
        tables = {f"rows of table {name}": count for name, count in self.predictions.items()}
        kinds = {f"artifacts {name}": count for name, count in self.artifacts.items()}
        return {"records": self.records, "originals": self.originals, **kinds, **tables}


@dataclass(frozen=True)
class Search:
    """Looks for people in one installation.

    Attributes:
        settings, catalog, store: of it. restricted: its originals; None where it keeps none.
        workflow: where to look; None is everywhere.
    """

    settings: Settings
    catalog: Catalog
    store: Store
    restricted: RestrictedStore | None
    workflow: str | None = None

    def find(self, patient: str) -> Found:
        """Look for all that came from somebody, and change nothing.

        Args:
            patient: the id as it was in the source, never stored or shown.

        Raises:
            SpecError: there is no key of pseudonyms, or not the one of the runs.
            DataError: something stored cannot be read, so that nothing can be said of it.
        """
        key = load_key()
        pseudonym = Pseudonyms(key).patient(patient)
        for workflow in self.workflows():
            check_key(self.store, workflow, key)
        begun = unfinished.read(self.store, pseudonym, self.workflow)
        every = list(self._manifests())
        ids = self._records(every, lambda group: group in (patient, pseudonym)) | begun.records
        holding = {one.item.entry.name for one in every if self._holds(one, ids)}
        affected = _with_descendants(every, holding | begun.manifests)
        removed = tuple(one for one in every if one.item.entry.name in affected)
        return Found(
            pseudonym=pseudonym,
            workflow=self.workflow,
            artifacts=dict(Counter(one.manifest.kind for one in removed)),
            records=len(ids),
            predictions=self.predictions(ids, dry_run=True),
            originals=len(self._originals(pseudonym)),
            models=tuple(sorted({*self._trained_on(every, removed), *begun.models})),
            held=removed,
            ids=frozenset(ids),
            begun=begun,
        )

    def workflows(self) -> list[str]:
        """Return the names under which the key is kept of whom this is about."""
        if self.workflow is not None:
            return [self.workflow]
        return [EVERYWHERE, *self.catalog.runs.workflows()]

    def _manifests(self) -> Iterator[Held]:
        """Yield what the store holds, of the workflow."""
        known = self.catalog.live.workflows()
        listed = take_inventory(self.store.backend, ("manifests",))
        for item in listed.of("manifest", "replaced manifest"):
            data = self.store.backend.read(item.entry.name)
            workflow = known.get(item.key, "")
            if data is None or self.workflow not in (None, workflow):
                continue
            yield Held(item, Manifest.from_bytes(data, item.entry.name), workflow)

    def _records(self, every: Iterable[Held], wanted: Callable[[str], bool]) -> Records:
        """Return the records whose group is the person."""
        ids: Records = set()
        for one, path in self._tables(every):
            if {"record_id", "group"} <= set(read_schema(path).names):
                for table in read_table(path, ["record_id", "group"]):
                    groups = table["group"].unique().to_pylist()
                    theirs = [name for name in groups if name is not None and wanted(name)]
                    if theirs:
                        rows = pc.is_in(table["group"], pa.array(theirs, pa.string()))
                        found = table.filter(rows)["record_id"].to_pylist()
                        ids.update((one.workflow, name) for name in found)
        return ids

    def _holds(self, one: Held, ids: Records) -> bool:
        """Whether a table of an artifact has one of the records."""
        theirs = pa.array(sorted(name for workflow, name in ids if workflow == one.workflow))
        if not len(theirs):
            return False
        for _, path in self._tables([one]):
            columns = [name for name in _ID if name in read_schema(path).names]
            for table in read_table(path, columns) if columns else ():
                if any(pc.any(pc.is_in(table[name], theirs)).as_py() for name in columns):
                    return True
        return False

    def _tables(self, every: Iterable[Held]) -> Iterator[tuple[Held, Path]]:
        unread: list[str] = []
        for one in every:
            artifact = Artifact(self.store, one.manifest)
            for name in one.manifest.files:
                if not name.endswith(".parquet"):
                    continue
                try:
                    path = artifact.path(name)
                except DataError as error:
                    unread.append(f"{one.manifest.kind} {one.manifest.key[:12]}: {error.problem}")
                    continue
                yield one, path
        if unread:
            raise DataError(
                "what is stored cannot be read, so that nobody can be found in it",
                where=self.store.uri,
                received=f"{len(unread):,} files: {'; '.join(unread[:_SHOWN])}",
                remedy="Repair it, or remove it: force the stage that made it, and `millrace gc`.",
            )

    def predictions(self, ids: Iterable[tuple[str, str]], *, dry_run: bool) -> dict[str, int]:
        """Count or remove delivered rows, by table."""
        from millrace.data.delivery.forget import forget_rows

        counts: dict[str, int] = {}
        for workflow, names in sorted(by_workflow(ids).items()):
            for table in self._delivered_to(workflow):
                rows = forget_rows(
                    self.settings.predictions, table, workflow, names, dry_run=dry_run
                )
                counts[table] = counts.get(table, 0) + rows
        return counts

    def _delivered_to(self, workflow: str) -> list[str]:
        """Return the SQL tables that a workflow's predictions went to, or were to go to."""
        batches = self.catalog.batches.latest(workflow, limit=_ALL)
        runs = self.catalog.runs.latest(workflow, limit=_ALL)
        named = [run.spec.get("predict", {}).get("table") for run in runs]
        return sorted({table for table in (*(b.table for b in batches), *named) if table})

    def _originals(self, pseudonym: str) -> list[str]:
        if self.restricted is None:
            return []
        return [
            name
            for name in self.restricted.of_patient(pseudonym, self.workflow)
            if not name.endswith(".key")
        ]

    def _trained_on(self, every: Iterable[Held], removed: Iterable[Held]) -> Iterator[str]:
        """Yield the model versions that were made from what goes."""
        gone = {(one.manifest.key, one.manifest.digest) for one in removed}
        for one in every:
            if one.manifest.key_parts.get("stage") in _MODELS and _inputs(one.manifest) & gone:
                for workflow in {one.workflow} - {""}:
                    champion = self.catalog.models.champion(workflow)
                    for version in self.catalog.models.versions(workflow):
                        if version.bundle.digest == one.manifest.digest:
                            reigns = champion is not None and champion.version == version.version
                            yield f"{workflow}:{version.version}{' (champion)' if reigns else ''}"


def _inputs(manifest: Manifest) -> set[tuple[str, str]]:
    """Return key and digest of what an artifact was made from."""
    inputs: Mapping[str, Any] = manifest.provenance.get("inputs", {})
    return {(ref["key"], ref["digest"]) for refs in inputs.values() for ref in refs}


def _with_descendants(every: list[Held], holding: set[str]) -> set[str]:
    """Return the names of manifests that hold the records, or were made from one that does.

    Models and what only they were used for are no descendants: no record can be read from them.
    """
    affected = set(holding)
    while True:
        gone = {
            (one.manifest.key, one.manifest.digest)
            for one in every
            if one.item.entry.name in affected
        }
        more = {
            one.item.entry.name
            for one in every
            if one.item.entry.name not in affected
            and one.manifest.key_parts.get("stage") not in _MODELS
            and _inputs(one.manifest) & gone
        }
        if not more:
            return affected
        affected |= more


def by_workflow(ids: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the ids of records by the workflow that they are of."""
    found: dict[str, set[str]] = {}
    for workflow, name in ids:
        found.setdefault(workflow, set()).add(name)
    return found
