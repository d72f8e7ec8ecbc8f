"""`Vault`: sealed files of a backend by name, each with a data key of its own in a document beside.

The document of ``<name>`` is ``<name>.key``; only it is rewritten when master keys change. The
first document wins, so writers of one name share its data key and any writer's file fits it. A box
is a sealed file that carries its own document: for what lives shortly.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from millrace.artifacts.backend import Backend
from millrace.artifacts.failures import disk_answers
from millrace.artifacts.sealing.master_keys import MasterKeys
from millrace.artifacts.sealing.private_folder import private_folder
from millrace.artifacts.sealing.stream import KEY_BYTES, seal, sealed_size, unseal
from millrace.errors import IntegrityError, SpecError, TransientError

KEY_SUFFIX = ".key"
_BOX = b"MRBOX01\n"
_LENGTH = 4  # bytes that say how long a box's document is
_LONGEST = 1 << 16  # bytes of such a document
_TRIES = 3  # to write a file whose document does not change meanwhile
log = logging.getLogger(__name__)


class Vault:
    """Sealed files below a backend's root.

    Args:
        backend: that holds them. folder: local, for files on their way; made private.
        keys: returns the master keys; asked once, when they are needed.
    """

    def __init__(self, backend: Backend, folder: Path, keys: Callable[[], MasterKeys]) -> None:
        self._backend = backend
        self._folder = folder
        self._load = keys
        self._keys: MasterKeys | None = None

    @property
    def keys(self) -> MasterKeys:
        """The master keys."""
        if self._keys is None:
            self._keys = self._load()
        return self._keys

    def holds(self, name: str, size: int) -> bool:
        """Whether a file with `size` bytes of content is there, with its document; a cheap look."""
        there = self._backend.size(name) == sealed_size(size)
        return there and self._backend.size(name + KEY_SUFFIX) is not None

    def write(self, name: str, path: Path, kept: Callable[[], bool] | None = None) -> None:
        """Seal a local file as `name`; what is there is replaced.

        Args:
            kept: asked where there is a document already: whether the file is there, too, and may
                stay. None: it may not, nor a document whose master key is not known any more.

        Raises:
            SpecError: there is no master key, or not the one of the document that is there.
        """
        for _ in range(_TRIES):
            key, made = self._data_key(name, replace=kept is None)
            if not made and kept is not None and kept():
                return
            self._backend.place(name, partial(_seal_file, path, key, name), self._folder)
            if made or self._find_key(name) == key:  # else the garbage collection took it meanwhile
                return
        raise TransientError("the document of a data key does not stay", where=name)

    def read(self, name: str, target: Path, check: Callable[[str], None]) -> None:
        """Write the content of a sealed file to `target`, as a whole or not at all.

        Args:
            check: given the SHA-256 of the content; raises where it is not the one that is wanted.

        Raises:
            IntegrityError: the file or its document is missing or damaged.
            SpecError: the master key that it needs is not known here.
        """
        key = self._find_key(name)
        if key is None:
            raise IntegrityError(
                "the document of a data key is missing",
                where=name + KEY_SUFFIX,
                remedy="Bring it back from a backup, or force the stage that made the object.",
            )
        with self._sealed(name) as source, _replacing(target) as file:
            check(_take(source, key, name, file, name))

    def digest(self, name: str) -> str:
        """Return the SHA-256 of the content of a sealed file; see `read` for errors."""
        key = self._find_key(name)
        if key is None:
            raise IntegrityError("the document of a data key is missing", where=name + KEY_SUFFIX)
        with self._sealed(name) as source:
            return _take(source, key, name, None, name)

    def rewrap(self, name: str) -> bool:
        """Wrap the data key of `name` by the current master key; False where it was already."""
        data = self._backend.read(name + KEY_SUFFIX)
        if data is None:
            return False
        key = self.keys.unwrap(data, name, name + KEY_SUFFIX)
        self._backend.write(name + KEY_SUFFIX, self.keys.wrap(key, name))
        return True

    def box(self, source: BinaryIO, target: BinaryIO, context: str) -> None:
        """Seal `source` into `target` together with the document of a data key."""
        key = os.urandom(KEY_BYTES)
        document = self.keys.wrap(key, context)
        target.write(_BOX + len(document).to_bytes(_LENGTH, "big") + document)
        seal(source, target, key, context)

    def unbox(self, source: BinaryIO, target: BinaryIO, context: str) -> None:
        """Open a box into `target`, which is whole only when this returns.

        Raises:
            IntegrityError: it is no box, or damaged. SpecError: its master key is not known here.
        """
        start = source.read(len(_BOX) + _LENGTH)
        length = int.from_bytes(start[len(_BOX) :], "big")
        if not is_box(start) or length > _LONGEST:
            raise IntegrityError("not an encrypted file", where=context, received=start[:8])
        key = self.keys.unwrap(source.read(length), context, context)
        _take(source, key, context, target, context)

    def box_bytes(self, data: bytes, context: str) -> bytes:
        """Return `data` as a box."""
        made = io.BytesIO()
        self.box(io.BytesIO(data), made, context)
        return made.getvalue()

    def unbox_bytes(self, data: bytes, context: str) -> bytes:
        """Return what is in a box; see `unbox`."""
        made = io.BytesIO()
        self.unbox(io.BytesIO(data), made, context)
        return made.getvalue()

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """Give a file of this user's only, gone on leaving."""
        with self._temporary() as path:
            yield path

    def _data_key(self, name: str, *, replace: bool) -> tuple[bytes, bool]:
        """Return the data key of `name`, and whether it is new."""
        key = os.urandom(KEY_BYTES)
        document = self.keys.wrap(key, name)
        if self._backend.create(name + KEY_SUFFIX, document):
            return key, True
        try:
            present = self._find_key(name)
        except (IntegrityError, SpecError) as error:
            if isinstance(error, SpecError) and not replace:
                raise
            log.warning("The document of a data key is replaced: %s", error)
            self._backend.write(name + KEY_SUFFIX, document)
            return key, True
        return (key, False) if present is None else (present, False)

    def _find_key(self, name: str) -> bytes | None:
        data = self._backend.read(name + KEY_SUFFIX)
        return None if data is None else self.keys.unwrap(data, name, name + KEY_SUFFIX)

    @contextmanager
    def _sealed(self, name: str) -> Iterator[BinaryIO]:
        """Open a sealed file, a remote one as a copy."""
        if self._backend.local_root is not None:
            path = self._backend.local_root / name
            try:
                with disk_answers(path), path.open("rb") as file:
                    yield file
            except FileNotFoundError as error:
                raise IntegrityError("an object is missing", where=path) from error
            return
        with self._temporary() as part:
            self._backend.download(name, part)
            with part.open("rb") as file:
                yield file

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = private_folder(self._folder)
        with disk_answers(folder):
            handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
            os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def is_box(data: bytes) -> bool:
    """Whether bytes begin as a box does."""
    return data.startswith(_BOX)


def _seal_file(path: Path, key: bytes, name: str, part: Path) -> None:
    with path.open("rb") as source, part.open("wb") as target:
        seal(source, target, key, name)


def _take(source: BinaryIO, key: bytes, context: str, target: BinaryIO | None, where: str) -> str:
    """Open a sealed file into `target` and return the SHA-256 of the content."""
    digest = hashlib.sha256()

    def take(chunk: bytes) -> None:
        digest.update(chunk)
        if target is not None:
            target.write(chunk)

    unseal(source, key, context, take, where)
    return digest.hexdigest()


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Give a file that becomes `target` when the block ends well, readable by this user only."""
    with disk_answers(target):
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            Path(name).chmod(0o400)
            os.replace(name, target)
        finally:
            Path(name).unlink(missing_ok=True)
