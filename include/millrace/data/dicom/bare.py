"""`bare_frame`: a compressed frame with nothing in it but its picture.

Comments, notes of programs, boxes around the picture, and what stands behind its end may hold
anything, such as a name; they are left out. The picture is not unpacked.

JPEG: ISO/IEC 10918-1 B.1; JPEG-LS: ISO/IEC 14495-1 C; JPEG 2000: ISO/IEC 15444-1 A; RLE: DICOM
PS3.5 annex G.
"""

from __future__ import annotations

import re
import struct

from millrace.data.dicom.undecodable import Undecodable

_SOI, _EOI, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_JPEG_KEPT = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xD0), *range(0xDA, 0xE0), 0xF7, 0xF8))
_MARKER = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")  # in coded data: not stuffing, not a restart
_SOC, _EOC, _SIZ = b"\xff\x4f", b"\xff\xd9", b"\xff\x51"
_TILE, _TILE_DATA = 0x90, 0x93
_J2K_KEPT = frozenset((*range(0x50, 0x64), *range(0x70, 0x80), _TILE))  # 0x64 is a comment
_HEADER = 64  # bytes, of RLE


def bare_frame(frame: bytes, syntax: str, size: int, planes: int) -> bytes:
    """Return a frame without what is not its picture.

    Args:
        frame: all its fragments, joined. syntax: UID of the transfer syntax.
        size: pixels of the frame. planes: bytes of a pixel.

    Raises:
        Undecodable: the frame is damaged or cut short, or in a form that nothing here decodes.
    """
    from pydicom import uid

    try:
        if syntax == uid.RLELossless:
            return _rle(frame, size, planes)
        if syntax in uid.JPEG2000TransferSyntaxes:
            return _j2k(frame)
        if syntax in (*uid.JPEGTransferSyntaxes, *uid.JPEGLSTransferSyntaxes):
            return _jpeg(frame)
    except (struct.error, IndexError):
        raise Undecodable("the compressed frame is cut short") from None
    raise Undecodable("a transfer syntax that no decoder here reads")


def _segment(frame: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place, and where its segment ends."""
    start, marker, length = struct.unpack_from(">BBH", frame, at)
    if start != 0xFF or length < 2 or at + 2 + length > len(frame):
        raise Undecodable("the compressed frame is damaged")
    return marker, at + 2 + length


def _jpeg(frame: bytes) -> bytes:
    if not frame.startswith(_SOI):
        raise Undecodable("the compressed frame is damaged")
    kept, at = bytearray(_SOI), len(_SOI)
    while frame[at : at + 2] != _EOI:
        if frame[at : at + 2] == b"\xff\xff":  # a byte that fills
            at += 1
            continue
        marker, end = _segment(frame, at)
        if marker == _SCAN:
            found = _MARKER.search(frame, end)
            if found is None:
                raise Undecodable("the compressed frame is cut short")
            end = found.start()
        if marker in _JPEG_KEPT:
            kept += frame[at:end]
        at = end
    return bytes(kept + _EOI)


def _j2k(frame: bytes) -> bytes:
    at = frame.find(_SOC + _SIZ)  # behind the boxes of a JP2 file
    if at < 0:
        raise Undecodable("the compressed frame is damaged")
    kept, at = bytearray(_SOC), at + len(_SOC)
    while frame[at + 1] != _TILE:
        marker, end = _segment(frame, at)
        if marker in _J2K_KEPT:
            kept += frame[at:end]
        at = end
    while frame[at : at + 2] == bytes((0xFF, _TILE)):
        (length,) = struct.unpack_from(">I", frame, at + 6)
        end = at + length if length else frame.rfind(_EOC)
        if not at + 12 < end <= len(frame):
            raise Undecodable("the compressed frame is cut short")
        kept += _tile(frame[at:end])
        at = end
    return bytes(kept + _EOC)


def _tile(part: bytes) -> bytes:
    """Return a part of a tile, as long as it was, whose comments are blank."""
    made, at = bytearray(part), 0
    while part[at + 1] != _TILE_DATA:
        marker, end = _segment(part, at)
        if marker not in _J2K_KEPT:
            made[at + 4 : end] = bytes(end - at - 4)
        at = end
    return bytes(made)


def _rle(frame: bytes, size: int, planes: int) -> bytes:
    count, *starts = struct.unpack_from("<16I", frame)
    if count != planes or starts[0] != _HEADER:
        raise Undecodable("the compressed frame is damaged")
    body, offsets = bytearray(), [0] * len(starts)
    for plane, start in enumerate(starts[:count]):
        offsets[plane] = _HEADER + len(body)
        segment = frame[start : _end_of_runs(frame, start, size)]
        body += segment + b"\0" * (len(segment) % 2)
    return struct.pack("<16I", count, *offsets) + body


def _end_of_runs(frame: bytes, at: int, size: int) -> int:
    """Return where the runs end that make `size` bytes (PS3.5 G.3.2)."""
    made = 0
    while made < size:
        run = frame[at]
        if run < 128:
            made, at = made + run + 1, at + run + 2
        elif run > 128:
            made, at = made + 257 - run, at + 2
        else:
            at += 1
    if made > size or at > len(frame):
        raise Undecodable("the compressed frame is damaged")
    return at
