"""Stage `gate`: whether a challenger becomes champion, and why, in sentences.

It decides on an evaluation's facts and on the bundle's answers to a few test records. It changes no
history: the decision is an artifact that the promote task acts on. A refusal is a result, not an
error.
"""

from __future__ import annotations

from millrace.errors import DataError
from millrace.learning.gating.answers import answer_checks
from millrace.learning.gating.champion import champion_checks
from millrace.learning.gating.check import Check
from millrace.learning.gating.folds import fold_checks
from millrace.learning.gating.leakage import leakage_checks
from millrace.learning.gating.thresholds import threshold_checks
from millrace.workflow.gates import gate_of
from millrace.workflow.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Decide ``promote``, ``refuse`` or ``keep`` (the challenger is the champion already).

    Facts: ``decision``; ``promote`` (true for ``promote`` alone); ``reasons``, the failed checks as
    sentences, or why all is well; ``checks``, each ``{"name", "passed", "expected", "received",
    "sentence"}``.

    Args:
        context: roles ``evaluation``, ``bundle``, ``dataset``; params ``modality`` and
            ``gate``, the values of `workflow.learning.Gate` or `QuantityGate`.

    Raises:
        DataError: the evaluation is of another bundle.
    """
    gate = gate_of(context.params["gate"])
    facts, bundle = context.one("evaluation").facts, context.one("bundle")
    if facts["bundle"] != bundle.ref.digest:
        raise DataError(
            "the evaluation is of another bundle",
            where="gate",
            expected=bundle.ref.digest,
            received=facts["bundle"],
        )
    answers, latency = answer_checks(bundle, context.one("dataset"), gate.latency_ms)
    checks = [*threshold_checks(gate, facts), *champion_checks(gate, facts)]
    checks += [*fold_checks(gate, facts), *leakage_checks(gate, facts), *answers]
    decision = _decide(checks, already=facts["champion_bundle"] == facts["bundle"])
    return StageResult(
        kind="decision",
        facts={
            "decision": decision,
            "promote": decision == "promote",
            "reasons": _reasons(decision, checks),
            "checks": [check.to_document() for check in checks],
        },
        metrics={} if latency is None else {"latency_ms": latency},
    )


def _decide(checks: list[Check], *, already: bool) -> str:
    if already:
        return "keep"
    return "promote" if all(check.passed for check in checks) else "refuse"


def _reasons(decision: str, checks: list[Check]) -> list[str]:
    failed = [check.sentence for check in checks if not check.passed]
    if decision == "keep":
        return ["the challenger is the champion already: nothing new to promote", *failed]
    return failed or [f"all {len(checks)} checks of the gate passed"]
