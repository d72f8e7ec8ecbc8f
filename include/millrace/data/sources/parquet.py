"""`ParquetReader`: pictures, texts or records of tables in Parquet files, a row each.

A partition's fingerprint is the digest of its own rows, so a folder that got another file, or a
file that got more rows, yields new partitions only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import local_path, open_source
from millrace.data.sources.listing_local import LocalTree
from millrace.data.sources.partition import Partition
from millrace.data.sources.remembered import remembered
from millrace.errors import DataError, SpecError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from millrace.data.sources.parquet_file import ParquetPart

_ANY = "*.parquet"
_WILD = "*?["


class ParquetReader:
    """Reads one file, or the files of a local folder in the order of their names."""

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the files to digest their rows."""
        found: list[Partition] = []
        for part in self._parts:
            digests = remembered(part.path, [self._asked, self._rows], partial(self._digests, part))
            for number, digest in enumerate(digests):
                start = number * self._rows
                stop = min(start + self._rows, part.rows)
                fingerprint = self._fingerprint(digest)
                found.append(
                    Partition(self._name, len(found), start, stop, fingerprint, part.member)
                )
        return found

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.record_digest import add_records

        part = next((part for part in self._parts if part.member == partition.member), None)
        digest = sha256()
        end = 0 if part is None else min(partition.start + self._rows, part.rows)
        if part is not None and partition.start < end:
            for start, batch in part.batches(partition.start, end):
                table = self._table(part, start, batch)
                add_records(digest, table)
                kept = table.slice(0, max(0, partition.stop - start))
                if kept.num_rows:
                    yield kept
        partition.check_unchanged(self._fingerprint(digest.hexdigest()))

    def _digests(self, part: ParquetPart) -> list[str]:
        """Return the digest of each partition's records."""
        from millrace.data.sources.record_digest import add_records

        found: list[Any] = []
        for start, batch in part.batches(0, part.rows):
            done = 0
            while done < batch.num_rows:
                first = start + done
                if first % self._rows == 0:
                    found.append(sha256())
                piece = batch.slice(done, self._rows - first % self._rows)
                add_records(found[-1], self._table(part, first, piece))
                done += piece.num_rows
        return [digest.hexdigest() for digest in found]

    @property
    def _asked(self) -> list[Any]:
        fields = ("image", "text", "rows", "label", "group", "size", "channels", "maximum")
        return ["parquet", *(self._document[field] for field in fields)]

    @cached_property
    def _parts(self) -> list[ParquetPart]:
        from millrace.data.sources.parquet_file import ParquetPart

        return [
            ParquetPart(path, f"source {self._name}: {member or path.name}", member, self._document)
            for member, path in self._files()
        ]

    def _files(self) -> list[tuple[str | None, Path]]:
        uri: str = self._document["uri"]
        remote = "://" in uri and not uri.startswith("file:")
        folder, pattern = _split(uri) if not remote else (uri, None)
        if remote or (pattern is None and not local_path(uri).is_dir()):
            file = open_source(uri, self._document["sha256"])
            file.verify()
            return [(None, file.path)]
        if self._document["sha256"] is not None:
            raise SpecError(
                "a digest is of one file",
                where=f"source {self._name}, sha256",
                expected="null, where uri is a folder or a pattern",
            )
        tree = LocalTree(local_path(folder), pattern or _ANY)
        files: list[tuple[str | None, Path]] = [(e.name, Path(e.place)) for e in tree.entries()]
        if not files:
            raise DataError(
                "no file matches",
                where=f"source {self._name}",
                expected=f"files like {pattern or _ANY}",
                received=folder,
                remedy="Check the source's URI.",
            )
        return files

    def _fingerprint(self, digest: str) -> str:
        return digest_value([*self._asked, digest])

    def _table(self, part: ParquetPart, start: int, batch: pa.RecordBatch) -> pa.Table:
        from millrace.data.sources.parquet_texts import text_contents
        from millrace.data.sources.pixel_values import with_unreadable
        from millrace.data.sources.raw import record_table

        columns = part.columns
        labels = None if columns.label is None else columns.labels(batch[columns.label])
        groups = None if columns.group is None else columns.labels(batch[columns.group])
        reasons: Mapping[int, str] = {}
        kept: Mapping[int, bytes | None] = {}
        if columns.image is None:
            content, encoding = text_contents(columns, batch)
        else:
            content, encoding, reasons, kept = _pictures(columns, batch[columns.image])
        file, locator = _place(part)
        table = record_table(
            self._name, start, content, encoding, labels, file, locator=locator, groups=groups
        )
        return with_unreadable(table, reasons, kept)


def _pictures(
    columns: Any, image: pa.Array
) -> tuple[pa.Array, pa.Array, Mapping[int, str], Mapping[int, bytes | None]]:
    """Return contents and encodings; reasons and contents of those that are not usable."""
    import pyarrow as pa

    from millrace.data.encoding import FILE, PixelEncoding
    from millrace.data.sources.parquet_values import contents
    from millrace.data.sources.raw import binary_column

    if columns.layout is None:
        content, reasons = contents(image)
        return content, pa.repeat(FILE, len(content)), reasons, dict.fromkeys(reasons)
    images, reasons, kept = _pixels(columns.layout, image)
    content = binary_column(images.reshape(len(images), -1))
    return content, pa.repeat(str(PixelEncoding.of(images)), len(content)), reasons, kept


def _pixels(layout: Any, image: pa.Array) -> tuple[npt.NDArray[Any], dict[int, str], Any]:
    """Return rows of lists as pictures; a row of another length is not usable."""
    import numpy as np

    from millrace.data.sources.parquet_values import numbers

    values, counts = numbers(image)
    right = counts == layout.numbers
    matrix = np.zeros((len(counts), layout.numbers), values.dtype)
    matrix[right] = values[np.repeat(right, counts)].reshape(-1, layout.numbers)
    images, reasons, contents = layout.images(matrix)
    for row in np.flatnonzero(~right).tolist():
        reasons[row] = f"{counts[row]} numbers instead of {layout.numbers}"
        contents[row] = None
    return images, reasons, contents


def _place(part: ParquetPart) -> tuple[str, str]:
    """Return the file name that origins show, and what stands before positions in ids."""
    if part.member is None:
        return part.path.name, ""
    return part.member.rpartition("/")[2], f"{part.member}/"


def _split(uri: str) -> tuple[str, str | None]:
    """Return the folder before a pattern's first wildcard, and the pattern; else None."""
    if not any(letter in uri for letter in _WILD):
        return uri, None
    parts = uri.split("/")
    first = next(n for n, part in enumerate(parts) if any(letter in part for letter in _WILD))
    return "/".join(parts[:first]) or ("/" if uri.startswith("/") else "."), "/".join(parts[first:])
