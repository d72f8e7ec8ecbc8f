"""`PrivacyKey`: the secret that pseudonyms are made with, and where it comes from.

It is never stored or logged; what may be stored is its fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping

from millrace.errors import SpecError
from millrace.secret_files import read_secret

VARIABLE = "MILLRACE_PRIVACY_KEY"
"""Name of the variable that holds the key, as base64 or hexadecimal digits."""

FILE_VARIABLE = "MILLRACE_PRIVACY_KEY_FILE"
"""Name of the variable that holds the path of a file with the key."""

LEAST = 32
"""Bytes of a key, at least."""

_HOW = (
    f"Make a key with `python -c 'import secrets; print(secrets.token_hex({LEAST}))'`, keep it "
    f"like a password, and give it as {VARIABLE}, as a file that {FILE_VARIABLE} names, or as the "
    "password of the Airflow connection millrace_privacy."
)


class PrivacyKey:
    """A secret of at least 32 bytes.

    Args:
        secret: the bytes. Neither `repr` nor a pickle shows them.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < LEAST:
            raise SpecError(
                "the key of pseudonyms is too short",
                where=VARIABLE,
                expected=f"at least {LEAST} bytes",
                received=f"{len(secret)} bytes",
                remedy=_HOW,
            )
        self._secret = secret

    def __repr__(self) -> str:
        return f"PrivacyKey({self.fingerprint})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not pickled")

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digits that tell one key from another and say nothing else of it."""
        return self.digest("fingerprint", "millrace")[:8].hex()

    def digest(self, purpose: str, value: str) -> bytes:
        """Return 32 bytes that only the key's holder can make: HMAC-SHA256 (RFC 2104).

        Args:
            purpose: what the bytes are for; equal values for different purposes differ.
            value: what they stand for.
        """
        message = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, hashlib.sha256).digest()


def load_key(environment: Mapping[str, str] | None = None) -> PrivacyKey:
    """Return the key of this installation.

    Args:
        environment: variables; the process' own by default.

    Raises:
        SpecError: there is none, it is too short, or its file cannot be read or is open to others.
    """
    found = os.environ if environment is None else environment
    text = found.get(VARIABLE, "").strip()
    if text:
        return PrivacyKey(_decoded(text, VARIABLE))
    if found.get(FILE_VARIABLE):
        text = read_secret(found[FILE_VARIABLE], FILE_VARIABLE, "the key of pseudonyms", _HOW)
        return PrivacyKey(_decoded(text, FILE_VARIABLE))
    raise SpecError(
        "there is no key to make pseudonyms with",
        where=VARIABLE,
        expected=f"a secret of at least {LEAST} bytes",
        received="nothing",
        remedy=_HOW,
    )


def check_fingerprint(known: str, key: PrivacyKey) -> None:
    """Refuse another key than pseudonyms were made with before.

    Args:
        known: the fingerprint of then.

    Raises:
        SpecError: the key is another; one patient would get two pseudonyms.
    """
    if not hmac.compare_digest(known, key.fingerprint):
        raise SpecError(
            "the key of pseudonyms is not the one of earlier runs: pseudonyms would split",
            where=VARIABLE,
            expected=f"the key with the fingerprint {known}",
            received=key.fingerprint,
            remedy="Set the key of then. To begin anew with this one, use another workflow name.",
        )


def _decoded(text: str, where: str) -> bytes:
    """Return what hexadecimal digits or base64 stand for."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SpecError(
            "the key of pseudonyms is neither base64 nor hexadecimal digits",
            where=where,
            received=f"{len(text)} characters",
            remedy=_HOW,
        ) from None
