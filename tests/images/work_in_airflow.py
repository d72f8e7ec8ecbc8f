"""Runs the workflow `tiny` in the Airflow image; whoever started it performs the training.

Usage: python work_in_airflow.py FOLDER. The request's URI goes into FOLDER/asked; the exit code of
the job is awaited in FOLDER/answered; what came of it all goes into FOLDER/outcome.json.
"""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError
from millrace.jobs.runtimes import Place
from millrace.jobs.runtimes.launch import hand_over, settle
from millrace.jobs.runtimes.trainer import trainer_packages
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, open_run, start_run
from millrace.settings import Settings

FOLDER = Path(sys.argv[1])
IDENTITY = RunIdentity("tiny", "tiny", "in_the_image")


def elsewhere(request, store, scratch, report):
    (FOLDER / "asked.part").write_text(hand_over(request, store))
    (FOLDER / "asked.part").rename(FOLDER / "asked")
    deadline = time.monotonic() + 200
    while not (FOLDER / "answered").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return settle(request, store, int((FOLDER / "answered").read_text()), [], "container")


def refused(dataset):
    """Return what training says where there is no TensorFlow."""
    try:
        STEPS["train"](open_run(IDENTITY), dataset)
    except MillraceError as error:
        return str(error)
    return "it trained"


def rows(task, taken, results):
    """Return the arguments of each time that a task is done: once, or once a partition."""
    if not task.mapped:
        return [taken]
    partitions = enumerate(results["discover"])
    return [
        {"partition": partition, **{name: taken[name][i] for name in taken}}
        for i, partition in partitions
    ]


def main():
    settings = Settings.load()
    Catalog(settings.catalog).migrate()
    place = Place(elsewhere, trainer_packages(settings.project, "cpu"))
    results, outcome = {}, {}
    for task in start_run(IDENTITY, {"limit": 500}, "manual").graph:
        run = open_run(IDENTITY, place=place if task.name == "train" else None)
        taken = {argument: results[source] for argument, source in task.takes.items()}
        if task.name == "train":
            outcome["refused"] = refused(**taken)
        results[task.name] = [
            STEPS[task.name](run, **row, **task.constants) for row in rows(task, taken, results)
        ]
        if not task.mapped:
            (results[task.name],) = results[task.name]
    catalog = Catalog(settings.catalog)
    made = {e.stage: e.key_parts for e in catalog.executions.of_run(catalog.runs.latest()[0].id)}
    outcome.update(promoted=results["promote"], predicted=results["predict"], key=made["train"])
    outcome["tensorflow"] = find_spec("tensorflow") is not None
    (FOLDER / "outcome.json").write_text(json.dumps(outcome))


main()
