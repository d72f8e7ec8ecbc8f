"""One record's picture: its pixels, whatever its encoding, and a file that shows them."""

from __future__ import annotations

import io
import re
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.decoding import decode
from millrace.data.encoding import FILE, UNREADABLE
from millrace.data.modality import Content
from millrace.data.pictures.channels import scale

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


def picture(content: bytes | None, encoding: str) -> Images | None:
    """Return a record's picture ``(height, width, channels)`` in full range; None where none."""
    column = pa.chunked_array([pa.array([content], pa.binary())])
    decoded = decode(column, pa.chunked_array([pa.array([encoding], pa.string())]))
    if decoded.failures:
        return None
    (group,) = decoded.groups
    image: Images = scale(group.images, group.encoding.maximum)[0]
    return image


def same_picture(one: Content, other: Content) -> bool:
    """Whether two contents with their encodings are equal, or show equal pixels."""
    unreadable = any(encoding.startswith(UNREADABLE) for _, encoding in (one, other))
    if one == other or (unreadable and one[0] == other[0]):
        return True
    first, second = picture(*one), picture(*other)
    return first is not None and second is not None and np.array_equal(first, second)


def as_file(was: Content, origin: str) -> tuple[bytes, str] | None:
    """Return a record's picture as a file's bytes and suffix: its own file, a PNG of its pixels, or
    what its source holds instead, as text where it is text.

    Args:
        origin: of the record, for the suffix of its own file.

    Returns:
        None where there is nothing to write.
    """
    content, encoding = was
    if content is None:
        return None
    if encoding == FILE:
        suffix = PurePosixPath(origin).suffix
        return content, suffix.lower() if _SUFFIX.fullmatch(suffix) else ".bin"
    if encoding.startswith(UNREADABLE):
        return content, ".txt" if _is_text(content) else ".bin"
    image = picture(content, encoding)
    if image is None:
        return None
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n" for c in text)
