"""`take_samples`: the first records of a table as each delimiter would split them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from millrace.data.sources.delimited_fields import records, split

_DELIMITERS = ",;\t|"
_USUALLY_QUOTED = ",;"
_SURE = 10  # quoted fields for each record that quotes spoil
_SLACK = 0.05  # of the records that quotes may spoil

Decode = Callable[[bytes], str | None]


@dataclass(frozen=True)
class Sample:
    """The first records of a table, split.

    Attributes:
        delimiter, quoted: how they are split. texts: the records, one at least.
    """

    delimiter: str
    quoted: bool
    texts: Sequence[str]

    @cached_property
    def rows(self) -> list[list[str]]:
        """The records' fields; none of a record that cannot be split."""
        return [self._fields(text) for text in self.texts]

    @cached_property
    def widths(self) -> list[int]:
        """Number of fields of each record; 0 of one that cannot be split."""
        if self.quoted:
            return [len(row) for row in self.rows]
        return [text.count(self.delimiter) + 1 for text in self.texts]

    @cached_property
    def columns(self) -> int:
        """Number of fields of most records."""
        widths = Counter(width for width in self.widths if width)
        return widths.most_common(1)[0][0] if widths else 0

    @property
    def share(self) -> float:
        """The share of the records that have as many fields as most."""
        return self.widths.count(self.columns) / len(self.texts)

    @property
    def first_fits(self) -> bool:
        """Whether the first record, which may be a header, has as many columns as most."""
        return self.widths[0] == self.columns

    @property
    def proper(self) -> int:
        """Number of fields with quotes around them."""
        opening = f'{self.delimiter}"'
        found = zip(self.texts, self.widths, strict=True)
        return sum(text.startswith('"') + text.count(opening) for text, width in found if width)

    def has(self, wanted: Sequence[str | int]) -> bool:
        """Whether there are columns of those names and positions."""
        names = [name.strip() for name in self._fields(self.texts[0])]
        return all(
            names.count(column) == 1
            if isinstance(column, str)
            else -self.columns <= column < self.columns
            for column in wanted
        )

    def variety(self, label: str | int | None) -> float:
        """Return the number of labels for each record; 0 where there is no such column."""
        if label is None or not self.has([label]):
            return 0.0
        names = [name.strip() for name in self.rows[0]]
        at = names.index(label) if isinstance(label, str) else label
        labels = [row[at] for row in self.rows if len(row) == self.columns]
        return len(set(labels)) / len(labels)

    def _fields(self, text: str) -> list[str]:
        try:
            return split(text, self.delimiter, quoted=self.quoted)
        except ValueError:
            return []


def take_samples(
    lines: Sequence[bytes], decode: Decode, delimiter: str, quoting: Literal["auto"] | bool
) -> list[Sample]:
    """Return a sample for each delimiter that comes into question.

    Args:
        lines: the first of the file. decode: returns a line as text, or None.
        delimiter, quoting: as the spec has them.
    """
    texts = _texts(lines, decode)
    candidates = _DELIMITERS if delimiter == "auto" else delimiter
    if quoting is False or not any('"' in text for text in texts):
        usual = "" if quoting is False else _USUALLY_QUOTED if quoting == "auto" else candidates
        return [Sample(one, one in usual, texts) for one in candidates]
    found = []
    for candidate in candidates:
        numbered = iter([(0, line) for line in lines])
        joined = [record for _, record in records(numbered, candidate, quoted=True)]
        quoted = Sample(candidate, True, _texts(joined, decode))
        plain = Sample(candidate, False, texts)
        found.append(_likelier(plain, quoted) if quoting == "auto" else quoted)
    return found


def _likelier(plain: Sample, quoted: Sample) -> Sample:
    """Return the sample whose reading of quotes is the likelier one."""
    proper, improper = quoted.proper, quoted.widths.count(0)
    sure = proper >= max(1, _SURE * improper)
    usual = plain.delimiter in _USUALLY_QUOTED and not (proper or improper)
    return quoted if (sure or usual) and quoted.share >= plain.share - _SLACK else plain


def _texts(lines: Sequence[bytes], decode: Decode) -> list[str]:
    """Return lines as texts, without those that are empty or none; an empty one if all are."""
    found = [text for line in lines if (text := decode(line)) and text.strip()]
    return found or [""]
