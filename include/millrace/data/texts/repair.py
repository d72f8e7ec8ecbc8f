"""`repaired`: texts whose UTF-8 was once read as another encoding, as they were meant.

ftfy decides what is damage; nothing else of a text is changed.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_C1 = re.compile("[\x80-\x9f]")  # Windows-1252, read as ISO-8859-1
_LONGEST = 100_000  # characters that are repaired together where a line is longer


def repaired(texts: pa.Array) -> pa.Array:
    """Return the texts (`pa.string()`, null where there is none) with their encoding repaired."""
    plain = pc.fill_null(pc.string_is_ascii(texts), True)
    rows = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    if not len(rows):
        return texts
    whole = texts.take(pa.array(rows)).to_pylist()
    made = pa.array([_repaired(text) for text in whole], texts.type)
    return pc.replace_with_mask(texts, pc.invert(plain), made)


def _repaired(text: str) -> str:
    """Return a text with its damaged lines repaired, each by itself."""
    lines = text.splitlines(keepends=True)
    changed = {n: _repaired_line(line) for n, line in enumerate(lines) if not line.isascii()}
    return "".join(changed.get(n, line) for n, line in enumerate(lines))


def _repaired_line(line: str) -> str:
    from ftfy import TextFixerConfig, fix_text
    from ftfy.badness import is_bad

    if not _C1.search(line) and not is_bad(line):
        return line
    config = TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
        max_decode_length=_LONGEST,
    )
    return fix_text(line, config).encode("utf-8", "replace").decode("utf-8")
