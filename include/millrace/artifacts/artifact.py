"""`Artifact`: an immutable result, opened for reading."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.artifacts.failures import disk_answers
from millrace.artifacts.labels import refusal
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.reference import ArtifactRef
from millrace.errors import DataError

if TYPE_CHECKING:
    from millrace.artifacts.store import Store


class Artifact:
    """An artifact of a store: facts at once, files verified by digest when they are asked for."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store = store
        self.manifest = manifest

    @property
    def facts(self) -> Mapping[str, Any]:
        """JSON values that the stage stated about its result."""
        self._check_shown()
        return self.manifest.facts

    @property
    def ref(self) -> ArtifactRef:
        """The reference that travels between tasks."""
        manifest = self.manifest
        return ArtifactRef(
            kind=manifest.kind,
            key=manifest.key,
            digest=manifest.digest,
            uri=self._store.manifest_uri(manifest.key),
            rows=manifest.rows,
            bytes=manifest.size,
        )

    def has(self, name: str) -> bool:
        """Whether the artifact has a file of that name."""
        return name in self.manifest.files

    def path(self, name: str) -> Path:
        """Return a local, read-only path of a file whose content was verified.

        Raises:
            DataError: the artifact has no such file, or is labelled and the store was opened for
                what may be shown.
            IntegrityError: the stored object is not what its digest says.
        """
        self._check_shown()
        entry = self.manifest.files.get(name)
        if entry is None:
            raise DataError(
                "an artifact has no such file",
                where=f"{self.manifest.kind} {self.manifest.key}",
                expected=", ".join(sorted(self.manifest.files)),
                received=name,
            )
        return self._store.local(entry)

    def _check_shown(self) -> None:
        """Raise `Withheld` where this artifact is labelled and the store is for what is shown."""
        if self.manifest.sensitivity and self._store.shows:
            where = f"{self.manifest.kind} {self.manifest.digest[:12]}"
            raise refusal("a look at an artifact", where=where)

    def extract(self, folder: Path) -> Path:
        """Copy all files into `folder`, with their relative names, and return it."""
        self._check_shown()
        entries = self.manifest.files
        for name, source in zip(entries, self._store.fetch(entries.values()), strict=True):
            target = folder / name
            with disk_answers(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        return folder
