"""The stage `explain`: what spoke for a network's answers to test records, drawn for people.

What is explained is what was served: the class that the evaluation's predictions name. Which
records those are is chosen here; how answers are explained knows the modality. Nothing is trained.
"""

from __future__ import annotations

from millrace.artifacts.tables import read_table
from millrace.errors import DataError, SpecError
from millrace.learning.bundle import Bundle
from millrace.learning.devices import take_devices
from millrace.learning.evaluation.examples import Asked
from millrace.learning.framework import make_deterministic
from millrace.learning.modality import ExplainingModality, open_learning
from millrace.workflow.evaluation import Explanation
from millrace.workflow.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Explain mistakes, the most confident first, and a sample of the right answers.

    Writes ``explained.json``, ``maps/*.npy`` and ``plots/*.png``.

    Args:
        context: roles ``dataset``, ``bundle`` and ``evaluation``; params ``modality``,
            ``explain`` (see `millrace.workflow.evaluation.Explanation`) and ``devices``, as of
            `train`.

    Raises:
        SpecError: the modality has nothing that explains, or GPUs that were asked for are missing.
        DataError: the evaluation is of another bundle.
    """
    params, bundle, evaluation = context.params, context.one("bundle"), context.one("evaluation")
    modality = open_learning(params["modality"])
    if not isinstance(modality, ExplainingModality):
        raise SpecError("answers about such contents cannot be explained", where=params["modality"])
    if evaluation.facts["bundle"] != bundle.ref.digest:
        raise DataError(
            "the evaluation is of another bundle",
            expected=bundle.ref.digest[:12],
            received=evaluation.facts["bundle"][:12],
        )
    how = Explanation(**params["explain"])
    memory = context.locations.get("devices", {})
    take_devices(params.get("devices", {}), memory.get("memory_growth", True))
    make_deterministic(how.seed)
    judge = Bundle.open(bundle).target.figures()
    predictions = read_table(evaluation.path("predictions.parquet"))
    outcomes = judge.outcomes(predictions, "predictions of the test split")
    asked = Asked.of(outcomes, how.errors, how.sample, how.seed)
    dataset = context.one("dataset")
    sentences = modality.explain(
        context.output, dataset, bundle, asked, context.scratch, context.report
    )
    wrong = int((~outcomes.correct).sum())
    facts = {
        "bundle": bundle.ref.digest,
        "rows": len(outcomes),
        "mistakes": wrong,
        "explained": {"mistakes": len(asked.mistakes), "right": len(asked.sample)},
        "left_out": wrong - len(asked.mistakes),
        "sentences": sentences,
    }
    return StageResult(
        kind="explanations", rows=len(asked.mistakes) + len(asked.sample), facts=facts
    )
