"""`plain_texts`: what a reader sees of HTML, in time linear in its length.

RE2 takes the tags away; nothing is nested, so nothing can be nested too deep. Block elements end a
line, cells end with a space, and inline elements leave no trace. Not shown: comments, scripts,
styles. See decisions/026 for why no parser of trees is used.
"""

from __future__ import annotations

from html import unescape

import pyarrow as pa
import pyarrow.compute as pc

_TAG_END = r"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*>"""  # a quoted value may hold what ends a tag
_BLOCKS = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|footer|form|h[1-6]|head|"
    "header|hr|html|legend|li|main|menu|nav|ol|option|p|pre|section|table|tbody|tfoot|thead|title|"
    "tr|ul"
)
_STEPS = (
    (r"(?is)<!--(?:-?>|.*?(?:--!?>|\z))", ""),
    (r"(?is)<script\b[^>]*>.*?(?:</script[^>]*>|\z)", " "),
    (r"(?is)<style\b[^>]*>.*?(?:</style[^>]*>|\z)", " "),
    (r"[ \t\r\n\f]+", " "),
    (rf"(?i) ?</?(?:{_BLOCKS})(?:/?>|[\s/]{_TAG_END}|[\s/][^<>]*>) ?", "\n"),
    (rf"(?i)</?(?:td|th)(?:/?>|[\s/]{_TAG_END}|[\s/][^<>]*>)", " "),
    (rf"<[a-zA-Z/!?]{_TAG_END}|<[a-zA-Z/!?][^<>]*>", ""),
    (r"&#(?:[0-9]{9}[0-9]*|[xX][0-9a-fA-F]{9}[0-9a-fA-F]*);?", "\N{REPLACEMENT CHARACTER}"),
)
_BLANKS = ((r" +", " "), (r" ?(?:\n ?){3,}", "\n\n"))
_AT_ONCE = 4 << 20  # bytes of HTML


def plain_texts(pages: list[str]) -> list[str]:
    """Return the text of each page of HTML.

    Args:
        pages: of characters that UTF-8 can hold.
    """
    return [text for part in _parts(pages) for text in _plain(part)]


def _parts(pages: list[str]) -> list[list[str]]:
    """Return the pages in parts of about `_AT_ONCE` bytes, which bound the memory."""
    parts: list[list[str]] = [[]]
    size = 0
    for page in pages:
        if size > _AT_ONCE:
            parts.append([])
            size = 0
        parts[-1].append(page)
        size += len(page)
    return parts


def _plain(pages: list[str]) -> list[str]:
    column = pa.array(pages, pa.large_string())
    for pattern, replacement in _STEPS:
        column = pc.replace_substring_regex(column, pattern, replacement)
    column = pa.array([_characters(text) for text in column.to_pylist()], pa.large_string())
    for pattern, replacement in _BLANKS:
        column = pc.replace_substring_regex(column, pattern, replacement)
    plain: list[str] = pc.utf8_trim_whitespace(column).to_pylist()
    return plain


def _characters(text: str) -> str:
    """Return the text with its character references resolved, and spaces for no-break spaces."""
    return (unescape(text) if "&" in text else text).replace("\N{NO-BREAK SPACE}", " ")
