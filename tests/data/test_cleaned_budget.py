"""The budget of refusals over clean artifacts, without a data set."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from millrace.data.cleaned_budget import check_cleaned
from millrace.errors import DataError


def cleaned(bench: Any, blank: int, name: str) -> Any:
    """Return the clean artifact of 20 records, so many of them blank."""
    shown = list(np.random.default_rng(blank).integers(0, 256, (20, 4, 4, 1), np.uint8))
    shown[:blank] = [np.zeros((4, 4, 1), np.uint8)] * blank
    made = bench.clean(bench.raw(shown, ["a"] * 20, name=name))
    facts = {**made.result.facts, "counts": {"received": made.result.counts.received}}
    artifact = made.artifact
    return bench.store.publish(replace(artifact.manifest, key=(name * 64)[:64], facts=facts))


def test_refusals_of_all_parts_are_judged_together(bench: Any) -> None:
    parts = [cleaned(bench, 4, "a"), cleaned(bench, 0, "b")]
    check_cleaned(parts, {"blank": 0.1})
    check_cleaned([], {})
    with pytest.raises(DataError) as caught:
        check_cleaned(parts, {"default": 0.09})
    for word in ("'blank'", "10.00%", "9.00%", "40", "a.bin (4)", "clean.budget"):
        assert word in str(caught.value)


def test_one_refused_record_is_too_many_for_a_budget_of_zero(bench: Any) -> None:
    with pytest.raises(DataError, match=r"b\.bin \(1\)"):
        check_cleaned([cleaned(bench, 0, "a"), cleaned(bench, 1, "b")], {"default": 0.0})


def test_the_check_loads_no_tables_until_a_budget_is_exceeded() -> None:
    code = (
        "import sys, millrace.data.cleaned_budget as c; c.check_cleaned([], {});"
        "sys.exit(bool({'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
