"""`ShippedTable`: the tables that ship inside scikit-learn, as records with typed values."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from millrace.artifacts.digests import digest_value
from millrace.data.sources.bounded import bounded
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.sklearn_files import shipped
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.contents import Content


@dataclass(frozen=True)
class Shipped:
    """A table.

    Attributes:
        file: of the values, a row a line. target: of the values to predict, where they are apart;
            else they are the last column.
        columns: names of the values. classes: names by number; empty where there are none.
        skipped: lines before the first row.
    """

    file: str
    columns: tuple[str, ...]
    classes: tuple[str, ...] = ()
    target: str | None = None
    skipped: int = 0


_CELL = (
    *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"),
    *("concave points", "symmetry", "fractal dimension"),
)

TABLES: Mapping[str, Shipped] = {
    "breast_cancer": Shipped(
        "breast_cancer.csv",
        tuple(
            [f"mean {name}" for name in _CELL]
            + [f"{name} error" for name in _CELL]
            + [f"worst {name}" for name in _CELL]
        ),
        ("malignant", "benign"),
        skipped=1,
    ),
    "wine": Shipped(
        "wine_data.csv",
        (
            *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols"),
            *("flavanoids", "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue"),
            *("od280/od315_of_diluted_wines", "proline"),
        ),
        ("class_0", "class_1", "class_2"),
        skipped=1,
    ),
    "diabetes": Shipped(
        "diabetes_data_raw.csv.gz",
        ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        target="diabetes_target.csv.gz",
    ),
}
"""The data sets, by the names that a spec gives them.

Sources: W. Street, W. Wolberg, O. Mangasarian, "Breast Cancer Wisconsin (Diagnostic)", UCI, 1993;
S. Aeberhard, M. Forina, "Wine", UCI, 1991; B. Efron, T. Hastie, I. Johnstone, R. Tibshirani,
"Least Angle Regression", 2004.
"""


class ShippedTable:
    """Reads one table.

    Args:
        document: values of `SklearnSource`. table: which.
    """

    def __init__(self, document: Mapping[str, Any], table: Shipped) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._table = table

    def partitions(self) -> list[Partition]:
        """List the partitions."""
        lines = self._lines()
        return cut(self._name, len(lines), self._rows, digest_value(lines))

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.contents import content_table

        lines = self._lines()
        partition.check_unchanged(digest_value(lines))
        start = partition.start
        kept = map(self._content, lines[start : partition.stop])
        for batch in bounded(kept, lambda content: content.size):
            first = start + self._table.skipped + 1
            yield content_table(partition, start, batch, self._table.file, first)
            start += len(batch)

    def _lines(self) -> list[str]:
        """Return the rows as texts, the value to predict last."""
        rows = _rows(self._table.file)[self._table.skipped :]
        if self._table.target is None:
            return rows
        targets = _rows(self._table.target)
        return [f"{row} {target}" for row, target in zip(rows, targets, strict=True)]

    def _content(self, line: str) -> Content:
        from millrace.data.encoding import ROW
        from millrace.data.sources.contents import Content, label_of
        from millrace.data.sources.row_json import row_json

        *values, target = (_number(field) for field in line.replace(",", " ").split())
        label = self._table.classes[int(target)] if self._table.classes else label_of(target)
        return Content(row_json(zip(self._table.columns, values, strict=True)), ROW, label)


def _rows(name: str) -> list[str]:
    data = shipped(name)
    try:
        text = gzip.decompress(data) if name.endswith(".gz") else data
        return text.decode("ascii").splitlines()
    except (OSError, EOFError, UnicodeError) as error:
        raise DataError(
            "a data set of scikit-learn is damaged",
            where=name,
            received=error,
            remedy="Install scikit-learn again.",
        ) from error


def _number(field: str) -> int | float:
    value = float(field)
    return int(field) if field.isdigit() else value
