"""The check that the data hides no leakage, where the gate asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.gating.check import Check
from millrace.workflow.learning import AnyGate


def leakage_checks(gate: AnyGate, facts: Mapping[str, Any]) -> list[Check]:
    """Return a check of the evaluation's warnings; none where the gate only warns."""
    if getattr(gate, "leakage", "warn") != "refuse":
        return []
    found = facts.get("warnings") or []
    sentence = "; ".join(found) if found else "the data shows no hidden leakage"
    return [Check("leakage", not found, "no warning of leakage", len(found), sentence)]
