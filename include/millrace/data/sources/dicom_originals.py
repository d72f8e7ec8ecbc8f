"""`Originals`: files as they were, into the restricted store, before they are de-identified."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from millrace.artifacts import restricted
from millrace.artifacts.restricted import RestrictedStore
from millrace.data.dicom.series import Member
from millrace.errors import SpecError
from millrace.privacy.keys import PrivacyKey
from millrace.settings import Settings

_NAME = 16  # hexadecimal digits


class Originals:
    """Keeps originals of a workflow.

    Args:
        workflow: name. key: of pseudonyms, which the names are made with.
        forgotten: pseudonyms of people of whom nothing is kept.

    Raises:
        SpecError: the installation has no restricted store.
    """

    def __init__(self, workflow: str, key: PrivacyKey, forgotten: Collection[str] = ()) -> None:
        store = RestrictedStore.load(Settings.load().home / "restricted")
        if store is None:
            raise SpecError(
                "there is no restricted store to keep originals in",
                where=f"workflow {workflow}",
                expected=f"{restricted.VARIABLE}, a URI",
                received="nothing",
                remedy="Set it, or `privacy: {originals: discard}`.",
            )
        self._store = store
        self._workflow = workflow
        self._key = key
        self._forgotten = frozenset(forgotten)

    def kept(
        self, members: Sequence[Member[Any]], contents: Iterable[bytes | None]
    ) -> Iterator[bytes | None]:
        """Yield the contents as they are, each kept before it goes on; None is too large.

        Args:
            members: to which they belong, in their order.
        """
        for member, content in zip(members, contents, strict=True):
            if content is not None and member.scan.patient not in self._forgotten:
                self._keep(member, content)
            yield content

    def _keep(self, member: Member[Any], content: bytes) -> None:
        digest = self._key.digest("original", member.file.digest).hex()[:_NAME]
        name = f"{member.scan.instance}.{digest}"  # two files may say that they are one instance
        self._store.keep(self._workflow, member.scan.patient, name, content)
