"""`RestrictedStore`: identified originals, apart from all else, always encrypted, for some days.

Originals lie under ``originals/<workflow>/<patient>/<name>``, where patient and name are keyed
pseudonyms, so that one person's can be found and removed by whoever holds the key. It is no part of
the artifact store: no manifest, no run and no page names what is in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from millrace.artifacts.backend import Backend, open_backend
from millrace.artifacts.entry import Entry
from millrace.artifacts.sealing.master_keys import MasterKeys
from millrace.artifacts.sealing.private_folder import private_folder
from millrace.artifacts.sealing.vault import KEY_SUFFIX, Vault
from millrace.artifacts.sweep import store_time
from millrace.errors import SpecError

VARIABLE = "MILLRACE_RESTRICTED_STORE"
"""URI of the restricted store; none by default."""

DAYS = "MILLRACE_RESTRICTED_DAYS"
"""Days after which an original goes; 30 by default, 0 keeps it until somebody removes it."""

CREDENTIALS = {
    "key": "MILLRACE_RESTRICTED_AWS_ACCESS_KEY_ID",
    "secret": "MILLRACE_RESTRICTED_AWS_SECRET_ACCESS_KEY",
    "token": "MILLRACE_RESTRICTED_AWS_SESSION_TOKEN",
    "endpoint_url": "MILLRACE_RESTRICTED_AWS_ENDPOINT_URL",
}
"""Variables of its own access to S3, by the client's option; AWS's own where none is set."""

_AREA = "originals"
_DEFAULT_DAYS = 30.0
_DAY = 24 * 3600.0  # seconds
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST = 36_500.0  # days


@dataclass(frozen=True)
class Expired:
    """Originals that are older than their retention.

    Attributes:
        names: of files and documents. bytes: their size.
    """

    names: tuple[str, ...]
    bytes: int


class RestrictedStore:
    """The restricted store of an installation.

    Args:
        uri: of it. folder: local, for encrypted files on their way; made private.
        days: for which an original is kept; 0 keeps it.
        options: of the client, see `CREDENTIALS`.
        keys: returns the master keys; asked when they are needed.
    """

    def __init__(
        self,
        uri: str,
        folder: Path,
        *,
        days: float = _DEFAULT_DAYS,
        options: Mapping[str, str] | None = None,
        keys: Callable[[], MasterKeys] = MasterKeys.load,
    ) -> None:
        self.uri = uri.rstrip("/")
        self.days = days
        self._backend: Backend = open_backend(self.uri, options or {})
        self._vault = Vault(self._backend, _AREA, folder, keys)

    @classmethod
    def load(
        cls, folder: Path, environment: Mapping[str, str] | None = None
    ) -> RestrictedStore | None:
        """Return the installation's restricted store; None where it has none.

        Raises:
            SpecError: a setting cannot be used.
        """
        env = os.environ if environment is None else environment
        uri = env.get(VARIABLE, "").strip()
        if not uri:
            return None
        options = {option: env[name] for option, name in CREDENTIALS.items() if env.get(name)}
        return cls(uri, folder, days=_days(env.get(DAYS, "")), options=options)

    def keep(self, workflow: str, patient: str, name: str, content: Path | bytes) -> None:
        """Keep an original, encrypted; one of that name is replaced.

        Args:
            workflow: name. patient, name: pseudonyms. content: bytes, or a local file.

        Raises:
            SpecError: a name may not be one, there is no master key, or the store refuses.
        """
        if self._backend.local_root is not None:
            private_folder(self._backend.local_root)
        place = _place(workflow, patient, name)
        self._vault.write(content, lambda _: place)

    def fetch(self, workflow: str, patient: str, name: str, target: Path) -> None:
        """Write an original to `target`, readable by this user only.

        Raises:
            IntegrityError: it is missing or damaged. SpecError: its master key is not known here.
        """
        self._vault.read(_place(workflow, patient, name), target)

    def of_patient(self, patient: str, workflow: str | None = None) -> list[str]:
        """Return the names of a patient's originals in the store, of one workflow or of all."""
        return [one.name for one in self._entries() if _belongs(one, patient, workflow)]

    def forget(self, patient: str, workflow: str | None = None) -> int:
        """Remove a patient's originals; return their number."""
        names = self.of_patient(patient, workflow)
        if names:
            self._backend.remove(names)
        return sum(not name.endswith(KEY_SUFFIX) for name in names)

    def expired(self) -> Expired:
        """Return what is older than its retention, by the store's own clock."""
        if not self.days or not any(self._entries()):
            return Expired((), 0)
        now = store_time(self._backend)
        entries = list(self._entries())
        old = {one.name for one in entries if now - one.modified > self.days * _DAY}
        bodies = {name for name in old if not name.endswith(KEY_SUFFIX)}
        present = {one.name for one in entries}
        gone = [  # rotation makes documents anew: each goes with its file, or where it has none
            one
            for one in entries
            if one.name in bodies or _of(one.name) in bodies or _orphan(one, old, present)
        ]
        return Expired(tuple(one.name for one in gone), sum(one.bytes for one in gone))

    def remove(self, expired: Expired) -> None:
        """Remove them."""
        if expired.names:
            self._backend.remove(expired.names)

    @property
    def backend(self) -> Backend:
        """The file operations under the root, for whoever rotates keys."""
        return self._backend

    def _entries(self) -> Iterator[Entry]:
        return iter(sorted(self._backend.entries(_AREA), key=lambda one: one.name))


def _place(workflow: str, patient: str, name: str) -> str:
    for word in (workflow, patient, name):
        if not _NAME.fullmatch(word) or word.endswith(KEY_SUFFIX):
            raise SpecError(
                "not the name of an original",
                expected="a workflow, and pseudonyms of letters, digits, dots and dashes",
                received=f"{len(word)} characters",
            )
    return f"{_AREA}/{workflow}/{patient}/{name}"


def _belongs(entry: Entry, patient: str, workflow: str | None) -> bool:
    _, of, whose, *rest = entry.name.split("/") if entry.name.count("/") > 2 else ("",) * 3
    return bool(rest) and whose == patient and workflow in (None, of)


def _of(name: str) -> str:
    return name.removesuffix(KEY_SUFFIX) if name.endswith(KEY_SUFFIX) else ""


def _orphan(entry: Entry, old: set[str], present: set[str]) -> bool:
    return entry.name in old and bool(_of(entry.name)) and _of(entry.name) not in present


def _days(text: str) -> float:
    try:
        days = float(text) if text.strip() else _DEFAULT_DAYS
    except ValueError:
        days = -1.0
    if 0 <= days <= _MOST:
        return days
    raise SpecError(
        "not a number of days",
        where=DAYS,
        expected=f"a number from 0 to {_MOST:,.0f}",
        received=text,
    )
