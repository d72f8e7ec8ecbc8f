"""`Pseudonyms`: names that stand for originals: equal for equal ones, and useless without the key.

A pseudonym is made from its original, never looked up: nothing holds a table of both.
"""

from __future__ import annotations

import base64

from millrace.privacy.keys import PrivacyKey

_LETTERS = 16
_SHORTEST, _LONGEST = 365, 3_650  # days that a patient's dates are moved into the past
_UUID_VERSION = 0x8 << 76  # RFC 9562, version 8: bits of the maker's own choice
_UUID_VARIANT = 0x2 << 62


class Pseudonyms:
    """Makes names under one key."""

    def __init__(self, key: PrivacyKey) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """Of the key."""
        return self._key.fingerprint

    def name(self, kind: str, original: str) -> str:
        """Return 16 letters and digits (80 bits) behind the kind's first letter, ``S-ABCD…``.

        Args:
            kind: what is named, such as ``series``; kinds have different names for one original.
        """
        digest = self._key.digest(f"name:{kind}", original)
        letters = base64.b32encode(digest[: _LETTERS * 5 // 8]).decode()
        return f"{kind[0].upper()}-{letters}"

    def patient(self, original: str) -> str:
        """Return the pseudonym of a patient: ``P-`` and 16 letters and digits."""
        return self.name("patient", original)

    def uid(self, original: str) -> str:
        """Return a DICOM UID in place of another: ``2.25.`` and a UUID (PS3.5 B.2)."""
        bits = int.from_bytes(self._key.digest("uid", original)[:16], "big")
        bits = bits & ~(0xF << 76) & ~(0x3 << 62) | _UUID_VERSION | _UUID_VARIANT
        return f"2.25.{bits}"

    def days(self, patient: str) -> int:
        """Return by how many days a patient's dates move: 365 to 3,650 into the past.

        Args:
            patient: the pseudonym.
        """
        bits = int.from_bytes(self._key.digest("days", patient)[:8], "big")
        return -(_SHORTEST + bits % (_LONGEST - _SHORTEST + 1))
