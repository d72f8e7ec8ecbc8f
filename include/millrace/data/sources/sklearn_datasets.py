"""`SklearnReader`: data sets that ship inside scikit-learn, read without importing scikit-learn."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_bytes
from millrace.data.sources.partition import Partition, cut
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SIDE = 8
_WHITE = 16


class SklearnReader:
    """The UCI digits: 1,797 grey pictures of 8 x 8 pixels, 0 (paper) to 16 (ink), ten classes.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998; the test
    part, as scikit-learn ships it.
    """

    places: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]

    def partitions(self) -> list[Partition]:
        """List the partitions; decompresses 57 kB to count the lines."""
        data = _digits().read_bytes()
        rows = _decompress(data).count(b"\n")
        return cut(self._name, rows, self._rows, digest_bytes(data))

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        import numpy as np

        from millrace.data.sources.raw import pixel_table, spans

        data = _digits().read_bytes()
        partition.check_unchanged(digest_bytes(data))
        lines = _decompress(data).splitlines()
        for start, stop in spans(partition.start, partition.stop, _SIDE * _SIDE):
            table = np.loadtxt(lines[start:stop], np.uint8, delimiter=",", ndmin=2)
            images = table[:, :-1].reshape(-1, _SIDE, _SIDE, 1)
            labels = [str(label) for label in table[:, -1]]
            name = _digits().name
            yield pixel_table(partition, start, images, labels, name, maximum=_WHITE)


def _digits() -> Path:
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            "scikit-learn is not installed",
            where="source kind sklearn",
            remedy="Install the project's requirements: `make install`.",
        )
    path = Path(spec.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    if not path.is_file():
        raise DataError("scikit-learn ships no digits", where=path.name)
    return path


def _decompress(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise DataError(
            "scikit-learn's digits are damaged",
            where="digits.csv.gz",
            received=error,
            remedy="Install scikit-learn again.",
        ) from error
