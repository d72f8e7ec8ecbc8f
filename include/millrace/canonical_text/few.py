"""`few`: whether texts are so few and short that Python is done before pyarrow has begun.

pyarrow compiles an expression at every call, which takes longer than one message does.
"""

from __future__ import annotations

import pyarrow as pa

_TEXTS = 32
_BYTES = 4_096  # of all of them, with four for each text's end


def few(texts: pa.Array) -> list[str] | None:
    """Return texts (`pa.string()`) as Python's where they are few, short, UTF-8 and not null."""
    if len(texts) > _TEXTS or texts.nbytes > _BYTES or texts.null_count:
        return None
    try:
        found: list[str] = texts.to_pylist()
    except UnicodeDecodeError:
        return None
    return found
