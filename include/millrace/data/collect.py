"""The collect stage: bring one partition into the store, its bytes as they were. Judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.artifacts.tables import write_table
from millrace.data.forgotten import LeftOut
from millrace.data.schemas import RAW
from millrace.data.sources.partition import Partition
from millrace.data.sources.reader import SourceReader, open_reader
from millrace.errors import DataError, SpecError
from millrace.privacy.certificate import FILE, Certificate
from millrace.workflow.stage import Counts, StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Read one partition of a source.

    Parameters (keyed): ``kind``; ``read``, see `millrace.data.sources.reader.keyed`;
    ``partition``, without what moves as a source grows. Locations:
    ``source``, the source's whole document; ``at``, the partition's ``index`` and ``offset``.
    ``forgotten``, pseudonyms of whose records are left out, where there are any.
    Writes ``records.parquet`` (RAW), and ``certificate.json`` where the reader de-identifies; the
    fact ``certified`` then tells whether it passed.

    Raises:
        DataError: the source changed since it was discovered, fails its checksum, is truncated, or
            holds another number of records than its header says.
        SpecError: a custom reader does not yield RAW tables.
    """
    partition = Partition.from_document({**context.params["partition"], **context.locations["at"]})
    source, forgotten = context.locations["source"], context.params.get("forgotten") or ()
    if forgotten and source.get("privacy"):  # a reader that keeps originals must know, too
        source = {**source, "forgotten": forgotten}
    reader = open_reader(source)
    left_out = LeftOut(forgotten)
    tables = map(left_out.of, _tables(reader, partition))
    rows = write_table(context.output / "records.parquet", RAW, tables)
    if rows + left_out.rows != partition.rows:
        raise DataError(
            "a partition holds another number of records than was discovered",
            where=f"source {partition.source}, partition {partition.index}",
            expected=partition.rows,
            received=rows + left_out.rows,
        )
    certificate = getattr(reader, "certificate", None)
    facts: dict[str, Any] = {"forgotten": left_out.rows} if left_out.rows else {}
    if certificate is not None:
        facts["certified"] = _certify(certificate, context.output)
    return StageResult(kind="records", rows=rows, counts=Counts(rows, rows), facts=facts)


def _certify(certificate: Certificate, output: Path) -> bool:
    """Write what was done to the records; return whether all that are stored passed the checks."""
    (output / FILE).write_text(json.dumps(certificate.to_document(), indent=1, sort_keys=True))
    return certificate.passed


def _tables(reader: SourceReader, partition: Partition) -> Iterator[pa.Table]:
    for table in reader.read(partition):
        try:
            cast = table.select(RAW.names).cast(RAW)
            cast.validate()
            _check(cast, partition)
        except (AttributeError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise SpecError(
                "a source's reader yields something other than RAW tables",
                where=f"source {partition.source}",
                expected=", ".join(f"{field.name}: {field.type}" for field in RAW),
                received=error,
                remedy="See SourceReader in millrace.data.sources.reader.",
            ) from error
        yield cast


def _check(table: pa.Table, partition: Partition) -> None:
    if any(value != partition.source for value in table["source"].unique().to_pylist()):
        raise ValueError(f"source is not {partition.source!r} in every row")
