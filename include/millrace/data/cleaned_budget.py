"""`check_cleaned`: the budget of refusals where no data set is made, as in a batch prediction.

Only facts are read, unless a budget is exceeded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from millrace.artifacts.artifact import Artifact
from millrace.data.integration.budget import check_refusals


def check_cleaned(cleaned: Sequence[Artifact], budget: Mapping[str, float]) -> None:
    """Compare the refusals of all clean artifacts together with their budgets.

    Args:
        cleaned: artifacts of the stage `clean`.
        budget: largest share by reason, ``default`` for the rest (0.05 unless given).

    Raises:
        BudgetExceeded: a reason exceeds its budget.
    """
    by_reason: Counter[str] = Counter()
    received = 0
    for artifact in cleaned:
        by_reason.update(artifact.facts["by_reason"])
        received += artifact.facts["counts"]["received"]
    quarantines = (artifact.path("quarantine.parquet") for artifact in cleaned)
    check_refusals(by_reason, received, budget, quarantines)
