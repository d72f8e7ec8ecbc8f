"""`list_scans`: what each file of a tree is, in pseudonyms; remembered by each file's version.

What is remembered holds neither names of files nor values of them, and is of use to nobody without
the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from millrace.data.dicom.scan import Scan, broken, scan_of
from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.listing import Entry, FileTree
from millrace.privacy.keys import PrivacyKey
from millrace.privacy.pseudonyms import Pseudonyms

_FORMAT = 1
_BATCH = 64  # files whose contents are asked for at once


@dataclass(frozen=True, slots=True)
class Listed:
    """A file: where it is, what it is, and the digest of its content."""

    entry: Entry
    scan: Scan
    digest: str


def list_scans(tree: FileTree, key: PrivacyKey, place: str) -> list[Listed]:
    """Return all files.

    Args:
        tree: the files. key: of pseudonyms.
        place: where the tree is; only its pseudonym is used.
    """
    note = cache_folder("digests") / f"dicom-{key.digest('listing', place)[:16].hex()}.json"
    known = _known(note)
    entries = list(tree.entries())
    marks = [key.digest("file", f"{e.version}\0{e.size}\0{e.name}")[:16].hex() for e in entries]
    found = [
        _remembered(entry, known[mark]) if entry.version and mark in known else None
        for entry, mark in zip(entries, marks, strict=True)
    ]
    unknown = [entry for entry, one in zip(entries, found, strict=True) if one is None]
    fresh = _looked_at(tree, unknown, Pseudonyms(key))
    listed = [one or next(fresh) for one in found]
    if unknown:
        _remember(note, dict(zip(marks, listed, strict=True)))
    return listed


def _looked_at(
    tree: FileTree, entries: Sequence[Entry], pseudonyms: Pseudonyms
) -> Iterator[Listed]:
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        versions = [entry.version for entry in batch]
        for entry, data in zip(batch, _contents(tree, batch, versions), strict=True):
            if data is None:
                yield Listed(entry, broken(entry.name, pseudonyms), f"{entry.size} bytes")
            else:
                scan = scan_of(data, entry.name, pseudonyms)
                yield Listed(entry, scan, sha256(data).hexdigest())


def _contents(
    tree: FileTree, entries: Sequence[Entry], versions: Sequence[str]
) -> Iterator[bytes | None]:
    return tree.contents(entries, tree.digests(entries, remember=False) or versions)


def _known(note: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(note.read_text())
        return dict(document["files"]) if document["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remembered(entry: Entry, document: Any) -> Listed | None:
    try:
        return Listed(entry, Scan.from_document(document[0]), str(document[1]))
    except (TypeError, KeyError, IndexError):
        return None


def _remember(note: Path, listed: Mapping[str, Listed]) -> None:
    files = {mark: [one.scan.to_document(), one.digest] for mark, one in listed.items()}
    with new_file(note) as part:
        part.write_text(json.dumps({"format": _FORMAT, "files": files}))
