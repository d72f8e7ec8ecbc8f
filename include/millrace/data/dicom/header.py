"""`read_header`: a few attributes of a DICOM file, read without NumPy, pydicom or its pixels.

Reads what PS3.5 chapter 7 and Annex A describe: implicit or explicit, little or big endian, with a
preamble (PS3.10) or without. Sequences are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from millrace.data.dicom.parse import EXPLICIT_BIG, IMPLICIT_LITTLE, has_magic, inflated
from millrace.data.dicom.undecodable import Undecodable

PIXELS = 0x7FE00010
_SYNTAX = 0x00020010
_PREAMBLE = 132
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"))
_LONG |= {b"UR", b"UT", b"UV"}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST = 16
_LONGEST = 4_096  # bytes of a value that is returned


@dataclass(frozen=True, slots=True)
class _Form:
    """How a data set is written."""

    explicit: bool
    order: str  # "<" or ">"


def read_header(data: bytes, wanted: Collection[int]) -> Mapping[int, str]:
    """Return values of texts by tag, without padding; `PIXELS` has its length in bytes.

    Args:
        data: of the file, from its beginning. wanted: tags outside of sequences.

    Raises:
        Undecodable: it is no DICOM file, or ends within its header.
    """
    data = inflated(data)
    start, syntax = _meta(data)
    form = _form(data, start, syntax)
    found: dict[int, str] = {}
    last = max(wanted)
    try:
        at = start
        while at < len(data):
            tag, representation, length, value = _element(data, at, form)
            if tag == PIXELS:
                size = len(data) - value if length == _UNDEFINED else length
                found[PIXELS] = str(min(size, len(data) - value))
            if tag >= PIXELS or (tag > last and PIXELS not in wanted):
                break
            if tag in wanted and length <= _LONGEST:
                found[tag] = data[value : value + length].decode("latin-1").strip("\0 ")
            at = _after(data, value, length, representation, form, 0)
    except (struct.error, IndexError):
        raise Undecodable("the header is cut short") from None
    if not found:
        raise Undecodable("not a DICOM file, or one without a readable header")
    return found


def _meta(data: bytes) -> tuple[int, str | None]:
    """Return where the data set begins, and its transfer syntax where that is told."""
    at = _PREAMBLE if has_magic(data) else 0
    form, syntax = _Form(explicit=True, order="<"), None
    try:
        while data[at : at + 2] == b"\2\0":
            tag, _, length, value = _element(data, at, form)
            if tag == _SYNTAX:
                syntax = data[value : value + length].rstrip(b"\0 ").decode("ascii", "replace")
            at = value + length
    except struct.error:
        raise Undecodable("the header is cut short") from None
    if at == 0 and data[:2] not in (b"\x08\0", b"\0\x08"):
        raise Undecodable("not a DICOM file, or one without a readable header")
    return at, syntax


def _form(data: bytes, start: int, syntax: str | None) -> _Form:
    order = ">" if syntax == EXPLICIT_BIG or data[start : start + 2] == b"\0\x08" else "<"
    letters = data[start + 4 : start + 6]
    looks_explicit = letters.isalpha() and letters.isupper()
    explicit = looks_explicit if syntax is None else syntax != IMPLICIT_LITTLE
    return _Form(explicit and looks_explicit, order)


def _element(data: bytes, at: int, form: _Form) -> tuple[int, bytes, int, int]:
    """Return tag, representation, length and where the value begins."""
    group, element = struct.unpack_from(f"{form.order}HH", data, at)
    tag = group << 16 | element
    if group == 0xFFFE or not form.explicit:
        (length,) = struct.unpack_from(f"{form.order}I", data, at + 4)
        return tag, b"", length, at + 8
    representation = data[at + 4 : at + 6]
    if representation in _LONG:
        (length,) = struct.unpack_from(f"{form.order}I", data, at + 8)
        return tag, representation, length, at + 12
    (length,) = struct.unpack_from(f"{form.order}H", data, at + 6)
    return tag, representation, length, at + 8


def _after(
    data: bytes, value: int, length: int, representation: bytes, form: _Form, depth: int
) -> int:
    """Return where the element ends whose value begins at `value`."""
    if length != _UNDEFINED:
        if value + length > len(data):
            raise Undecodable("the header is cut short")
        return value + length
    if depth > _DEEPEST:
        raise Undecodable("sequences are nested too deep")
    inner = _Form(explicit=False, order="<") if representation == b"UN" else form
    at = value
    while True:
        tag, _, size, start = _element(data, at, inner)
        if tag == _SEQUENCE_END:
            return start
        if tag != _ITEM:
            raise Undecodable("a sequence is damaged")
        at = start + size if size != _UNDEFINED else _after_item(data, start, inner, depth)


def _after_item(data: bytes, at: int, form: _Form, depth: int) -> int:
    while True:
        tag, representation, length, value = _element(data, at, form)
        if tag == _ITEM_END:
            return value
        at = _after(data, value, length, representation, form, depth + 1)
