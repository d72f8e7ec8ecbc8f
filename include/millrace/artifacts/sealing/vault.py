"""`Vault`: sealed files of a backend by name, each with a data key of its own in a document beside.

The document of ``<name>`` is ``<name>.key``; only it is rewritten when master keys change. The
first document wins, so writers of one name share its data key and any writer's file fits it. A box
is a sealed file that carries its own document: for what lives shortly.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from millrace.artifacts.backend import Backend
from millrace.artifacts.failures import disk_answers
from millrace.artifacts.part_file import part_file
from millrace.artifacts.sealing.master_keys import MasterKeys
from millrace.artifacts.sealing.private_folder import private_folder
from millrace.artifacts.sealing.stream import KEY_BYTES, seal, sealed_size, unseal
from millrace.errors import IntegrityError, SpecError, TransientError

KEY_SUFFIX = ".key"
_BOX = b"MRBOX01\n"
_LENGTH = 4  # bytes that say how long a box's document is
_LONGEST = 1 << 16  # bytes of such a document
_CONTEXT = "file"  # its name is bound to its data key, by the document
_TRIES = 3  # to write a file whose document does not change meanwhile
log = logging.getLogger(__name__)


class Vault:
    """Sealed files below a backend's root.

    Args:
        backend: that holds them. area: folder of the store in which they lie.
        folder: local, for files on their way; made private.
        keys: returns the master keys; asked once, when they are needed.
    """

    def __init__(
        self, backend: Backend, area: str, folder: Path, keys: Callable[[], MasterKeys]
    ) -> None:
        self._backend = backend
        self._area = area
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

    def write(
        self,
        path: Path | bytes,
        name_of: Callable[[str], str],
        kept: Callable[[str], bool] | None = None,
    ) -> str:
        """Seal a local file, or bytes; what is there under its name is replaced.

        Args:
            name_of: gives the name for the SHA-256 of the content.
            kept: given the name where there is a document already: whether the file is there, too,
                and may stay. None: it may not, nor a document whose master key is not known any
                more.

        Returns:
            The SHA-256 of the content.

        Raises:
            SpecError: there is no master key, or not the one of the document that is there.
            TransientError: the file changed meanwhile.
        """
        key = os.urandom(KEY_BYTES)
        self.keys.current  # noqa: B018 - without one, nothing is written at all
        with self._backend.staging(self._area, self._folder) as part:
            digest = _seal_file(path, key, part)
            name = name_of(digest)
            for _ in range(_TRIES):
                agreed, ours = self._agree(name, key, replace=kept is None)
                if not ours and kept is not None and kept(name):
                    return digest
                if agreed != key or not part.exists():
                    key = agreed
                    _check_same(_seal_file(path, key, part), digest, path)
                self._backend.adopt(part, name)
                if ours or self._find_key(name) == key:
                    return digest
        raise TransientError("the document of a data key does not stay", where=name)

    def read(self, name: str, target: Path) -> None:
        """Write the content of a sealed file to `target`, as a whole or not at all.

        Each chunk is authenticated, so what comes out is what went in; nothing is hashed again.

        Raises:
            IntegrityError: the file or its document is missing or damaged.
            SpecError: the master key that it needs is not known here.
        """
        key = self._needed_key(name)
        with self._sealed(name) as source, _replacing(target) as file:
            unseal(source, key, _CONTEXT, file.write, name)

    def verify(self, name: str) -> None:
        """Open a sealed file without keeping anything; see `read` for errors."""
        key = self._needed_key(name)
        with self._sealed(name) as source:
            unseal(source, key, _CONTEXT, len, name)

    def rewrap(self, name: str) -> None:
        """Wrap the data key of `name` by the current master key; one that is gone stays gone."""
        key = self._find_key(name)
        if key is not None:
            self._backend.write(name + KEY_SUFFIX, self.keys.wrap(key, name))

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
        unseal(source, key, context, target.write, context)

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
        with part_file(private_folder(self._folder)) as path:
            yield path

    def _agree(self, name: str, key: bytes, *, replace: bool) -> tuple[bytes, bool]:
        """Return the data key of `name`, and whether it is `key`, which had none before."""
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

    def _needed_key(self, name: str) -> bytes:
        key = self._find_key(name)
        if key is None:
            raise IntegrityError(
                "the document of a data key is missing",
                where=name + KEY_SUFFIX,
                remedy="Bring it back from a backup, or force the stage that made the object.",
            )
        return key

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
        with self.temporary() as part:
            self._backend.download(name, part)
            with part.open("rb") as file:
                yield file


def is_box(data: bytes) -> bool:
    """Whether bytes begin as a box does."""
    return data.startswith(_BOX)


def _seal_file(path: Path | bytes, key: bytes, part: Path) -> str:
    opened = io.BytesIO(path) if isinstance(path, bytes) else path.open("rb")
    with opened as source, part.open("wb") as target:
        return seal(source, target, key, _CONTEXT)


def _check_same(received: str, expected: str, path: Path | bytes) -> None:
    if received != expected:
        raise TransientError(
            "a file changed while it was stored",
            where=None if isinstance(path, bytes) else path,
            expected=expected,
            received=received,
        )


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
