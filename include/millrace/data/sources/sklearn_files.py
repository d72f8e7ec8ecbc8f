"""`shipped`: a data file that ships inside scikit-learn, found without importing scikit-learn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from millrace.errors import DataError


def shipped(name: str) -> bytes:
    """Return what a file of scikit-learn's data sets holds.

    Raises:
        DataError: scikit-learn is not installed, or ships no such file.
    """
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            "scikit-learn is not installed",
            where="source kind sklearn",
            remedy="Install the project's requirements: `make install`.",
        )
    path = Path(spec.submodule_search_locations[0], "datasets", "data", name)
    if not path.is_file():
        raise DataError("scikit-learn ships no such data set", where=name)
    return path.read_bytes()
