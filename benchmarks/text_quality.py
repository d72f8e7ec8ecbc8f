"""Spam F1 of the text workflows over five seeds: families of near duplicates apart, and leaking.

    SMS_SPAM=<SMSSpamCollection> SPAMASSASSIN=<folder> .venv/bin/python benchmarks/text_quality.py
        [WORKFLOW.yaml ...] [--seeds 7 8 9 10 11] [--splits apart leaking]

Each run is the workflow as its file has it, with a seed for its split and its training, without
Airflow, in an installation of its own: the threshold is the one that the workflow decides by, found
on the validation split, for the baseline too. ``apart`` is the workflow as it is. ``leaking`` keeps
equal and nearly equal messages and splits them by record, as many published figures do, so that
some test messages were seen in training. Figures are of the test split: mean and standard deviation
over the seeds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import yaml
from common import PROJECT, machine, own_home

_SHIPPED = ("sms_spam", "email_spam")
_SPLITS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "apart": {},
    "leaking": {
        "clean": {"duplicates": "keep", "near_duplicates": "keep"},
        "split": {"group": "record"},
    },
}
Figures = Mapping[str, float]


def main() -> None:
    """Run every workflow, split and seed, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shipped = [PROJECT / f"include/workflows/{name}.yaml" for name in _SHIPPED]
    parser.add_argument("files", type=Path, nargs="*", help="workflows (default: the shipped ones)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9, 10, 11])
    parser.add_argument("--splits", nargs="+", choices=_SPLITS, default=list(_SPLITS))
    arguments = parser.parse_args()
    figures: dict[tuple[str, str], list[Figures]] = {}
    with own_home() as folder:
        os.environ["MILLRACE_WORKFLOWS"] = str(folder)
        for file in arguments.files or shipped:
            for split in arguments.splits:
                runs = [_run(folder, file, split, seed) for seed in arguments.seeds]
                figures[file.stem, split] = runs
    print(f"\n### Spam F1 over {len(arguments.seeds)} seeds ({machine()})\n")
    print("| workflow, split | network | baseline | difference | average precision | training |")
    print("|---|---|---|---|---|---|")
    for (name, split), runs in figures.items():
        print(f"| {name}, {split} | {' | '.join(_row(runs))} |")


def _run(folder: Path, file: Path, split: str, seed: int) -> Figures:
    """Run a workflow under a name of its own, so that it meets no champion."""
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.local_run import run_workflow
    from millrace.settings import Settings

    name = f"{file.stem}_{split}_{seed}"
    document = _changed(yaml.safe_load(file.read_text()), _SPLITS[split], seed)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**document, "name": name}))
    catalog = Catalog(Settings.load().catalog)
    catalog.migrate()
    run_workflow(name, {})
    found = {e.stage: e for e in catalog.executions.of_run(catalog.runs.latest()[0].id)}
    seconds = found["train"].metrics["training_seconds"]
    figures = {**found["evaluate"].metrics, "seconds": seconds}
    print(f"{name}: {' | '.join(_row([figures]))}", file=sys.stderr, flush=True)
    return figures


def _changed(
    document: Mapping[str, Any], changes: Mapping[str, Mapping[str, str]], seed: int
) -> dict[str, Any]:
    made = {**document, "split": {"seed": seed}, "train": {"seed": seed}}
    for section in ("clean", "split", "train"):
        values = {**made.get(section, {}), **changes.get(section, {})}
        made[section] = {**document.get(section, {}), **values}
    return made


def _row(runs: Sequence[Figures]) -> list[str]:
    gains = [run["f1"] - run["baseline_f1"] for run in runs]
    seconds = statistics.median(run["seconds"] for run in runs)
    return [
        _spread([run["f1"] for run in runs]),
        _spread([run["baseline_f1"] for run in runs]),
        _spread(gains, "+"),
        _spread([run["average_precision"] for run in runs]),
        f"{seconds:.0f} s",
    ]


def _spread(values: Sequence[float], sign: str = "") -> str:
    middle = f"{statistics.mean(values):{sign}.3f}"
    return middle if len(values) == 1 else f"{middle} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    main()
