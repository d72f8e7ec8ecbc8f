"""`SklearnReader`: data sets that ship inside scikit-learn, read without importing scikit-learn."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_bytes
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.sklearn_files import shipped
from millrace.data.sources.sklearn_tables import TABLES, ShippedTable
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SIDE = 8
_WHITE = 16
_DIGITS = "digits.csv.gz"


class SklearnReader:
    """Pictures of digits, or records of a table; see `millrace.workflow.sources.SklearnSource`."""

    places: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: Mapping[str, Any]) -> None:
        dataset = document.get("dataset", "digits")
        self._reader = (
            ShippedTable(document, TABLES[dataset]) if dataset in TABLES else _Digits(document)
        )

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the data set's small files."""
        return self._reader.partitions()

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        return self._reader.read(partition)


class _Digits:
    """The UCI digits: 1,797 grey pictures of 8 x 8 pixels, 0 (paper) to 16 (ink), ten classes.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998; the test
    part, as scikit-learn ships it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]

    def partitions(self) -> list[Partition]:
        """List the partitions; decompresses 57 kB to count the lines."""
        data = shipped(_DIGITS)
        rows = _decompress(data).count(b"\n")
        return cut(self._name, rows, self._rows, digest_bytes(data))

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        import numpy as np

        from millrace.data.sources.raw import pixel_table, spans

        data = shipped(_DIGITS)
        partition.check_unchanged(digest_bytes(data))
        lines = _decompress(data).splitlines()
        for start, stop in spans(partition.start, partition.stop, _SIDE * _SIDE):
            table = np.loadtxt(lines[start:stop], np.uint8, delimiter=",", ndmin=2)
            images = table[:, :-1].reshape(-1, _SIDE, _SIDE, 1)
            labels = [str(label) for label in table[:, -1]]
            yield pixel_table(partition, start, images, labels, _DIGITS, maximum=_WHITE)


def _decompress(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise DataError(
            "scikit-learn's digits are damaged",
            where=_DIGITS,
            received=error,
            remedy="Install scikit-learn again.",
        ) from error
