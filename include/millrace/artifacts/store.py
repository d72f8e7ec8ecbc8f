"""`Store`: content-addressed objects and the manifests that name them, on any fsspec file system.

Layout under the root: ``objects/ab/<sha256>``, ``sealed/ab/<sha256>`` (encrypted, with the wrapped
data key in ``<sha256>.key``), ``manifests/ab/<key>.json``, ``checkpoints/<key>/``,
``documents/<name>`` (requests, progress, errors). Objects and manifests are written once and never
changed; a manifest is published last, atomically, and the first one wins. A store that seals
encrypts all that it writes and that holds data; what is sealed any store reads that has the key.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.backend import Backend, open_backend
from millrace.artifacts.manifest import FileEntry, Manifest
from millrace.artifacts.objects import SEALED, Objects
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.sealing.master_keys import MasterKeys
from millrace.artifacts.sealing.vault import Vault, is_box
from millrace.errors import DataError, IntegrityError, SpecError

log = logging.getLogger(__name__)


class Store:
    """The artifact store at a URI (``file:``, ``s3:``, ``memory:``, …).

    Args:
        uri: root of the store.
        cache: local folder for verified copies of remote objects and, in a folder of this user's
            only, for decrypted ones.
        seals: whether what is written is encrypted.
        shows: whether what is read is for people to see, or leaves the installation; then facts
            and files of labelled artifacts are refused.
        keys: returns the master keys; asked when they are needed.
    """

    def __init__(
        self,
        uri: str,
        cache: Path | None = None,
        *,
        seals: bool = False,
        shows: bool = False,
        keys: Callable[[], MasterKeys] = MasterKeys.load,
    ) -> None:
        self.uri = uri.rstrip("/")
        self.seals = seals
        self.shows = shows
        self._keys = keys
        self._backend: Backend = open_backend(self.uri)
        self._cache = cache or Path(tempfile.gettempdir()) / f"millrace-cache-{os.getuid()}"
        self._vault = Vault(self._backend, SEALED, self._cache / SEALED, keys)
        self._objects = Objects(self._backend, self._cache, self._vault, seals=seals)

    def sealing(self, seals: bool = True) -> Store:
        """Return this store as one that encrypts what it writes, or does not."""
        if seals == self.seals:
            return self
        return Store(self.uri, self._cache, seals=seals, shows=self.shows, keys=self._keys)

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
            SpecError: it refuses, cannot keep the first of two writers, or is to encrypt and there
                is no master key.
            TransientError: it does not answer, or is full.
        """
        if self.seals:
            self.check_keys()
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

    def check_keys(self) -> None:
        """Raise `SpecError` where nothing can be encrypted: no master key, or no such package."""
        self._vault.unbox_bytes(self._vault.box_bytes(b"probe", "probe"), "probe")

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

    def as_stored_here(self, artifact: Artifact) -> Artifact:
        """Return an artifact of this store as this store would have written it.

        One that was written before its workflow was encrypted, or by another workflow that is not,
        is sealed now. What is unencrypted of it goes when garbage is collected, unless another
        artifact holds it.
        """
        manifest = artifact.manifest
        if not self.seals or manifest.sealed:
            return artifact
        plain = {name: entry for name, entry in manifest.files.items() if not entry.sealed}
        made = self._objects.put_all(self._objects.fetch(plain.values()))
        sealed = {
            name: dataclasses.replace(entry, derived=plain[name].derived)
            for name, entry in zip(plain, made, strict=True)
        }
        changed = dataclasses.replace(manifest, files={**manifest.files, **sealed})
        self._backend.write(_manifest_name(manifest.key), changed.to_bytes())
        return Artifact(self, changed)

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

    def complete_entries(self, entries: Iterable[FileEntry]) -> bool:
        """Whether objects are there with their sizes; a cheap look."""
        return self._objects.complete(entries)

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
        data = self._backend.read(f"documents/{name}")
        if data is None or not is_box(data):
            return data
        return self._vault.unbox_bytes(data, f"documents/{name}")

    def write_document(self, name: str, data: bytes, *, private: bool = False) -> str:
        """Write a document atomically and return its URI.

        Args:
            private: it may quote data, so that a store that seals encrypts it.
        """
        if private and self.seals:
            data = self._vault.box_bytes(data, f"documents/{name}")
        self._backend.write(f"documents/{name}", data)
        return f"{self.uri}/documents/{name}"

    def save_checkpoint(self, key: str, name: str, path: Path) -> None:
        """Store a file of an unfinished execution, atomically."""
        target = _checkpoint_name(key, name, self.seals)
        if not self.seals:
            self._backend.upload(target, path)
            return
        with self._vault.temporary() as part:
            with path.open("rb") as plain, part.open("wb") as boxed:
                self._vault.box(plain, boxed, target)
            self._backend.upload(target, part)

    def load_checkpoint(self, key: str, name: str, path: Path) -> bool:
        """Fetch a file of an unfinished execution; False where there is none.

        Raises:
            SpecError: it is encrypted under a master key that is not known here.
        """
        source = _checkpoint_name(key, name, self.seals)
        if self._backend.size(source) is None:
            return False
        if not self.seals:
            self._backend.download(source, path)
            return True
        with self._vault.temporary() as part, self._vault.temporary() as plain:
            self._backend.download(source, part)
            try:
                with part.open("rb") as boxed, plain.open("wb") as file:
                    self._vault.unbox(boxed, file, source)
            except IntegrityError as error:
                log.warning("A checkpoint is damaged and is not used: %s", error)
                return False
            shutil.copyfile(plain, path)
        return True

    def drop_checkpoints(self, key: str) -> None:
        """Remove what an execution kept for its retries."""
        self._backend.remove_tree(f"checkpoints/{key}")


def _checkpoint_name(key: str, name: str, sealed: bool) -> str:
    return f"checkpoints/{key}/{name}{'.sealed' if sealed else ''}"


def _kept_name(key: str, digest: str) -> str:
    return f"manifests/{key[:2]}/{key}@{digest}.json"


def _manifest_name(key: str) -> str:
    return f"manifests/{key[:2]}/{key}.json"
