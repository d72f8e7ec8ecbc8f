"""`words_of`: the words of one text, as `millrace.learning.texts.words` splits it, by Python.

For a few texts: pyarrow compiles its expressions at every call, longer than Python takes for a
message. Which characters are letters, marks or blanks is asked of RE2 itself, once in a process, so
that both agree whatever version of Unicode either follows.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.learning.texts.words import BLANK, LETTER, MARK, OF_ASCII, OTHER, UNSPACED

_ASCII = re.compile(OF_ASCII)
_WORD = re.compile(r"[uv][mv]*|w[wm]*(?:aw[wm]*)*|[oam]m*")  # of kinds, see `_Kinds`
_UNKNOWN = "?"
_PAGE = 4_096
_PAGES = 32  # that are remembered


def words_of(text: str) -> list[str] | None:
    """Return the words; None where the rules leave a character of the text as it is."""
    if text.isascii():
        return _ASCII.findall(text)
    kinds = text.translate(_KINDS)
    if _UNKNOWN in kinds:
        return None
    return [text[found.start() : found.end()] for found in _WORD.finditer(kinds)]


class _Kinds(dict[int, str]):
    """The kind of each code point, a letter; asked for one, it learns all of its page.

    Of scripts without blanks u, and v for their marks; other letters and digits w, marks m,
    apostrophes a, other signs o, blanks b.
    """

    def __missing__(self, point: int) -> str:
        if len(self) >= _PAGES * _PAGE:
            self.clear()
        first = point - point % _PAGE
        points = [p for p in range(first, first + _PAGE) if not 0xD800 <= p < 0xE000]
        found = dict(zip(points, _kinds([chr(p) for p in points]), strict=True))
        self.update(found)
        return found[point]


def _kinds(signs: list[str]) -> list[str]:
    array = pa.array(signs)

    def are(expression: str) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = np.asarray(pc.match_substring_regex(array, expression))
        return found

    unspaced, mark = are(UNSPACED), are(MARK)
    conditions = {
        "b": are(f"{BLANK}| "),
        "v": unspaced & mark,
        "u": unspaced,
        "m": mark,
        "w": are(LETTER),
        "a": are("['’]"),
        "o": are(OTHER),
    }
    made: list[str] = np.select(list(conditions.values()), list(conditions), _UNKNOWN).tolist()
    return made


_KINDS = _Kinds()
