"""`SourceReader`: what every kind of source implements, and how one is opened by its document.

Importing this module, and listing partitions, loads neither numpy nor pyarrow, which keeps
discovery quick.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import unquote, urlsplit

from millrace.data.sources.partition import Partition
from millrace.errors import SpecError
from millrace.workflow.registry import implementation, load

if TYPE_CHECKING:
    import pyarrow as pa

_UNKEYED = ("label_map", "split", "partition_rows", "sha256", "workflow")


class SourceReader(Protocol):
    """Reads one source. Built as ``Reader(document)``, or ``Reader(document, **options)``.

    Attributes:
        places: fields of the document (or of its `options`) that hold URIs. Only the file name of
            such a field is part of a key. A reader without the attribute has none.
        hidden: fields of the document that no key holds, because their values may be secrets. A
            reader may leave the attribute out.
        deidentifies: whether it does so by itself, as `certificate` says; others leave it out.
        certificate: a `millrace.privacy.certificate.Certificate` of what was read, of a reader
            that de-identifies; other readers leave it out.
    """

    places: ClassVar[tuple[str, ...]]

    def partitions(self) -> list[Partition]:
        """List the partitions, in order, from headers alone.

        Raises:
            DataError: the source is missing, truncated or not what its kind says.
        """

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield a partition's records in the RAW schema, in order, at most 8,192 rows a table.

        A record's id and origin are the same however the source is cut.
        """


def open_reader(document: Mapping[str, Any]) -> SourceReader:
    """Return the reader of a source.

    Args:
        document: the spec's source as JSON values, variables expanded. Where its `privacy` says
            that it is identified, what is read is de-identified first.

    Raises:
        SpecError: the kind or one of its options does not exist, or it is not a reader.
    """
    privacy = document.get("privacy") or {}
    identified = privacy.get("input") == "identified"
    if not identified or getattr(_reader_class(document), "deidentifies", False):
        return _open(document)
    door: SourceReader = load(implementation("door", "identified"))(document, _open)
    return door


def _open(document: Mapping[str, Any]) -> SourceReader:
    """Return the reader that a source names."""
    where = f"source {document['name']}"
    kind = _reader_class(document)
    options = document.get("options") or {}
    try:
        inspect.signature(kind).bind(document, **options)
    except TypeError as error:
        raise SpecError(
            "a source's options do not fit its reader",
            where=where,
            expected=f"{document['kind']}{inspect.signature(kind)}",
            received=error,
        ) from error
    reader = kind(document, **options)
    if not all(callable(getattr(reader, method, None)) for method in ("partitions", "read")):
        raise SpecError(
            "a source's kind is not a reader",
            where=where,
            expected="an object with partitions() and read(partition)",
            received=type(reader).__name__,
        )
    found: SourceReader = reader
    return found


def keyed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a source's document decides which records are collected from given content.

    Places are cut down to their file names, which the records' origins show; where a file lies is
    left out, and so is what later stages use.
    """
    kind = _reader_class(document)
    places = getattr(kind, "places", ())
    left_out = (*_UNKEYED, *getattr(kind, "hidden", ()))
    kept = {name: value for name, value in document.items() if name not in left_out}
    if document.get("options"):
        kept["options"] = _without_folders(document["options"], places)
    return _without_folders(kept, places)


def file_name(uri: str) -> str:
    """Return the last part of a path or URI, without folders and query."""
    path = unquote(urlsplit(uri).path) if "://" in uri else uri
    name = PurePosixPath(path).name
    return "source" if name in ("", "..") else name


def _without_folders(fields: Mapping[str, Any], places: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: file_name(value) if name in places and isinstance(value, str) else value
        for name, value in fields.items()
    }


def _reader_class(document: Mapping[str, Any]) -> Any:
    kind = load(implementation("source", document["kind"]))
    if not callable(kind):
        raise SpecError(
            "a source's kind is not a reader",
            where=f"source {document['name']}",
            expected="a class, or a function that returns a reader",
            received=kind,
        )
    return kind
