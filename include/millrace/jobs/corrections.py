"""Corrections of a workflow's records: found, compared, recorded, withdrawn.

A correction is an artifact a source, with all that hold, and a row of the catalog that puts it in
force. What a correction does to a record: see `millrace.data.corrections`.
"""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from millrace import __version__
from millrace.artifacts.digests import digest_file
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import write_table
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import Correction
from millrace.data.corrections import CORRECTIONS, FILE_NAME, content_digest
from millrace.jobs.keys import key_of
from millrace.jobs.refused import outputs

Row = dict[str, Any]
"""A row of `CORRECTIONS`."""


@dataclass(frozen=True)
class KnownRecord:
    """A record as it was collected, and as it now counts.

    Attributes:
        label: as the source has it. content, encoding: likewise.
        correction: what is in force for it; None where nothing is, or no longer.
    """

    record_id: str
    source: str
    origin: str
    label: str | None
    content: bytes | None
    encoding: str
    correction: Row | None = None

    @property
    def original(self) -> bytes:
        """Digest of the collected content."""
        return content_digest(self.content, self.encoding)

    @property
    def counts_as(self) -> tuple[bytes | None, str]:
        """Content and encoding as they now count."""
        change = self.correction
        if change is None or change["content"] is None:
            return self.content, self.encoding
        return change["content"], change["encoding"]


class Corrections:
    """The corrections of one workflow.

    Args:
        workflow: name. catalog, store: of the installation.
    """

    def __init__(self, workflow: str, catalog: Catalog, store: Store) -> None:
        self._workflow = workflow
        self._catalog = catalog
        self._store = store

    def in_force(self) -> list[tuple[Correction, list[Row]]]:
        """Return what the next run uses: one entry a source, with its rows."""
        found = self._catalog.corrections.in_force(self._workflow)
        return [(one, self._rows(one)) for one in found]

    def known(self, run: int, ids: Collection[str]) -> dict[str, KnownRecord]:
        """Return those of the records `ids` that a run collected, by id."""
        rows = {row["record_id"]: row for _, found in self.in_force() for row in found}
        records: dict[str, KnownRecord] = {}
        wanted = pa.array(sorted(ids), pa.string())
        for ref in outputs(self._catalog.executions.of_run(run), "collect"):
            path = self._store.get(ref).path("records.parquet")
            for record in _taken(path, wanted):
                made = KnownRecord(**record)
                change = rows.get(made.record_id)
                if change is not None and change["original"] == made.original:
                    made = KnownRecord(**record, correction=change)
                records[made.record_id] = made
        return records

    def record(self, rows: Mapping[str, Iterable[Row]]) -> list[Correction]:
        """Put rows in force, by source; they win over earlier ones of the same records."""
        latest = {one.source: one for one in self._catalog.corrections.latest(self._workflow)}
        made = []
        for source, new in sorted(rows.items()):
            last = latest.get(source)
            earlier = [] if last is None else self._rows(last)
            merged = {row["record_id"]: row for row in [*earlier, *new]}
            made.append(self._publish(source, list(merged.values()), last))
        return made

    def withdraw(self, ids: Collection[str] | None) -> int:
        """Take corrections out of force; return how many records they were of.

        Args:
            ids: of records; None: all.
        """
        count = 0
        for one, rows in self.in_force():
            kept = [row for row in rows if ids is not None and row["record_id"] not in ids]
            if len(kept) < len(rows):
                count += len(rows) - len(kept)
                self._publish(one.source, kept, one)
        return count

    def _rows(self, one: Correction) -> list[Row]:
        path = self._store.get(one.ref).path(FILE_NAME)
        rows: list[Row] = pq.read_table(path, schema=CORRECTIONS).to_pylist()
        return rows

    def _publish(self, source: str, rows: Sequence[Row], last: Correction | None) -> Correction:
        actor = _actor()
        with tempfile.TemporaryDirectory(prefix="millrace-corrections-") as folder:
            path = Path(folder, FILE_NAME)
            ordered = sorted(rows, key=lambda row: str(row["record_id"]))
            write_table(path, CORRECTIONS, [pa.Table.from_pylist(ordered, schema=CORRECTIONS)])
            parts = {"by": "a person", "source": source, "content": digest_file(path)}
            manifest = Manifest(
                kind="corrections",
                key=key_of(parts),
                files={FILE_NAME: self._store.put(path)},
                facts={"source": source},
                rows=len(rows),
                key_parts=parts,
                provenance={
                    "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "version": __version__,
                    "actor": actor,
                },
            )
            ref = self._store.publish(manifest).ref
        after = None if last is None else last.id
        record = self._catalog.corrections.record
        return record(self._workflow, source, ref, len(rows), actor, after)


def _taken(path: Path, wanted: pa.Array) -> Iterable[Row]:
    """Yield the wanted records of a table; contents are only read where one is found."""
    fields = ["record_id", "source", "origin", "label", "content", "encoding"]
    with pq.ParquetFile(path, memory_map=True) as file:
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=["record_id"])["record_id"]
            rows = pc.is_in(ids, wanted)
            if pc.any(rows).as_py():
                yield from file.read_row_group(group, columns=fields).filter(rows).to_pylist()


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        return "unknown"
