"""`JobRequest`: the document that says what to execute. It runs the same in any process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.errors import SpecError

FORMAT = 1
_OPTIONAL = ("sensitivity", "sealed")  # written only where they say something


@dataclass(frozen=True)
class JobRequest:
    """One execution of a stage.

    Attributes:
        stage: name of the stage. key, key_parts: see `millrace.jobs.keys`.
        params: of the stage; in the key. locations: URIs outside the store; not in the key.
        inputs: references by role.
        replace: publish even where the key has an artifact already (forced, or damaged).
        sensitivity: label of what it reads outside the store; see `Manifest`.
        sealed: whether its result, and what it keeps meanwhile, is encrypted.
        attempt: names the document in which this attempt says why it failed.
    """

    stage: str
    key: str
    key_parts: Mapping[str, Any]
    params: Mapping[str, Any]
    inputs: Mapping[str, Sequence[ArtifactRef]]
    locations: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = False
    attempt: str = "0"
    sensitivity: str = ""
    sealed: bool = False

    @property
    def error_name(self) -> str:
        """Name of the document in which a failed attempt says why."""
        return f"errors/{self.key}-{self.attempt}.json"

    def to_bytes(self) -> bytes:
        """Return the request as stored."""
        inputs = {role: [ref.to_document() for ref in refs] for role, refs in self.inputs.items()}
        said = {name: value for name, value in vars(self).items() if value or name not in _OPTIONAL}
        document = {**said, "format": FORMAT, "inputs": inputs}
        return json.dumps(document, indent=1, sort_keys=True, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> JobRequest:
        """Read a stored request.

        Raises:
            SpecError: it is not a request, or of a format that this version does not know.
        """
        try:
            document = json.loads(data)
            version = document.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecError("not a job request", where=where, received=data[:80]) from error
        if version != FORMAT:
            raise SpecError(
                "unknown request format",
                where=where,
                expected=FORMAT,
                received=version,
                remedy="Run it with the version of Millrace that wrote it, or a newer one.",
            )
        try:
            inputs = {
                role: [ArtifactRef.from_document(ref) for ref in refs]
                for role, refs in document.pop("inputs").items()
            }
            return cls(**document, inputs=inputs)
        except (KeyError, TypeError, AttributeError) as error:
            raise SpecError("a job request lacks a field", where=where, received=error) from error
