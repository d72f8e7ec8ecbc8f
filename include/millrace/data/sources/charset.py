"""`Charset`: bytes of a text as characters. Says what it cannot tell, and replaces nothing."""

from __future__ import annotations

import codecs

_FALLBACK = "cp1252"  # what "Latin-1" means in practice: WHATWG Encoding Standard, 4.2
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = bytes(range(128))


def is_bytewise(encoding: str) -> bool:
    """Whether line ends, quotes and delimiters can be told in the bytes of an encoding."""
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return True
    every = bytes(range(256)).decode(encoding, "replace")
    return len(every) == 256 and every[:128] == _ASCII.decode("ascii")


class Charset:
    """Decodes texts.

    Args:
        encoding: a codec of Python's; ``auto`` takes UTF-8, or what a byte order mark says, and for
            a text that is neither, Windows-1252.

    Attributes:
        fallbacks: number of texts that were taken for Windows-1252.
    """

    def __init__(self, encoding: str) -> None:
        self._auto = encoding == "auto"
        self._encoding = "utf-8" if self._auto else encoding
        self.fallbacks = 0

    @classmethod
    def of_lines(cls, encoding: str) -> Charset:
        """Return what decodes lines of what `millrace.data.sources.lines.text_file` made."""
        return cls(encoding if encoding == "auto" or is_bytewise(encoding) else "utf-8")

    def decode(self, data: bytes) -> str | None:
        """Return a part of a file as text; None where it is none."""
        try:
            return data.decode(self._encoding)
        except UnicodeError:
            return self._fall_back(data) if self._auto else None

    def decode_file(self, data: bytes) -> str | None:
        """Return a whole file as text, without a byte order mark; None where it is none."""
        marked = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
        if marked is None or not (self._auto or _same(marked, self._encoding)):
            return self.decode(data)
        try:
            return data.decode(marked)
        except UnicodeError:
            return None

    def _fall_back(self, data: bytes) -> str | None:
        try:
            text = data.decode(_FALLBACK)
        except UnicodeDecodeError:
            return None
        self.fallbacks += 1
        return text


def _same(marked: str, encoding: str) -> bool:
    return codecs.lookup(encoding).name in (marked, marked.removesuffix("-sig"))
