"""`Approval`: that a person must agree before a challenger becomes champion."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from millrace.workflow.base import Value

_YEAR = 8_760  # hours


class Approval(Value):
    """Who is asked, and for how long, once a challenger has passed the gate.

    Attributes:
        users: who may answer, as Airflow's login names them; empty: everybody who may trigger the
            workflow's DAG.
        timeout_hours: without an answer for so long the challenger counts as rejected; null waits
            for ever.
    """

    users: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field((), strict=False)
    timeout_hours: Annotated[float, Field(gt=0, le=_YEAR)] | None = None
