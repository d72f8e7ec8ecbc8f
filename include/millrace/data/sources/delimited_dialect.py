"""`TableDialect`: how the records of a delimited table are read, told by the spec and its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from millrace.data.sources.charset import Charset
from millrace.data.sources.delimited_header import find_header
from millrace.data.sources.delimited_sample import Sample, take_samples
from millrace.errors import DataError, SpecError

_REGULAR = 0.8  # of the first records that must have as many columns as most
_MOST_NULS = 0.2  # of the bytes of a text
_FIRST = 60  # characters of the first record in an error
_SHOWN = 12  # names of columns in an error

_FIELDS = ("text", "label", "group")


@dataclass(frozen=True)
class TableDialect:
    """How records are read.

    Attributes:
        delimiter: one character. quoted: whether quotes around fields are none of them.
        columns: number of fields of a record. skipped: records before the first of data.
        names: of the columns; those without one are named by position, ``column_0``.
        text, label, group: positions, or null.
    """

    delimiter: str
    quoted: bool
    columns: int
    skipped: int
    names: tuple[str, ...]
    text: int | None
    label: int | None
    group: int | None

    def to_document(self) -> dict[str, Any]:
        """Return what decides how a record is read, as JSON values."""
        document = asdict(self)
        if self.text is not None:
            del document["names"]
        return document


def find_table(lines: Sequence[bytes], document: Mapping[str, Any], where: str) -> TableDialect:
    """Return the dialect of a table.

    Args:
        lines: its first lines. document: values of `DelimitedSource`. where: what errors call it.

    Raises:
        DataError: it is no text, or its columns are not what the spec says.
        SpecError: the spec names columns of a table without names.
    """
    _check_text(lines, where)
    _check_names(document, where)
    decode = Charset.of_lines(document["encoding"]).decode
    samples = take_samples(lines, decode, document["delimiter"], document["quoting"])
    sample = _choose(samples, document, where)
    header = find_header(sample.rows, document)
    names = _names(sample.rows[0] if header else (), sample.columns)
    text, label, group = (_place(document, field, sample, names, where) for field in _FIELDS)
    if len({text, label, group} - {None}) < sum(
        place is not None for place in (text, label, group)
    ):
        asked = [document[field] for field in _FIELDS]
        raise _wrong("one column is to be two things", where, asked, names, "text")
    if text is None:
        _check_unique([n for at, n in enumerate(names) if at not in (label, group)], where)
    return TableDialect(
        sample.delimiter, sample.quoted, sample.columns, int(header), names, text, label, group
    )


def _choose(samples: Sequence[Sample], document: Mapping[str, Any], where: str) -> Sample:
    """Return the sample whose delimiter makes the columns that are asked for."""
    wanted = [document[field] for field in _FIELDS if document[field] is not None]
    regular = [s for s in samples if s.columns > 1 and s.share >= _REGULAR and s.first_fits]
    fitting = [s for s in regular if s.has(wanted)]
    if regular:
        return max(fitting or regular, key=lambda sample: _rank(sample, document["label"]))
    single = next((s for s in samples if s.columns == 1), None)
    if single is not None and single.has(wanted) and len(wanted) <= 1:
        return single
    seen = ", ".join(f"{s.delimiter!r} makes {s.columns} in {s.share:.0%}" for s in samples)
    raise DataError(
        "the columns of a table cannot be told",
        where=where,
        expected="records of one number of columns, the first one too",
        received=f"{seen} of the first records; {samples[0].texts[0][:_FIRST]!r}",
        remedy='Set `delimiter` (a tab is "\\t"), `quoting` or `encoding`; check the file\'s kind.',
    )


def _rank(sample: Sample, label: str | int | None) -> tuple[float, ...]:
    """Return how well a delimiter splits: regular rows, few labels, a sign that texts lack."""
    few = -round(sample.variety(label), 1)
    return (
        round(sample.share, 1),
        few,
        round(sample.share, 2),
        sample.delimiter == "\t",
        sample.columns,
    )


def _place(
    document: Mapping[str, Any], field: str, sample: Sample, names: Sequence[str], where: str
) -> int | None:
    """Return the position of the column that a field of the spec names."""
    column = document[field]
    if column is None:
        return None
    if isinstance(column, str) and names.count(column) == 1:
        return names.index(column)
    if isinstance(column, int) and -sample.columns <= column < sample.columns:
        return column % sample.columns
    twice = isinstance(column, str) and column in names
    problem = "a column name is not unique" if twice else "a column is missing"
    raise _wrong(problem, f"{where}, {field}", column, names, field)


def _wrong(
    problem: str, where: str, received: object, names: Sequence[str], field: str
) -> DataError:
    shown = ", ".join(name[:40] for name in names[:_SHOWN])
    more = ", …" if len(names) > _SHOWN else ""
    return DataError(
        problem,
        where=where,
        expected=f"one of {len(names)} columns: {shown}{more}",
        received=received,
        remedy=f"Correct `{field}` in the source (a number is a position, from 0), or get a file "
        "with that column; if the columns are split wrongly, set `delimiter`.",
    )


def _names(header: Sequence[str], columns: int) -> tuple[str, ...]:
    found = [name.strip() for name in header] or [""] * columns
    return tuple(name or f"column_{position}" for position, name in enumerate(found))


def _check_unique(names: Sequence[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            "two columns of a table have one name",
            where=where,
            expected="a name of its own for each column",
            received=", ".join(name[:40] for name in twice[:_SHOWN]),
            remedy="Rename one of them in the header.",
        )


def _check_names(document: Mapping[str, Any], where: str) -> None:
    named = [document[field] for field in _FIELDS if isinstance(document[field], str)]
    if document["header"] is False and named:
        raise SpecError(
            "a table without a header has no column names",
            where=where,
            expected="positions of columns; 0 is the first, -1 the last",
            received=named[0],
        )


def _check_text(lines: Sequence[bytes], where: str) -> None:
    size = sum(map(len, lines))
    if sum(line.count(0) for line in lines) > _MOST_NULS * size:
        raise DataError(
            "not a text table",
            where=where,
            expected="text in UTF-8, UTF-16 with a byte order mark, or the spec's `encoding`",
            received=lines[0][:40],
            remedy="Check the source's kind and URI; for UTF-16 without a mark, write "
            "`encoding: utf-16-le`.",
        )
