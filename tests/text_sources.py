"""Sources of texts, messages and rows for tests: their documents, and all that they hold."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from millrace.data.sources.reader import open_reader
from millrace.workflow.sources import AnySource

SOURCE: TypeAdapter[Any] = TypeAdapter(AnySource)


def document(kind: str, uri: Path | str | None = None, **values: Any) -> dict[str, Any]:
    """Return a source as JSON values, as a spec would say it."""
    place = {} if uri is None else {"uri": str(uri)}
    source = SOURCE.validate_python({"name": "made", "kind": kind} | place | values)
    found: dict[str, Any] = source.model_dump(mode="json")
    return found


def read(source: dict[str, Any]) -> pa.Table:
    """Return all records of a source, each partition read by a reader of its own."""
    parts = open_reader(source).partitions()
    return pa.concat_tables(table for p in parts for table in open_reader(source).read(p))


def rows(source: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return label, content and encoding of all records."""
    columns = (read(source)[name].to_pylist() for name in ("label", "content", "encoding"))
    return list(zip(*columns, strict=True))


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder; return it."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def tar(path: Path, members: Mapping[str, bytes], mode: str = "w:gz") -> Path:
    """Write an archive of members by name."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a .zip of members by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
