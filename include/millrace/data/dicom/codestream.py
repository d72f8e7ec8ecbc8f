"""`codestream_size`: how large a compressed frame says it is, read before anything is unpacked.

JPEG 2000: ISO/IEC 15444-1, A.5.1 (SIZ); JPEG and JPEG-LS: ISO/IEC 10918-1, B.2.2 (SOF).
"""

from __future__ import annotations

import struct

_J2K = b"\xff\x4f\xff\x51"
_SOI = b"\xff\xd8"
_NO_SOF = (0xC4, 0xC8, 0xCC)
_JPEG_LS = 0xF7


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Return ``(height, width)``; None where the frame does not tell."""
    start = frame[:4_096].find(_J2K)  # behind the boxes of a JP2 file
    if start >= 0 and len(frame) >= start + 24:
        right, bottom, left, top = struct.unpack(">4I", frame[start + 8 : start + 24])
        return bottom - top, right - left
    return _of_jpeg(frame) if frame.startswith(_SOI) else None


def _of_jpeg(frame: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == _JPEG_LS or (0xC0 <= marker <= 0xCF and marker not in _NO_SOF):
            height, width = struct.unpack(">HH", frame[at + 5 : at + 9])
            return height, width
        at += 1 if marker == 0xFF else 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None
