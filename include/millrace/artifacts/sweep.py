"""What lies in a store: every file by its kind, key and age, and which objects manifests name.

It lists and removes; what is garbage is for others to say. Knows no run.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from millrace.artifacts.backend import Backend, Entry
from millrace.artifacts.objects import SEALED
from millrace.artifacts.sealing.vault import KEY_SUFFIX

ItemKind = Literal[
    "manifest", "replaced manifest", "object", "data key", "checkpoint", "document", "part"
]

_AREAS = ("manifests", "objects", SEALED, "checkpoints", "documents")
_DOCUMENTS = ("requests", "progress", "errors")
_TRIALS = ("checks", "probes")  # documents that live for a moment
_PART = ".part-"
_DIGEST = re.compile(rb"[0-9a-f]{64}")
_READERS = 8  # threads; a remote store answers many at once
_PROBES = "documents/probes"


@dataclass(frozen=True)
class Item:
    """A file of a store.

    Attributes:
        kind: what it is. entry: its name, size and age.
        key: of the artifact or the execution that it belongs to; empty for objects and parts.
        digest: of a replaced manifest's artifact, or of an object; of a sealed object and its data
            key ``sealed/<digest>``; else empty.
    """

    kind: ItemKind
    entry: Entry
    key: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Inventory:
    """All files of a store that it made itself.

    Attributes:
        now: the store's own time when the listing began, seconds since the epoch.
        items: sorted by name.
    """

    now: float
    items: tuple[Item, ...]

    @property
    def bytes(self) -> int:
        """Size of everything."""
        return sum(item.entry.bytes for item in self.items)

    def of(self, *kinds: ItemKind) -> list[Item]:
        """Return the items of some kinds."""
        return [item for item in self.items if item.kind in kinds]


def take_inventory(backend: Backend, areas: Sequence[str] = _AREAS) -> Inventory:
    """List a store. Files that Millrace did not put there are left out."""
    now = store_time(backend)
    items = [item for area in areas for entry in backend.entries(area) for item in _item(entry)]
    return Inventory(now, tuple(sorted(items, key=lambda item: item.entry.name)))


def named_objects(backend: Backend, manifests: Iterable[Item]) -> dict[str, frozenset[str]]:
    """Return the objects that each manifest names, by the manifest's file name.

    A manifest that is damaged still protects all it can be seen to name: every digest in it counts.
    One that was removed meanwhile names nothing.
    """
    names = [item.entry.name for item in manifests]
    with ThreadPoolExecutor(_READERS) as pool:
        contents = pool.map(backend.read, names)
        return {name: digests_in(data) for name, data in zip(names, contents, strict=True)}


def digests_in(data: bytes | None) -> frozenset[str]:
    """Return everything in a manifest's bytes that looks like a digest, as `Item.digest` has it.

    Whether an object is sealed only a whole manifest tells; a damaged one protects both forms.
    """
    found = {digest.decode() for digest in _DIGEST.findall(data or b"")}
    try:
        files = json.loads(data or b"{}").get("files", {}).values()
        sealed = {str(entry["sha256"]) for entry in files if entry.get("sealed")}
        plain = {str(entry["sha256"]) for entry in files if not entry.get("sealed")}
    except (ValueError, AttributeError, KeyError, TypeError):
        return frozenset(found | {f"{SEALED}/{digest}" for digest in found})
    return frozenset((found - sealed) | plain | {f"{SEALED}/{digest}" for digest in sealed})


def store_time(backend: Backend) -> float:
    """Return a store's own time, seconds since the epoch: that of a file written for it."""
    name = f"{_PROBES}/{uuid.uuid4().hex}"
    backend.write(name, b"probe")
    try:
        return next(e.modified for e in backend.entries(_PROBES) if e.name == name)
    finally:
        backend.remove([name])


def _item(entry: Entry) -> list[Item]:
    """Return the file as an item, or nothing where it is none of ours."""
    area, *folders, file = entry.name.split("/")
    if file.startswith(_PART):
        return [Item("part", entry)]
    if area == "objects":
        return [Item("object", entry, digest=file)]
    if area == SEALED:
        digest = f"{SEALED}/{file.removesuffix(KEY_SUFFIX)}"
        return [Item("data key" if file.endswith(KEY_SUFFIX) else "object", entry, digest=digest)]
    if area == "checkpoints" and folders:
        return [Item("checkpoint", entry, folders[0])]
    if area == "documents" and folders[:1] and folders[0] in _TRIALS:
        return [Item("part", entry)]
    stem = file.removesuffix(".json")
    if area == "manifests":
        key, replaced, digest = stem.partition("@")
        return [Item("replaced manifest" if replaced else "manifest", entry, key, digest)]
    if area == "documents" and folders[:1] and folders[0] in _DOCUMENTS:
        return [Item("document", entry, stem.partition("-")[0])]
    return []
