"""Stage `choose`: which of several bundles is best on the validation split.

Each is scored as it will serve, whatever made it. The test split is never opened here, and nothing
is judged (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping

from millrace.artifacts.artifact import Artifact
from millrace.learning.bundle import Bundle
from millrace.learning.gating.check import words
from millrace.learning.predictions import predict_table
from millrace.workflow.figures import better_by, written_figure
from millrace.workflow.stage import StageContext, StageResult

_SIDE = "validation split"

Figures = Mapping[str, float]


def run(context: StageContext) -> StageResult:
    """Compare the bundles of role ``bundle`` on the validation split of ``dataset``.

    Parameters (keyed): ``modality``; ``candidates``, the bundles' names in their order; ``by``, the
    figure. Equal ones are told apart by another one, `Target.tie`: the log loss, or the mean
    absolute error.

    The facts are ``chosen``, the name; ``by``; ``sentence``; and ``candidates``, a list of
    ``{"name", "bundle" (digest), "metrics"}`` in the order given.

    Raises:
        DataError: there are no validation records, or records do not fit a bundle.
    """
    names, by = context.params["candidates"], context.params["by"]
    dataset = context.one("dataset")
    bundles = context.inputs["bundle"]
    found = {name: _score(one, dataset) for name, one in zip(names, bundles, strict=True)}
    tie = Bundle.open(bundles[0]).target.tie
    chosen = max(
        found,
        key=lambda name: (better_by(by, found[name][by], 0), -found[name][tie]),
    )
    facts = {
        "by": by,
        "chosen": chosen,
        "sentence": _sentence(by, tie, chosen, found),
        "candidates": [
            {"name": name, "bundle": one.ref.digest, "metrics": dict(found[name])}
            for name, one in zip(names, bundles, strict=True)
        ],
    }
    metrics = {f"{by}[{name}]": figures[by] for name, figures in found.items()}
    return StageResult(kind="choice", rows=len(names), facts=facts, metrics=metrics)


def _score(artifact: Artifact, dataset: Artifact) -> dict[str, float]:
    bundle = Bundle.open(artifact)
    tables = predict_table(bundle, dataset.path("validation.parquet"))
    judge = bundle.target.figures()
    return judge.overall(judge.outcomes(tables, _SIDE))


def _sentence(by: str, tie: str, chosen: str, found: Mapping[str, Figures]) -> str:
    """Return e.g. ``svm is the best candidate: accuracy 0.9915 on …; text_cnn 0.9877``."""
    best = found[chosen][by]
    others = ", ".join(_other(name, found[name][by], best, tie) for name in found if name != chosen)
    figure = f"{words(by)} {written_figure(best)}"
    return f"{chosen} is the best candidate: {figure} on the {_SIDE}; {others}"


def _other(name: str, value: float, best: float, tie: str) -> str:
    return f"{name} {written_figure(value)}{f' but no less {words(tie)}' if value == best else ''}"
