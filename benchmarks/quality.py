"""Accuracy on the honest test split, and the time that training took.

    MNIST=<folder> CIFAR10=<archive> .venv/bin/python benchmarks/quality.py [WORKFLOW ...]

Runs the shipped workflows as they are, without Airflow, in an installation of their own; digits
with five seeds. Training seconds are those of the epochs and their validation; the stage's seconds
also hold TensorFlow's import, the export and the check that the exported graphs agree.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from common import machine, own_home, show

SEEDS = {"digits": (7, 8, 9, 10, 11), "mnist": (7,), "cifar10": (7,)}
MARK = 0.99  # validation accuracy whose time is told


class Clock:
    """When training began, and when the validation accuracy first passed the mark."""

    def __init__(self) -> None:
        self.began = 0.0
        self.passed: float | None = None

    def tell(self, task: str, event: Mapping[str, Any]) -> None:
        if event.get("epoch") == 0:
            self.began = time.monotonic()
        if self.passed is None and event.get("validation_accuracy", 0) >= MARK:
            self.passed = time.monotonic() - self.began


def run_once(workflow: str, seed: int) -> list[tuple[str, object]]:
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.local_run import run_workflow
    from millrace.settings import Settings

    catalog = Catalog(Settings.load().catalog)
    catalog.migrate()
    clock = Clock()
    run_workflow(workflow, {"seed": seed}, clock.tell)
    found = {e.stage: e for e in catalog.executions.of_run(catalog.runs.latest()[0].id)}
    figures, trained = found["evaluate"].metrics, found["train"]
    low, high = figures["accuracy_low"], figures["accuracy_high"]
    passed = "never" if clock.passed is None else f"{clock.passed:.0f} s"
    return [
        ("test accuracy (95 % interval)", f"{figures['accuracy']:.4f} ({low:.4f} to {high:.4f})"),
        ("scikit-learn baseline", f"{figures['baseline_accuracy']:.4f}"),
        ("training", f"{trained.metrics['training_seconds']:.0f} s"),
        ("stage `train`", f"{trained.seconds:.0f} s"),
        (f"validation accuracy past {MARK}", passed),
    ]


def main() -> None:
    for workflow in sys.argv[1:] or SEEDS:
        with own_home():
            for seed in SEEDS[workflow]:
                show(f"{workflow}, seed {seed} ({machine()})", run_once(workflow, seed))


if __name__ == "__main__":
    main()
