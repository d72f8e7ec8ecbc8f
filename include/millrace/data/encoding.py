"""`PixelEncoding`: how the bytes of raw pixels are laid out, as the `encoding` column says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from millrace.errors import SpecError, shorten

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FILE = "file"
"""The encoding of a picture file (PNG, JPEG, …)."""

TEXT = "text"
"""The encoding of one text, as UTF-8."""

MESSAGE = "message"
"""The encoding of one e-mail, as RFC 5322 bytes."""

ROW = "row"
"""The encoding of a record of a table: a JSON object, see `millrace.data.sources.row_json`."""

DICOM = "dicom"
"""The encoding of one slice: a de-identified DICOM file of a single frame."""

BYTES = "bytes"
"""The encoding of a text whose source could not tell its characters."""

UNREADABLE = "unreadable;"
"""How the encoding begins of a record that its source could not read; the reason follows."""

_PATTERN = re.compile(
    r"pixels;height=([1-9]\d{0,6});width=([1-9]\d{0,6});channels=([13]);maximum=([1-9]\d{0,2})"
)


def unreadable(reason: str) -> str:
    """Return the encoding of a record that its source could not read, as cleaning will say it."""
    return f"{UNREADABLE}{shorten(reason)}"


@dataclass(frozen=True)
class PixelEncoding:
    """Row-major uint8 pixels ``(height, width, channels)`` whose white is `maximum` (1 to 255)."""

    height: int
    width: int
    channels: int
    maximum: int = 255

    def __str__(self) -> str:
        return (
            f"pixels;height={self.height};width={self.width}"
            f";channels={self.channels};maximum={self.maximum}"
        )

    @classmethod
    def of(cls, images: npt.NDArray[np.uint8], maximum: int = 255) -> PixelEncoding:
        """Return the layout of ``(rows, height, width, channels)`` pictures."""
        _, height, width, channels = images.shape
        return cls(height, width, channels, maximum)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)``."""
        return self.height, self.width, self.channels

    @property
    def size(self) -> int:
        """Bytes of a picture."""
        return self.height * self.width * self.channels

    @classmethod
    def parse(cls, text: str) -> PixelEncoding:
        """Read the text of an `encoding` column; raise `SpecError` where it is none."""
        match = _PATTERN.fullmatch(text)
        if match is None or int(match[4]) > 255:
            raise SpecError(
                "a source names an encoding that does not exist",
                where="encoding",
                expected=f"{FILE!r} or {str(cls(28, 28, 1))!r} with the picture's own numbers",
                received=text,
                remedy="Correct the source's reader.",
            )
        height, width, channels, maximum = map(int, match.groups())
        return cls(height, width, channels, maximum)
