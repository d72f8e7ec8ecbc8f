"""`ArtifactRef`: what travels between tasks. Never data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ArtifactRef:
    """A reference to an immutable artifact.

    Attributes:
        kind: ``records``, ``dataset``, ``bundle``, …
        key: digest of what made it; the manifest is found under it.
        digest: digest of what it is; equal for equal content, whatever made it.
        uri: URI of the manifest, for people and for lineage.
        rows: records, where that means something.
        bytes: size of all files.
    """

    kind: str
    key: str
    digest: str
    uri: str
    rows: int | None
    bytes: int

    def to_document(self) -> dict[str, Any]:
        """Return the reference as JSON values: an XCom."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ArtifactRef:
        """Rebuild a reference from `to_document`'s values."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})
