"""`Store`: content-addressed objects and the manifests that name them, on any fsspec file system.

Layout under the root: ``objects/ab/<sha256>``, ``manifests/ab/<key>.json``, ``checkpoints/<key>/``,
``documents/<name>`` (requests, progress, errors). Objects and manifests are written once and never
changed; a manifest is published last, atomically, and the first one wins.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.backend import Backend, open_backend
from millrace.artifacts.manifest import FileEntry, Manifest
from millrace.artifacts.objects import Objects
from millrace.artifacts.reference import ArtifactRef
from millrace.errors import DataError, IntegrityError, SpecError


class Store:
    """The artifact store at a URI (``file:``, ``s3:``, ``memory:``, …).

    Args:
        uri: root of the store.
        cache: local folder for verified copies of remote objects; unused by ``file:`` stores.
    """

    def __init__(self, uri: str, cache: Path | None = None) -> None:
        self.uri = uri.rstrip("/")
        self._backend: Backend = open_backend(self.uri)
        folder = cache or Path(tempfile.gettempdir()) / "millrace-cache"
        self._objects = Objects(self._backend, folder)

    @property
    def local_root(self) -> Path | None:
        """The root as a local folder, or None for a remote store."""
        return self._backend.local_root

    @property
    def backend(self) -> Backend:
        """The file operations under the root, for whoever looks after the store as a whole."""
        return self._backend

    def check(self) -> None:
        """Write a small document and remove it, so that a store that cannot be used is told early.

        Raises:
            SpecError: it refuses, or cannot keep the first of two writers.
            TransientError: it does not answer, or is full.
        """
        folder = f"documents/checks/{uuid4().hex[:12]}"
        made = [self._backend.create(f"{folder}/probe", b"probe" * 1_000)]
        try:
            made.append(self._backend.create(f"{folder}/probe", b"again" * 1_000))
        finally:
            self._backend.remove_tree(folder)
        if made != [True, False]:
            raise SpecError(
                "the store lets a second writer replace what the first has written",
                where=self.uri,
                remedy="Use one that supports conditional writes (S3: If-None-Match).",
            )

    # manifests

    def manifest_uri(self, key: str) -> str:
        """Return the URI of the manifest of `key`, whether it exists or not."""
        return f"{self.uri}/{_manifest_name(key)}"

    def manifest_names(self, key: str, digest: str) -> tuple[str, str]:
        """Return the names of the files in which an artifact's manifest may be."""
        return _manifest_name(key), _kept_name(key, digest)

    def find(self, key: str) -> Artifact | None:
        """Return the artifact made under `key`, or None."""
        data = self._backend.read(_manifest_name(key))
        if data is None:
            return None
        return Artifact(self, Manifest.from_bytes(data, self.manifest_uri(key)))

    def get(self, ref: ArtifactRef) -> Artifact:
        """Return the artifact that `ref` names.

        Raises:
            DataError: it is not in this store.
            IntegrityError: something else was stored under its key.
        """
        artifact = self.find(ref.key)
        if artifact is None or artifact.manifest.digest != ref.digest:
            artifact = self._replaced(ref) or artifact
        if artifact is None:
            raise DataError(
                "an artifact is not in the store",
                where=ref.uri,
                remedy="It may have been collected as garbage. Clear the task that makes it, so "
                "that it runs again.",
            )
        if artifact.manifest.digest != ref.digest:
            raise IntegrityError(
                "an artifact changed under its key",
                where=ref.uri,
                expected=ref.digest,
                received=artifact.manifest.digest,
            )
        return artifact

    def publish(self, manifest: Manifest, *, replace: bool = False) -> Artifact:
        """Make the artifact visible; return the winner, which is an earlier one if there is one.

        Args:
            manifest: whose objects have all been put.
            replace: a forced recomputation replaces the earlier manifest, which stays readable
                for whoever holds a reference to it.
        """
        name = _manifest_name(manifest.key)
        if not replace and self._backend.create(name, manifest.to_bytes()):
            return Artifact(self, manifest)
        earlier = self._readable(manifest.key)
        if earlier is not None and (not replace or earlier.ref == Artifact(self, manifest).ref):
            return earlier
        if earlier is not None:  # a champion or another run may refer to it
            kept = _kept_name(manifest.key, earlier.manifest.digest)
            self._backend.create(kept, earlier.manifest.to_bytes())
        self._backend.write(name, manifest.to_bytes())
        return Artifact(self, manifest)

    def _readable(self, key: str) -> Artifact | None:
        """Return the artifact of a key, or None where its manifest is missing or damaged."""
        try:
            return self.find(key)
        except IntegrityError:
            return None

    def _replaced(self, ref: ArtifactRef) -> Artifact | None:
        """Return an artifact that a forced execution has replaced under its key."""
        name = _kept_name(ref.key, ref.digest)
        data = self._backend.read(name)
        return None if data is None else Artifact(self, Manifest.from_bytes(data, name))

    def complete(self, artifact: Artifact) -> bool:
        """Whether all objects of an artifact are there with their sizes; a cheap look."""
        return self._objects.complete(artifact.manifest.files.values())

    def keys(self) -> Iterator[str]:
        """Yield the keys of all artifacts."""
        for name in self._backend.names("manifests"):
            key = name.rsplit("/", 1)[-1].removesuffix(".json")
            if "@" not in key:
                yield key

    # objects

    def put(self, path: Path, *, again: bool = False) -> FileEntry:
        """Store the content of a local file under its digest; equal content is stored once.

        Args:
            path: of the file.
            again: upload though an object of that name and size is there: it may be damaged.
        """
        return self._objects.put(path, again=again)

    def put_all(self, paths: Sequence[Path], *, again: bool = False) -> list[FileEntry]:
        """Store many files, several at once; return their entries in the same order."""
        return self._objects.put_all(paths, again=again)

    def local(self, entry: FileEntry) -> Path:
        """Return a local path whose content was verified against its digest.

        Raises:
            IntegrityError: the object is missing or not what its digest says.
        """
        return self._objects.local(entry)

    def fetch(self, entries: Iterable[FileEntry]) -> list[Path]:
        """Return verified local paths of many objects, several on their way at once."""
        return self._objects.fetch(entries)

    # documents and checkpoints: small, mutable, never part of an artifact

    def read_document(self, name: str) -> bytes | None:
        """Return a document's bytes, or None."""
        return self._backend.read(f"documents/{name}")

    def write_document(self, name: str, data: bytes) -> str:
        """Write a document atomically and return its URI."""
        self._backend.write(f"documents/{name}", data)
        return f"{self.uri}/documents/{name}"

    def save_checkpoint(self, key: str, name: str, path: Path) -> None:
        """Store a file of an unfinished execution, atomically."""
        self._backend.upload(f"checkpoints/{key}/{name}", path)

    def load_checkpoint(self, key: str, name: str, path: Path) -> bool:
        """Fetch a file of an unfinished execution; False where there is none."""
        source = f"checkpoints/{key}/{name}"
        if self._backend.size(source) is None:
            return False
        self._backend.download(source, path)
        return True

    def drop_checkpoints(self, key: str) -> None:
        """Remove what an execution kept for its retries."""
        self._backend.remove_tree(f"checkpoints/{key}")


def _kept_name(key: str, digest: str) -> str:
    return f"manifests/{key[:2]}/{key}@{digest}.json"


def _manifest_name(key: str) -> str:
    return f"manifests/{key[:2]}/{key}.json"
