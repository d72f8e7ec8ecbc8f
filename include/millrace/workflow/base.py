"""The base of every value read from YAML: frozen, and refusing keys that it does not know."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

IMPLEMENTATION = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
"""Pattern of a user's own code in a spec: ``package.module:name``."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""A name that is safe as a DAG id, a table name and a folder: lower case, digits, underscores."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of the whole, 0 to 1."""


class Value(BaseModel):
    """A frozen part of a spec. Unknown keys are errors; numbers are not made from strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
