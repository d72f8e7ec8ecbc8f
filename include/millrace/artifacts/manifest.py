"""`Manifest`: the document that makes a set of objects an artifact. Readers trust only this."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace.artifacts.digests import digest_value
from millrace.errors import IntegrityError, SpecError

FORMAT = 1


@dataclass(frozen=True)
class FileEntry:
    """A file of an artifact.

    Attributes:
        sha256: of the content. bytes: its size.
        derived: made from the artifact's other files by a tool whose output bytes vary from run to
            run (an exported graph); kept and verified, but not part of the artifact's digest.
        sealed: stored encrypted; of the content's digest and size that says nothing.
    """

    sha256: str
    bytes: int
    derived: bool = False
    sealed: bool = False

    def to_document(self) -> dict[str, Any]:
        """Return the entry as JSON values; `sealed` only where it is."""
        document = dict(vars(self))
        if not self.sealed:
            del document["sealed"]
        return document


@dataclass(frozen=True)
class Manifest:
    """What an artifact is and what made it.

    Attributes:
        kind: of the artifact.
        key: digest of the key parts; the manifest's name in the store.
        files: by file name.
        facts: JSON values that belong to the content.
        rows: records, where that means something.
        key_parts: what the key was made of, so that a later miss can be explained.
        provenance: who made it, where, when, how long; not part of the content.
        sensitivity: ``identified`` where it was made from identified input that nothing has
            de-identified since; else empty. Part of the digest, so that whatever is made from it
            has keys of its own.
    """

    kind: str
    key: str
    files: Mapping[str, FileEntry]
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None
    key_parts: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    sensitivity: str = ""

    @property
    def digest(self) -> str:
        """The digest of the content: kind, files and facts, and nothing of where or when."""
        files = {n: entry.sha256 for n, entry in self.files.items() if not entry.derived}
        content = {"kind": self.kind, "files": files, "facts": self.facts}
        return digest_value(content | self._label())

    @property
    def sealed(self) -> bool:
        """Whether all files are stored encrypted."""
        return all(entry.sealed for entry in self.files.values())

    @property
    def size(self) -> int:
        """Size of all files, bytes."""
        return sum(entry.bytes for entry in self.files.values())

    def to_bytes(self) -> bytes:
        """Return the document as stored."""
        document = {
            "format": FORMAT,
            "kind": self.kind,
            "key": self.key,
            "digest": self.digest,
            "rows": self.rows,
            "files": {name: entry.to_document() for name, entry in self.files.items()},
            "facts": self.facts,
            "key_parts": self.key_parts,
            "provenance": self.provenance,
            **self._label(),
        }
        return json.dumps(document, indent=1, sort_keys=True, allow_nan=False).encode()

    def _label(self) -> dict[str, str]:
        return {"sensitivity": self.sensitivity} if self.sensitivity else {}

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Manifest:
        """Read a stored manifest.

        Raises:
            SpecError: the format is newer than this version knows.
            IntegrityError: it is not a manifest, or its digest does not fit its content.
        """
        try:
            document = json.loads(data)
            version = document["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityError(
                "not a manifest",
                where=where,
                expected="a JSON document with a format",
                received=data[:80],
                remedy="Delete the file; the stage will run again.",
            ) from error
        if version != FORMAT:
            raise SpecError(
                "unknown manifest format",
                where=where,
                expected=FORMAT,
                received=version,
                remedy="Use the version of Millrace that wrote this store, or a newer one.",
            )
        return cls._from_document(document, where)

    @classmethod
    def _from_document(cls, document: dict[str, Any], where: str) -> Manifest:
        try:
            manifest = cls(
                kind=document["kind"],
                key=document["key"],
                files={name: FileEntry(**entry) for name, entry in document["files"].items()},
                facts=document["facts"],
                rows=document["rows"],
                key_parts=document["key_parts"],
                provenance=document["provenance"],
                sensitivity=str(document.get("sensitivity", "")),
            )
            recorded = document["digest"]
        except (KeyError, TypeError, AttributeError) as error:
            raise IntegrityError("a manifest lacks a field", where=where, received=error) from error
        if manifest.digest != recorded:
            raise IntegrityError(
                "a manifest does not match its own digest",
                where=where,
                expected=recorded,
                received=manifest.digest,
                remedy="Delete the file; the stage will run again.",
            )
        return manifest
