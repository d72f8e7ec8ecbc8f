"""`repaired`: texts whose UTF-8 was once read as another encoding, as they were meant.

ftfy decides what is damage; nothing else of a text is changed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    from ftfy import TextFixerConfig, fix_text

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
    return fix_text(text, config).encode("utf-8", "replace").decode("utf-8")
