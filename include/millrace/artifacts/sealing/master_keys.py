"""`MasterKeys`: the keys that wrap data keys, from the environment; Millrace stores them nowhere.

``MILLRACE_MASTER_KEY`` holds one key or several, separated by commas or white space, each of 32
bytes in base64 or hexadecimal; ``MILLRACE_MASTER_KEY_FILE`` names a file with the same content.
The first key wraps; all of them unwrap. A key is known by its fingerprint, so that a document can
say which one it needs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace.artifacts.sealing.stream import KEY_BYTES, aes_gcm
from millrace.errors import IntegrityError, SpecError
from millrace.secret_files import read_secret

VARIABLE = "MILLRACE_MASTER_KEY"
FILE_VARIABLE = "MILLRACE_MASTER_KEY_FILE"
CONNECTION = "millrace_master_key"
"""Id of the Airflow connection that may hold the keys, as its password."""

FORMAT = 1
_ALGORITHM = "AES-256-GCM"
_NONCE = 12  # bytes
_CONTEXT = "millrace data key 1\0"
_HOW = "`millrace keys new` makes one."
_WHERE = f"{VARIABLE} or {FILE_VARIABLE}"


@dataclass(frozen=True)
class MasterKeys:
    """Master keys by fingerprint, the first of which wraps.

    Attributes:
        keys: 32 bytes each.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> MasterKeys:
        """Read the keys; none where nothing is set.

        Raises:
            SpecError: a key or the file cannot be used.
        """
        env = os.environ if environment is None else environment
        text = env.get(VARIABLE, "").strip() or _file(env.get(FILE_VARIABLE, "").strip())
        found = [_decoded(word, number) for number, word in enumerate(_words(text), 1)]
        return cls({fingerprint(key): key for key in found})

    @property
    def current(self) -> str:
        """Fingerprint of the key that wraps; raise `SpecError` where there is none."""
        if not self.keys:
            raise SpecError(
                "there is no master key",
                where=_WHERE,
                expected=f"a key, or the Airflow connection {CONNECTION} (its password)",
                remedy=f"{_HOW} Keep a copy: without it, what is encrypted is lost.",
            )
        return next(iter(self.keys))

    def wrap(self, data_key: bytes, context: str) -> bytes:
        """Return the document that holds a data key, wrapped by the current master key.

        Args:
            context: what the data key is for; the document is of no use for anything else.
        """
        current = self.current
        nonce = os.urandom(_NONCE)
        wrapped = aes_gcm(self.keys[current]).encrypt(nonce, data_key, _bound(context))
        document = {
            "format": FORMAT,
            "algorithm": _ALGORITHM,
            "master": current,
            "nonce": base64.b64encode(nonce).decode(),
            "wrapped": base64.b64encode(wrapped).decode(),
        }
        return json.dumps(document, sort_keys=True).encode()

    def unwrap(self, document: bytes, context: str, where: object) -> bytes:
        """Return the data key of a document.

        Raises:
            SpecError: none of the known master keys wrapped it, or its format is newer.
            IntegrityError: the document is damaged, or was made for something else.
        """
        master, nonce, wrapped = _parsed(document, where)
        if master not in self.keys:
            raise SpecError(
                "the master key that opens this is not known here",
                where=where,
                expected=f"master key {master}",
                received=", ".join(self.keys) or "none",
                remedy=f"Add that key to {_WHERE}, after the present one.",
            )
        cipher = aes_gcm(self.keys[master])
        from cryptography.exceptions import InvalidTag

        try:
            return cipher.decrypt(nonce, wrapped, _bound(context))
        except (InvalidTag, ValueError) as error:
            raise _damaged(where, "one that belongs to something else, or was changed") from error


def new_key() -> str:
    """Return a new master key as text: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def fingerprint(key: bytes) -> str:
    """Return what names a key and tells nothing of it: 16 hexadecimal digits."""
    return hmac.new(key, b"millrace master key", hashlib.sha256).hexdigest()[:16]


def master_of(document: bytes, where: object) -> str:
    """Return the fingerprint of the master key that wrapped a document's data key."""
    return _parsed(document, where)[0]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _file(name: str) -> str:
    return read_secret(name, FILE_VARIABLE, "the master keys", _HOW) if name else ""


def _decoded(word: str, number: int) -> bytes:
    """Return the bytes of a key; an error never shows any of it."""
    key = b""
    try:
        key = (
            bytes.fromhex(word)
            if len(word) == 2 * KEY_BYTES
            else base64.b64decode(word, None, True)
        )
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise SpecError(
            "a master key cannot be used",
            where=f"{_WHERE}, key {number}",
            expected=f"{KEY_BYTES} bytes in base64 or hexadecimal",
            received=f"{len(word)} characters",
            remedy=_HOW,
        )
    return key


def _parsed(document: bytes, where: object) -> tuple[str, bytes, bytes]:
    """Return the master key's fingerprint, the nonce and the wrapped key."""
    try:
        values: dict[str, Any] = json.loads(document)
        version, master = values["format"], str(values["master"])
        nonce = base64.b64decode(values["nonce"], None, True)
        wrapped = base64.b64decode(values["wrapped"], None, True)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(where, "one that is not whole") from error
    if version != FORMAT or values.get("algorithm") != _ALGORITHM:
        raise SpecError(
            "unknown format of a data key's document",
            where=where,
            expected=f"{FORMAT}, {_ALGORITHM}",
            received=f"{version}, {values.get('algorithm')}",
            remedy="Use the version of Millrace that wrote this store, or a newer one.",
        )
    if len(nonce) != _NONCE:
        raise _damaged(where, f"a nonce of {len(nonce)} bytes")
    return master, nonce, wrapped


def _damaged(where: object, received: str) -> IntegrityError:
    return IntegrityError(
        "the document of a data key is damaged",
        where=where,
        expected="the document that was written with the sealed file",
        received=received,
        remedy="Bring it back from a backup, or force the stage that made the object.",
    )


def _bound(context: str) -> bytes:
    return (_CONTEXT + context).encode()
