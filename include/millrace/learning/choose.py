"""Stage `choose`: which of several bundles is best on the validation split.

Each is scored as it will serve, whatever made it. The test split is never opened here, and nothing
is judged (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping

from millrace.artifacts.artifact import Artifact
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.metrics import overall
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.gating.check import words
from millrace.learning.predictions import predict_table
from millrace.workflow.stage import StageContext, StageResult

_SIDE = "validation split"

Figures = Mapping[str, float]


def run(context: StageContext) -> StageResult:
    """Compare the bundles of role ``bundle`` on the validation split of ``dataset``.

    Parameters (keyed): ``modality``; ``candidates``, the bundles' names in their order; ``by``, the
    figure, of which more is better. Equal ones are told apart by their log loss.

    The facts are ``chosen``, the name; ``by``; ``sentence``; and ``candidates``, a list of
    ``{"name", "bundle" (digest), "metrics"}`` in the order given.

    Raises:
        DataError: there are no validation records, or records do not fit a bundle.
    """
    names, by = context.params["candidates"], context.params["by"]
    dataset = context.one("dataset")
    bundles = context.inputs["bundle"]
    found = {name: _score(one, dataset) for name, one in zip(names, bundles, strict=True)}
    chosen = max(found, key=lambda name: (found[name][by], -found[name]["log_loss"]))
    facts = {
        "by": by,
        "chosen": chosen,
        "sentence": _sentence(by, chosen, found),
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
    return overall(outcomes_of(tables, bundle.labels, _SIDE, bundle.rule))


def _sentence(by: str, chosen: str, found: Mapping[str, Figures]) -> str:
    """Return e.g. ``svm is the best candidate: accuracy 0.9915 on …; text_cnn 0.9877``."""
    best = found[chosen][by]
    others = ", ".join(_other(name, found[name][by], best) for name in found if name != chosen)
    return f"{chosen} is the best candidate: {words(by)} {best:.4f} on the {_SIDE}; {others}"


def _other(name: str, value: float, best: float) -> str:
    return f"{name} {value:.4f}{' but no less log loss' if value == best else ''}"
