"""Stage `choose`: which of several bundles is best on the validation split.

Each is scored as it will serve, whatever made it. The test split is never opened here, and nothing
is judged (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set

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
    absolute error. With ``goal``, those that missed their decision's goal, which the gate would
    refuse, come after all others.

    The facts are ``chosen``, the name; ``by``; ``sentence``; and ``candidates``, a list of
    ``{"name", "bundle" (digest), "metrics"}`` in the order given.

    Raises:
        DataError: there are no validation records, or records do not fit a bundle.
    """
    names, by = context.params["candidates"], context.params["by"]
    dataset = context.one("dataset")
    bundles = context.inputs["bundle"]
    opened = {name: Bundle.open(one) for name, one in zip(names, bundles, strict=True)}
    found = {name: _score(one, dataset) for name, one in opened.items()}
    missed = _missed(opened) if context.params["goal"] else frozenset()
    tie = opened[names[0]].target.tie
    chosen = max(
        found,
        key=lambda name: (name not in missed, better_by(by, found[name][by], 0), -found[name][tie]),
    )
    facts = {
        "by": by,
        "chosen": chosen,
        "sentence": _sentence(by, tie, chosen, found, missed),
        "candidates": [
            {"name": name, "bundle": one.ref.digest, "metrics": dict(found[name])}
            for name, one in zip(names, bundles, strict=True)
        ],
    }
    metrics = {f"{by}[{name}]": figures[by] for name, figures in found.items()}
    return StageResult(kind="choice", rows=len(names), facts=facts, metrics=metrics)


def _score(bundle: Bundle, dataset: Artifact) -> dict[str, float]:
    tables = predict_table(bundle, dataset.path("validation.parquet"))
    judge = bundle.target.figures()
    return judge.overall(judge.outcomes(tables, _SIDE))


def _missed(bundles: Mapping[str, Bundle]) -> frozenset[str]:
    """Return the names of those whose threshold reaches no goal that it was chosen for."""
    decisions = {name: one.document.get("decision") or {} for name, one in bundles.items()}
    return frozenset(name for name, one in decisions.items() if one.get("reached") is False)


def _sentence(
    by: str, tie: str, chosen: str, found: Mapping[str, Figures], missed: Set[str]
) -> str:
    """Return e.g. ``svm is the best candidate: accuracy 0.9915 on …; text_cnn 0.9877``."""
    best = found[chosen][by]
    others = ", ".join(
        f"{name} {written_figure(found[name][by])}"
        f"{_why(found[name][by] == best, tie, name in missed)}"
        for name in found
        if name != chosen
    )
    own = ", although its goal is missed" if chosen in missed else ""
    figure = f"{words(by)} {written_figure(best)}"
    return f"{chosen} is the best candidate: {figure} on the {_SIDE}{own}; {others}"


def _why(equal: bool, tie: str, missed: bool) -> str:
    """Return why a candidate that may look as good was not chosen."""
    if missed:
        return " but its goal is missed"
    return f" but no less {words(tie)}" if equal else ""
