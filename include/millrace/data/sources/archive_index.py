"""`ArchiveIndex`: where the files of an archive are, found once and remembered by its digest.

A partition of a large archive is then read without a look at all its members. A note that is
missing or damaged costs time, nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from millrace.artifacts.digests import digest_value
from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.listing import Entry

_FORMAT = 2


@dataclass(frozen=True)
class ArchiveIndex:
    """What an archive holds below a folder of it.

    Attributes:
        files: those to read, sorted by name. ignored: number of others.
        notes: places of files that a reader may ask for besides, by path.
    """

    files: Sequence[Entry]
    ignored: int
    notes: Mapping[str, str]


def remembered(content: Sequence[object], make: Callable[[], ArchiveIndex]) -> ArchiveIndex:
    """Return the index of what `content` names, made anew where it is not remembered.

    Args:
        content: JSON values that decide what `make` returns.
    """
    name = digest_value([_FORMAT, *content])
    path = cache_folder("digests") / f"archive-{name}.json"
    try:
        document = json.loads(path.read_text())
        files = [Entry(name, place, size, "") for name, place, size in document["files"]]
        return ArchiveIndex(files, document["ignored"], document["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        index = make()
    rows = [(entry.name, entry.place, entry.size) for entry in index.files]
    document = {"files": rows, "ignored": index.ignored, "notes": index.notes}
    with new_file(path) as part:
        part.write_text(json.dumps(document))
    return index
