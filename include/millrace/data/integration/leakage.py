"""`leakage`: what a split of single records would have leaked into training, in figures and words.

Where near duplicates are looked for, those among the records of the data set; else equal records,
those that were left out for being equal included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from millrace.data.integration.ledger import Ledger
from millrace.data.near_duplicates.leakage import leaking

_SHOWN = 5  # classes
_DIGITS = 6  # of a share, which all machines agree on

_NEAR = """SELECT label, coalesce(size, 1) AS size, count(*)
    FROM placed LEFT JOIN (
        SELECT row, count(*) OVER (PARTITION BY family) AS size
        FROM kin SEMI JOIN placed USING (row)
    ) USING (row) GROUP BY 1, 2 ORDER BY 1, 2"""

_ACCEPTED = """CREATE VIEW accepted AS
    SELECT label, high, low FROM records ANTI JOIN refused USING (row)
    UNION ALL
    SELECT c.label, high, low FROM copies c JOIN records r ON c.duplicate_of = r.record_id
        ANTI JOIN refused USING (row)"""

_EQUAL = """SELECT label, coalesce(size, 1) AS size, count(*)
    FROM accepted LEFT JOIN (
        SELECT high, low, count(*) AS size FROM accepted GROUP BY ALL HAVING count(*) > 1
    ) USING (high, low) GROUP BY 1, 2 ORDER BY 1, 2"""

Sizes = Iterable[tuple[str, int, int]]
"""Labels, sizes of families, and how many records each stands for."""


def leakage(
    ledger: Ledger, rows: Mapping[str, int], *, near: bool, classes: bool = True
) -> dict[str, Any]:
    """Return the facts ``expected_leakage`` and ``leakage``, a sentence.

    The first has ``share``, of all test records 0 to 1, ``classes``, the same of each class, and
    ``of``: what the records share with training.

    Args:
        ledger: with the table ``placed``.
        rows: of each side; the split of single records has as large a part for training.
        near: whether the ledger has the table ``kin`` of near duplicates.
        classes: whether labels are classes, and not numbers; else ``classes`` is empty.
    """
    if not near:
        ledger.run(_ACCEPTED)
    sizes = ledger.rows(_NEAR if near else _EQUAL)
    of = "near duplicate" if near else "equal record"
    train = rows["train"] / sum(rows.values())
    labels = list(dict.fromkeys(label for label, _, _ in sizes)) if classes else []
    shares = {one: _share([row for row in sizes if row[0] == one], train) for one in labels}
    share = _share(sizes, train)
    return {
        "expected_leakage": {"of": of, "share": share, "classes": shares},
        "leakage": _sentence(of, share, shares),
    }


def _share(sizes: Sizes, train: float) -> float:
    _, families, counts = zip(*sizes, strict=True)
    shares = leaking(np.array(families, np.float64), train)
    return round(float((shares * counts).sum() / sum(counts)), _DIGITS)


def _sentence(of: str, share: float, classes: Mapping[str, float]) -> str:
    if not share:
        return f"No {of}s were found, so a split of single records would leak none into training"
    most = sorted(classes.items(), key=lambda item: -item[1])[:_SHOWN]
    shown = ", ".join(f"{label} {_percent(value)}" for label, value in most)
    more = f" and {len(classes) - _SHOWN} more classes" if len(classes) > _SHOWN else ""
    article = "a" if of == "near duplicate" else "an"
    return (
        f"Had records been split one by one, {_percent(share)} of the test records would be "
        f"expected to have {article} {of} in training{f' ({shown}{more})' if shown else ''}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.0005 else "below 0.1 %" if share else "0 %"
