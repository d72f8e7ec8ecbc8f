"""`take_samples`: the first records of a table as each delimiter would split them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from millrace.data.sources.delimited_fields import records, split

_DELIMITERS = ",;\t|"
_USUALLY_QUOTED = ",;"
_SURE = 10  # quoted fields for each quote that is a letter
_SLACK = 0.05  # of the records that quotes may spoil
_FIRST = 60  # characters of the first record that an error shows


@dataclass(frozen=True)
class Sample:
    """The first records, split.

    Attributes:
        delimiter, quoted: how. first: the first record's beginning.
        rows: fields; none of a record that cannot be split.
        columns: fields of most records. share: of the records that have as many.
        proper: fields that quotes are around.
    """

    delimiter: str
    quoted: bool
    first: str
    rows: Sequence[Sequence[str]]
    columns: int
    share: float
    proper: int

    @property
    def first_fits(self) -> bool:
        """Whether the first record, which may be a header, has as many columns as most."""
        return len(self.rows[0]) == self.columns

    @property
    def improper(self) -> int:
        """Number of records that cannot be split, for their quotes."""
        return sum(not row for row in self.rows)

    def has(self, wanted: Sequence[str | int]) -> bool:
        """Whether there are columns of those names and positions."""
        names = [name.strip() for name in self.rows[0]]
        return all(
            names.count(column) == 1
            if isinstance(column, str)
            else -self.columns <= column < self.columns
            for column in wanted
        )

    def variety(self, label: str | int | None) -> float:
        """Return the number of labels for each row; 0 where there is no such column."""
        if label is None or not self.has([label]):
            return 0.0
        names = [name.strip() for name in self.rows[0]]
        at = names.index(label) if isinstance(label, str) else label
        labels = [row[at] for row in self.rows if len(row) == self.columns]
        return len(set(labels)) / len(labels)


def take_samples(
    lines: Sequence[bytes],
    decode: Callable[[bytes], str | None],
    delimiter: str,
    quoting: Literal["auto"] | bool,
) -> list[Sample]:
    """Return a sample for each delimiter that comes into question.

    Args:
        lines: the first of the file. decode: returns a line as text, or None.
        delimiter, quoting: as the spec has them.
    """
    candidates = _DELIMITERS if delimiter == "auto" else delimiter
    return [_quoting(lines, decode, candidate, quoting) for candidate in candidates]


def _quoting(lines: Sequence[bytes], decode: Any, delimiter: str, quoting: Any) -> Sample:
    if quoting != "auto":
        return _sample(lines, decode, delimiter, quoting)
    plain = _sample(lines, decode, delimiter, quoted=False)
    if not any(b'"' in line for line in lines):
        quoted = delimiter in _USUALLY_QUOTED
        return Sample(**{**vars(plain), "quoted": quoted})
    found = _sample(lines, decode, delimiter, quoted=True)
    sure = found.proper >= max(1, _SURE * found.improper)
    usual = delimiter in _USUALLY_QUOTED and not (found.proper or found.improper)
    return found if (sure or usual) and found.share >= plain.share - _SLACK else plain


def _sample(lines: Sequence[bytes], decode: Any, delimiter: str, quoted: bool) -> Sample:
    numbered = iter([(0, line) for line in lines])
    found = [decode(record) for _, record in records(numbered, delimiter, quoted=quoted)]
    texts = [text for text in found if text and text.strip()] or [""]
    rows = [_fields(text, delimiter, quoted) for text in texts]
    widths = Counter(len(row) for row in rows if row)
    columns, count = widths.most_common(1)[0] if widths else (0, 0)
    proper = sum(_proper(text, delimiter) for text, row in zip(texts, rows, strict=True) if row)
    return Sample(
        delimiter, quoted, texts[0][:_FIRST], rows, columns, count / len(rows), proper * quoted
    )


def _fields(text: str, delimiter: str, quoted: bool) -> list[str]:
    try:
        return split(text, delimiter, quoted=quoted)
    except ValueError:
        return []


def _proper(text: str, delimiter: str) -> int:
    """Return how many fields begin with a quote."""
    return text.startswith('"') + text.count(f'{delimiter}"')
