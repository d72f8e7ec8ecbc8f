"""Which files of a folder are read, and what their records are called. Opens no file."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

_EXTENSIONS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".webp", ".gif"),
)
KNOWN = "PNG, JPEG, BMP, TIFF, WebP or GIF"
"""The kinds of files that are read without a pattern."""

_ESCAPED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|%(?=[0-9A-Fa-f]{2})")


def record_name(path: str) -> str:
    """Return a path as text that any table can hold, different for different paths.

    Control characters and bytes that are not UTF-8 become ``%XX``, and so does a ``%`` that could
    be taken for such a sign. All other names stay as they are.
    """
    return _ESCAPED.sub(_percent, path)


def is_hidden(part: str) -> bool:
    """Whether a file or folder is hidden, or macOS's own."""
    return part.startswith(".") or part == "__MACOSX"


def is_picture(name: str, pattern: str | None) -> bool:
    """Whether a relative path is a picture's by its extension, or fits a shell pattern.

    Case is ignored. A pattern with a slash is matched against the path, another one against the
    file's name.
    """
    lower = name.lower()
    if pattern is None:
        return lower.endswith(_EXTENSIONS)
    within = lower if "/" in pattern else lower.rpartition("/")[2]
    return fnmatchcase(within, pattern.lower())


def class_of(name: str) -> str | None:
    """Return the first folder of a relative path; None where it lies in no folder."""
    folder, slash, _ = name.partition("/")
    return folder if slash else None


def _percent(match: re.Match[str]) -> str:
    character = match[0]
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", errors))
