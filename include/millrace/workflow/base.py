"""The base of every value read from YAML: frozen, and refusing keys that it does not know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

IMPLEMENTATION = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
"""Pattern of a user's own code in a spec: ``package.module:name``."""

CUSTOM = "package.module:name"
"""Tag of a user's own implementation in a union of kinds."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""A name that is safe as a DAG id, a table name and a folder: lower case, digits, underscores."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of the whole, 0 to 1."""


class Value(BaseModel):
    """A frozen part of a spec. Unknown keys are errors; numbers are not made from strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def tag_by_kind(value: Any) -> str | None:
    """Return the tag of a union's member: its `kind`, or `CUSTOM` for an import path."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return CUSTOM if isinstance(kind, str) and ":" in kind else kind
