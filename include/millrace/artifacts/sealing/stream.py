"""A sealed file: AES-256-GCM in chunks, each authenticated, with their order and their end.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár 2015, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance"), keyed as in Tink's
AES-GCM-HKDF: a file's own key is HKDF-SHA256 of its data key and a random salt, and the nonce of a
chunk is a random prefix, the chunk's number and whether it is the last. Knows no store.

Layout: magic (8 bytes), salt (32), nonce prefix (7), then chunks of 1 MiB plain, each followed by
its tag (16). A file without content has one empty chunk.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from millrace.errors import IntegrityError, SpecError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
CHUNK = 1 << 20
"""Bytes of plain content in a chunk; part of the format."""

_MAGIC = b"MRSEAL1\n"
_SALT, _PREFIX, _TAG = 32, 7, 16  # bytes
_HEADER = len(_MAGIC) + _SALT + _PREFIX
_INFO = b"millrace sealed file 1\0"
_AHEAD = 16  # chunks that may wait in memory for what is done beside
_MOST = 1 << 32  # chunks of a file
_REMEDY = "Force the stage that made it, so that it is made again."


def sealed_size(size: int) -> int:
    """Return the bytes of a sealed file with `size` bytes of content."""
    return _HEADER + size + _TAG * max(1, -(-size // CHUNK))


def aes_gcm(key: bytes) -> AESGCM:
    """Return the cipher of a key; raise `SpecError` where the package for it is not installed."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise SpecError(
            "what is encrypted cannot be opened here",
            received="no package cryptography",
            remedy="Install it, or build the image anew from the present checkout.",
        ) from error
    return AESGCM(key)


def seal(source: BinaryIO, target: BinaryIO, key: bytes, context: str) -> str:
    """Encrypt `source` to its end into `target`, hashing beside it.

    Args:
        key: the data key, 32 bytes. context: what the file is; it opens under no other.

    Returns:
        The SHA-256 of the very content that was sealed.
    """
    header = _MAGIC + os.urandom(_SALT + _PREFIX)
    cipher = _cipher(key, header, context)
    digest = hashlib.sha256()
    target.write(header)
    with _beside(digest.update) as hashing:
        for number, (chunk, last) in enumerate(_chunks(source, CHUNK)):
            hashing(chunk)
            target.write(cipher.encrypt(_nonce(header, number, last), chunk, header))
    return digest.hexdigest()


def unseal(
    source: BinaryIO, key: bytes, context: str, take: Callable[[bytes], Any], where: object
) -> None:
    """Hand each authenticated chunk of a sealed file to `take`, in order.

    What `take` has got is the whole content only when this returns. Further chunks are opened
    beside what `take` does.

    Args:
        where: the file's place, for the error.

    Raises:
        IntegrityError: the file was truncated, changed, extended, or sealed under another key or
            for another context.
    """
    header = source.read(_HEADER)
    if len(header) != _HEADER or not header.startswith(_MAGIC):
        raise IntegrityError(
            "not a sealed file",
            where=where,
            expected="the header of a sealed file",
            received=f"{len(header)} bytes that begin with {header[: len(_MAGIC)]!r}",
            remedy=_REMEDY,
        )
    with _beside(take) as taking:
        for chunk in _opened(source, _cipher(key, header, context), header, where):
            taking(chunk)


@contextmanager
def _beside(work: Callable[[bytes], Any]) -> Iterator[Callable[[bytes], None]]:
    """Give a function that has `work` done beside, in order; all is done on leaving.

    A file of one chunk is worked on at once, without a thread.
    """
    waiting: deque[Future[Any]] = deque()
    with ExitStack() as stack:
        pool: ThreadPoolExecutor | None = None
        first: list[bytes] = []

        def add(chunk: bytes) -> None:
            nonlocal pool
            if pool is None and not first:
                first.append(chunk)
                return
            if pool is None:
                pool = stack.enter_context(ThreadPoolExecutor(1))
                waiting.append(pool.submit(work, first[0]))
            if len(waiting) >= _AHEAD:
                waiting.popleft().result()
            waiting.append(pool.submit(work, chunk))

        yield add
        if pool is None and first:
            work(first[0])
        for one in waiting:
            one.result()


def _opened(source: BinaryIO, cipher: AESGCM, header: bytes, where: object) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag

    for number, (chunk, last) in enumerate(_chunks(source, CHUNK + _TAG)):
        try:
            yield cipher.decrypt(_nonce(header, number, last), chunk, header)
        except (InvalidTag, ValueError) as error:
            raise IntegrityError(
                "a sealed file cannot be opened",
                where=where,
                expected="chunks as they were sealed, in their order, to their end",
                received=f"chunk {number} that is not, or the data key of another file",
                remedy=_REMEDY,
            ) from error


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield a file's chunks, and with each whether it is the last; at least one."""
    chunk = source.read(size)
    while True:
        following = source.read(size) if len(chunk) == size else b""
        yield chunk, not following
        if not following:
            return
        chunk = following


def _nonce(header: bytes, number: int, last: bool) -> bytes:
    if number >= _MOST:
        raise SpecError("a file is too large to be sealed", expected="4 PiB at most")
    return header[-_PREFIX:] + number.to_bytes(4, "big") + bytes([last])


def _cipher(key: bytes, header: bytes, context: str) -> AESGCM:
    """Return the cipher of one file."""
    salt = header[len(_MAGIC) : len(_MAGIC) + _SALT]
    # HKDF of RFC 5869 with SHA-256, for one block of output
    extracted = hmac.digest(salt, key, "sha256")
    return aes_gcm(hmac.digest(extracted, _INFO + context.encode() + b"\x01", "sha256"))
