"""`parse`: the data set of a DICOM file, with or without a preamble and a meta header.

Refused is what is no DICOM file, and what unpacks to more than it may.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import FileDataset

DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

LARGEST = 1 << 29
"""Bytes of a deflated data set, at most."""

_PREAMBLE = 128
_MAGIC = b"DICM"


def parse(data: bytes, tags: Sequence[str] | None = None) -> FileDataset:
    """Return the data set that the bytes of a file hold.

    Args:
        data: of the file. tags: keywords of the elements to read; None reads all.

    Raises:
        Undecodable: it is not a DICOM file, truncated in its header, or deflated to too much.
    """
    import pydicom

    data = inflated(data)
    try:
        with quiet():
            found = pydicom.dcmread(
                io.BytesIO(data),
                force=not has_magic(data),
                specific_tags=None if tags is None else list(tags),
            )
            _check(found)
    except Undecodable:
        raise
    except Exception as error:
        raise Undecodable(f"the header cannot be read ({type(error).__name__})") from None
    return found


def has_magic(data: bytes) -> bool:
    """Whether a file begins with a preamble and the letters behind it."""
    return data[_PREAMBLE : _PREAMBLE + 4] == _MAGIC


def _check(found: FileDataset) -> None:
    """Raise `Undecodable` for bytes that were only taken for a data set."""
    from pydicom.uid import UID

    if "SOPClassUID" not in found:
        raise Undecodable("not a DICOM file, or one without a readable header")
    if "TransferSyntaxUID" not in found.file_meta:
        implicit, little = found.original_encoding
        syntax = IMPLICIT_LITTLE if implicit else EXPLICIT_LITTLE if little else EXPLICIT_BIG
        found.file_meta.TransferSyntaxUID = UID(syntax)


def inflated(data: bytes) -> bytes:
    """Return a file whose data set is not deflated, its transfer syntax changed so.

    Raises:
        Undecodable: it unpacks to more than `LARGEST`, or is damaged.
    """
    if not has_magic(data) or DEFLATED.encode() not in data[:2048]:
        return data
    at = _PREAMBLE + 4
    group, element, representation, size, length = struct.unpack("<HH2sHI", data[at : at + 12])
    if (group, element, representation, size) != (2, 0, b"UL", 4):
        raise Undecodable("the meta header has no length")
    end = at + 12 + length
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(data[end:], LARGEST)
    except zlib.error:
        raise Undecodable("the deflated data set is damaged") from None
    if unpacker.unconsumed_tail:
        raise Undecodable(f"the data set unpacks to more than {LARGEST:,} bytes")
    syntax = EXPLICIT_LITTLE.encode().ljust(len(DEFLATED), b"\0")
    return data[:end].replace(DEFLATED.encode(), syntax, 1) + body
