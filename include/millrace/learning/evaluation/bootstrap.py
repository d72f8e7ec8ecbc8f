"""Percentile bootstrap intervals (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap",
1993, chapter 13): records are drawn with replacement, all figures from the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.calibration import BINS, confidence_bins
from millrace.learning.evaluation.counts import Counts
from millrace.learning.evaluation.metrics import areas, losses
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.ranking import Ranking, Taken

COVERAGE = 0.95
_CHUNK = 1 << 21  # draws alive at once

Interval = tuple[float, float]


def intervals(outcomes: Outcomes, replicates: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % interval of every metric of `metrics.overall`."""
    parts = list(_all_figures(outcomes, replicates, seed))
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in parts[0]}


def accuracy_interval(outcomes: Outcomes, replicates: int, seed: int) -> Interval:
    """Return the 95 % interval of the accuracy alone.

    The count of right answers among records drawn with replacement is binomial, so that no record
    needs to be drawn.
    """
    rows = len(outcomes)
    draws = np.random.default_rng(seed).binomial(rows, outcomes.correct.mean(), replicates)
    return percentiles(draws / rows)


def difference_interval(
    challenger: Outcomes, champion: Outcomes, replicates: int, seed: int, by: str = "accuracy"
) -> Interval:
    """Return the 95 % interval of the challenger's figure less the champion's, paired by record.

    Of accuracy, draws of (only the challenger right, only the champion right, neither) are
    multinomial, so that no record needs to be drawn.

    Args:
        challenger, champion: on the same records. by: the metric.
        replicates: draws. seed: of them.
    """
    if by != "accuracy":
        pairs = zip(
            _all_figures(challenger, replicates, seed),
            _all_figures(champion, replicates, seed),
            strict=True,
        )
        return percentiles(np.concatenate([ours[by] - theirs[by] for ours, theirs in pairs]))
    gain = int(np.sum(challenger.correct & ~champion.correct))
    loss = int(np.sum(champion.correct & ~challenger.correct))
    rows = len(challenger)
    shares = np.array([gain, loss, rows - gain - loss]) / rows
    draws = np.random.default_rng(seed).multinomial(rows, shares, replicates)
    return percentiles((draws[:, 0] - draws[:, 1]) / rows)


def _all_figures(
    outcomes: Outcomes, replicates: int, seed: int
) -> Iterator[Mapping[str, npt.NDArray[np.float64]]]:
    ranking = None
    if outcomes.score is not None:
        ranking = Ranking(outcomes.score, outcomes.truth == outcomes.positive)
    for draw in draws(len(outcomes), replicates, seed):
        yield _figures(outcomes, draw, ranking)


def draws(rows: int, replicates: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield record indexes (replicates of the chunk, rows); equal for equal rows and seed."""
    generator = np.random.default_rng(seed)
    step = max(1, _CHUNK // rows)
    for start in range(0, replicates, step):
        yield generator.integers(0, rows, (min(step, replicates - start), rows))


def _figures(
    outcomes: Outcomes, draw: npt.NDArray[np.int64], ranking: Ranking | None
) -> Mapping[str, npt.NDArray[np.float64]]:
    """Return each metric of each replicate, (replicates,)."""
    classes = len(outcomes.labels)
    right = outcomes.correct
    gap = right - outcomes.confidence
    counts = Counts(
        hits=_count(draw, np.where(right, outcomes.truth, classes), classes + 1)[:, :classes],
        truth=_count(draw, outcomes.truth, classes),
        predicted=_count(draw, outcomes.predicted, classes),
    )
    gaps = _count(draw, confidence_bins(outcomes), BINS, gap)
    found = counts.figures(outcomes.positive, outcomes.costs)
    if ranking is not None:
        size = len(ranking.scores)
        hits = _count(draw, ranking.place, size, ranking.positive)
        found |= areas(Taken.of(hits, _count(draw, ranking.place, size)))
    return found | {
        "log_loss": losses(outcomes)[draw].mean(axis=1),
        "calibration_error": np.abs(gaps).sum(axis=1) / draw.shape[1],
    }


def _count(
    draw: npt.NDArray[np.int64],
    group: npt.NDArray[np.integer],
    groups: int,
    weight: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return how many drawn records (or their summed weight) fall in each group, a replicate."""
    replicates = len(draw)
    cells = group[draw] + np.arange(replicates)[:, None] * groups
    weights = None if weight is None else weight[draw].ravel()
    counts = np.bincount(cells.ravel(), weights=weights, minlength=replicates * groups)
    return counts.reshape(replicates, groups).astype(np.float64)


def percentiles(figures: npt.NDArray[np.float64]) -> Interval:
    """Return the ends of the interval of replicates (replicates,)."""
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(figures, [tail, 1 - tail])
    return float(low), float(high)
