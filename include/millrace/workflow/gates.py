"""`gate_of`: the gate that parameters describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.learning import AnyGate, Gate
from millrace.workflow.quantity_learning import QuantityGate


def gate_of(values: Mapping[str, Any]) -> AnyGate:
    """Return the gate whose values these are: that of a regression knows ``r2``."""
    kind = QuantityGate if "r2" in values else Gate
    return kind.model_validate(dict(values))
