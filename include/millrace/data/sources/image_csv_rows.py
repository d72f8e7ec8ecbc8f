"""`RowParser`: rows of text to pixels and labels, many at once, and every bad row with its reason.

Blocks of rows go through Arrow's parser. Of a block that it refuses, the rows that look odd are
read one by one: they say what is wrong with them. The others are tried again, in halves where none
looked odd. What a row means is what the reading of single rows says; Arrow accepts less, and
nothing with another meaning.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from millrace.artifacts.tables import Images
from millrace.data.sources.bounded import MOST_ROWS, bounded
from millrace.data.sources.image_csv_dialect import Dialect, fields, number
from millrace.data.sources.pixel_values import as_bytes
from millrace.errors import shorten

_FEW = 16  # rows that are read one by one
_PLAIN = b"0123456789.eE+- "
_MOST_BYTES = 8 << 20  # of text
_MOST_NUMBERS = 4 << 20  # pixels of a block: eight bytes each while they are numbers


@dataclass
class Parsed:
    """Rows as pixels.

    Attributes:
        pixels: ``(rows, numbers)`` uint8, in the order of the columns; 0 in bad rows.
        labels: one a row; None where it is empty or could not be read.
        reasons: of bad rows, by row number.
    """

    pixels: npt.NDArray[np.uint8]
    labels: list[str | None]
    reasons: dict[int, str] = field(default_factory=dict)


def blocks(rows: Iterable[bytes], numbers: int) -> Iterator[list[bytes]]:
    """Gather rows of `numbers` pixels into lists that are parsed at once, in bounded memory."""
    most = max(1, min(MOST_ROWS, _MOST_NUMBERS // numbers))
    return bounded(rows, len, rows=most, most=_MOST_BYTES)


class RowParser:
    """Parses rows of one dialect.

    Args:
        dialect: of the table. maximum: the number that stands for white.
        planar: whether the three channels follow each other as planes.
    """

    def __init__(self, dialect: Dialect, maximum: float, *, planar: bool) -> None:
        self._dialect = dialect
        self._maximum = maximum
        self._planar = planar
        self._types = [pa.float64()]
        if maximum == 255:
            self._types.insert(1 if dialect.fractions else 0, pa.uint8())

    def __call__(self, rows: Sequence[bytes]) -> Parsed:
        """Parse a block of rows."""
        shape = (len(rows), len(self._dialect.pixels))
        parsed = Parsed(np.zeros(shape, np.uint8), [None] * len(rows))
        self._parse(rows, np.arange(len(rows)), parsed)
        return parsed

    def images(self, parsed: Parsed) -> Images:
        """Return the pixels as ``(rows, height, width, channels)``."""
        kept = self._dialect
        if not self._planar:
            return parsed.pixels.reshape(-1, kept.height, kept.width, kept.channels)
        planes = parsed.pixels.reshape(-1, kept.channels, kept.height, kept.width)
        return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))

    def _parse(self, rows: Sequence[bytes], places: npt.NDArray[np.int64], parsed: Parsed) -> None:
        """Parse `rows`, whose numbers in the block are `places`."""
        table = self._table(rows) if len(rows) > _FEW else None
        if table is not None:
            self._take(table, rows, places, parsed)
            return
        odd = np.array([len(rows) <= _FEW or self._is_odd(row) for row in rows], bool)
        for nth in np.flatnonzero(odd).tolist():
            self._parse_one(rows[nth], int(places[nth]), parsed)
        left = np.flatnonzero(~odd)
        parts = [left] if odd.any() else np.array_split(left, 2)
        for part in parts:
            if len(part):
                self._parse([rows[n] for n in part.tolist()], places[part], parsed)

    def _is_odd(self, row: bytes) -> bool:
        """Whether a row is other than a label and plain numbers; it may still be a good one."""
        dialect, delimiter = self._dialect, self._dialect.delimiter.encode()
        if row.count(delimiter) != dialect.columns - 1:
            return True
        if dialect.label == 0:
            row = row.partition(delimiter)[2]
        elif dialect.label == dialect.columns - 1:
            row = row.rpartition(delimiter)[0]
        ends = row.startswith(delimiter) or row.endswith(delimiter)
        return ends or delimiter * 2 in row or bool(row.translate(None, _PLAIN + delimiter))

    def _table(self, rows: Sequence[bytes]) -> pa.Table | None:
        """Return the wanted columns of all rows, or None where one row at least is bad."""
        text = b"\n".join(rows)
        if b"\r" in text:  # ends a row for Arrow, and so could make up for one that quotes join
            return None
        return next((t for kind in self._types if (t := self._read(text, len(rows), kind))), None)

    def _read(self, text: bytes, rows: int, kind: pa.DataType) -> pa.Table | None:
        dialect = self._dialect
        names = [str(place) for place in range(dialect.columns)]
        types = {names[place]: kind for place in dialect.pixels}
        if dialect.label is not None:
            types[names[dialect.label]] = pa.string()
        try:
            table = pacsv.read_csv(
                io.BytesIO(text),
                pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
                pacsv.ParseOptions(delimiter=dialect.delimiter),
                pacsv.ConvertOptions(
                    column_types=types, include_columns=list(types), null_values=[]
                ),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            return None
        return table if table.num_rows == rows else None

    def _take(
        self,
        table: pa.Table,
        rows: Sequence[bytes],
        places: npt.NDArray[np.int64],
        parsed: Parsed,
    ) -> None:
        dialect = self._dialect
        columns = [table[str(place)].to_numpy() for place in dialect.pixels]
        values, good = as_bytes(np.stack(columns), self._maximum, axis=0)
        parsed.pixels[places] = (values if good.all() else np.where(good, values, 0)).T
        if dialect.label is not None:
            labels = pc.utf8_trim_whitespace(table[str(dialect.label)]).to_pylist()
            for place, label in zip(places.tolist(), labels, strict=True):
                parsed.labels[place] = label or None
        for nth in np.flatnonzero(~good).tolist():
            self._parse_one(rows[nth], int(places[nth]), parsed)

    def _parse_one(self, row: bytes, place: int, parsed: Parsed) -> None:
        dialect = self._dialect
        try:
            found = self._fields(row)
            if dialect.label is not None:
                label = pc.utf8_trim_whitespace(pa.scalar(found[dialect.label])).as_py()
                parsed.labels[place] = label or None
            parsed.pixels[place] = self._numbers(found)
        except ValueError as error:
            parsed.reasons[place] = str(error)

    def _fields(self, row: bytes) -> list[str]:
        if not row.strip():
            raise ValueError("an empty line")
        try:
            found = fields(row.decode("utf-8"), self._dialect.delimiter)
        except UnicodeDecodeError as error:
            raise ValueError(f"byte {error.start + 1} of the line is not UTF-8") from error
        if len(found) != self._dialect.columns:
            raise ValueError(f"{len(found)} columns instead of {self._dialect.columns}")
        return found

    def _numbers(self, found: Sequence[str]) -> npt.NDArray[np.uint8]:
        dialect = self._dialect
        values = [number(found[place]) for place in dialect.pixels]
        for place, value in zip(dialect.pixels, values, strict=True):
            if value is None or not 0 <= value <= self._maximum:
                said = shorten(found[place], 40) or "empty"
                most = f"{self._maximum:g}"
                raise ValueError(
                    f"{dialect.column(place)} is {said}, not a number from 0 to {most}"
                )
        pixels, _ = as_bytes(np.array([values], np.float64), self._maximum)
        return pixels.reshape(-1)
