"""`PictureNames`: the picture that a cell of a file of labels means. Reads no file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from unicodedata import normalize

from millrace.data.sources.listing_names import record_name

_LONGEST_NUMBER = 18  # digits


class PictureNames:
    """Finds pictures by path, by file name with or without extension, or by number.

    A cell that names folders, too, means only pictures whose own folders agree with them: one of
    the two paths must end like the other.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._exact = frozenset(names)

    def find(self, cell: str) -> Sequence[str]:
        """Return the picture that `cell` means; several where it could mean any of them."""
        path = cell.replace("\\", "/").removeprefix("./")
        for text in dict.fromkeys((path, record_name(path))):
            if text in self._exact:
                return (text,)
        for found in self._candidates(_key(path)):
            if found:
                return found
        return ()

    def _candidates(self, path: str) -> Iterator[Sequence[str]]:
        """Yield the pictures of ever looser readings of a path."""
        folders, _, last = path.rpartition("/")
        for index in (self._by_file, self._by_stem):
            yield [name for name in index.get(last, ()) if _agree(folders, _key(name))]
        if last.isascii() and last.isdigit() and len(last) <= _LONGEST_NUMBER:
            yield [n for n in self._by_number.get(str(int(last)), ()) if _agree(folders, _key(n))]
        loose = self._by_lower.get(last.casefold(), ())
        yield [name for name in loose if _agree(folders.casefold(), _key(name).casefold())]

    @cached_property
    def _by_file(self) -> dict[str, list[str]]:
        return _index(self._names, _file)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _index(self._names, _stem)

    @cached_property
    def _by_number(self) -> dict[str, list[str]]:
        return _index(self._names, _number)

    @cached_property
    def _by_lower(self) -> dict[str, list[str]]:
        return _index(self._names, lambda name: _file(name).casefold())


def _key(text: str) -> str:
    """Return text in the one form of Unicode that equal texts share."""
    return text if text.isascii() else normalize("NFC", text)


def _index(names: Sequence[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[key(name)].append(name)
    return found


def _file(name: str) -> str:
    return _key(name).rpartition("/")[2]


def _stem(name: str) -> str:
    return _file(name).rpartition(".")[0]


def _number(name: str) -> str:
    stem = _stem(name)
    digits = stem.isascii() and stem.isdigit() and len(stem) <= _LONGEST_NUMBER
    return str(int(stem)) if digits else ""


def _agree(folders: str, name: str) -> bool:
    """Whether `folders` and those of a picture's name end alike, as far as the shorter goes."""
    own, _, _ = name.rpartition("/")
    short, long = sorted((folders.strip("/"), own), key=len)
    return not short or f"/{long}".endswith(f"/{short}")
