"""`sort_files`: which files of a folder are pictures, texts and e-mails, by name and content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from millrace.data.sources.charset import Charset
from millrace.data.sources.folder_tree import is_archive
from millrace.data.sources.listing import Entry, FileTree
from millrace.data.sources.listing_names import is_picture

PICTURES, TEXTS, MESSAGES = "pictures", "texts", "e-mails"

_TEXTS = frozenset((".txt", ".text", ".md", ".rst", ".html", ".htm"))
_MESSAGES = frozenset((".eml", ".msg822", ".rfc822"))
_OTHERS = frozenset(
    (".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".py", ".pdf", ".doc", ".docx",
     ".xlsx", ".xls", ".npy", ".npz", ".parquet", ".db", ".exe", ".dll", ".so", ".bin", ".mp3",
     ".mp4", ".wav", ".avi", ".mov", ".7z", ".rar", ".gz", ".bz2", ".xz", ".mbox", ".mbx",
     ".h5", ".hdf5")
)  # fmt: skip
_NOT_DATA = frozenset(("cmds", "readme", "license", "licence", "copying", "makefile"))
_OPENED = 24  # files without a known ending that are opened
_READ = 4_096  # bytes of such a file
_LARGEST = 32 << 20  # bytes of a file that is opened
_HEADER = re.compile(rb"[!-9;-~]{1,60}:[ \t]")
_HEADERS = 2  # lines of a message's head, at least
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Sorted:
    """Names of files by what they are.

    Attributes:
        names: by `PICTURES`, `TEXTS` and `MESSAGES`. others: number of further files.
    """

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: int = 0


def sort_files(tree: FileTree, most: int) -> Sorted:
    """Return the files of a tree by what they are; of those without a known ending, some are
    opened, and the others are like them.

    Args:
        most: files that are looked at.
    """
    found: dict[str, list[str]] = {PICTURES: [], TEXTS: [], MESSAGES: []}
    unknown: list[Entry] = []
    others = 0
    for number, entry in enumerate(tree.entries()):
        if number == most:
            break
        kind = _by_name(entry.name)
        if kind is not None:
            found[kind].append(entry.name)
        elif _is_open(entry.name):
            unknown.append(entry)
        else:
            others += 1
    kind = _by_contents(tree, unknown)
    if kind is not None:
        found[kind] += [entry.name for entry in unknown]
    else:
        others += len(unknown)
    return Sorted({kind: sorted(names) for kind, names in found.items() if names}, others)


def is_message(data: bytes) -> bool:
    """Whether a file's first bytes are the head of an e-mail."""
    lines = data[:_READ].lstrip(b"\r\n").splitlines()
    if lines and lines[0].startswith(b"From "):
        lines = lines[1:]
    count = 0
    for line in lines:
        if not line.strip():
            break
        if _HEADER.match(line):
            count += 1
        elif not line.startswith((b" ", b"\t")):
            return False
    return count >= _HEADERS


def is_text(data: bytes) -> bool:
    """Whether a file's first bytes are text."""
    part = data[:_READ]
    text = part.decode("utf-8", "ignore")
    if len(text.encode()) < len(part) - 3:  # more is lost than a character that was cut
        text = Charset("auto").decode_file(part) or ""
    return bool(text.strip()) and len(_CONTROL.findall(text)) * 50 < len(text)


def _by_name(name: str) -> str | None:
    if is_picture(name, None):
        return PICTURES
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _MESSAGES or PurePosixPath(name).parent.name in ("cur", "new"):
        return MESSAGES
    return TEXTS if suffix in _TEXTS and not is_no_data(name) else None


def _is_open(name: str) -> bool:
    """Whether a name says nothing of what is in the file."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix not in _OTHERS and not is_archive(name) and not is_no_data(name)


def is_no_data(name: str) -> bool:
    """Whether a file's name says that it describes others."""
    return PurePosixPath(name).name.lower().partition(".")[0] in _NOT_DATA


def _by_contents(tree: FileTree, unknown: Sequence[Entry]) -> str | None:
    """Return what most of some files are, by looking into a few."""
    step = max(1, len(unknown) // _OPENED)
    chosen = [entry for entry in unknown[::step][:_OPENED] if entry.size <= _LARGEST]
    digests = tree.digests(chosen, remember=False)
    kinds = [
        MESSAGES if is_message(data) else TEXTS if is_text(data) else None
        for data in tree.contents(chosen, digests)
        if data
    ]
    best = max((MESSAGES, TEXTS), key=kinds.count)
    return best if 2 * kinds.count(best) > len(kinds) else None
