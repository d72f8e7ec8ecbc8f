"""What a task is given, however Airflow hands over the results of mapped tasks."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import tiny_workflow
from millrace.orchestration.tasks import gathered
from millrace.workflow.graph import workflow_graph
from millrace.workflow.tasks import parse

pytestmark = pytest.mark.airflow

SPEC = parse(yaml.safe_load(tiny_workflow.SPEC))
REFERENCE = {"kind": "records", "key": "k"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([REFERENCE, REFERENCE], [REFERENCE, REFERENCE]),
        ((REFERENCE,), [REFERENCE]),
        (REFERENCE, [REFERENCE]),  # of a group that was mapped to one partition
        (None, [None]),  # of a group whose only task was skipped
    ],
)
def test_the_results_of_partitions_are_a_list(given: Any, expected: Any) -> None:
    graph = workflow_graph(SPEC, "prediction")
    taken = gathered(graph, "finish", {"cleaned": [REFERENCE], "predicted": given})
    assert taken == {"cleaned": [REFERENCE], "predicted": expected}


def test_one_partition_takes_from_its_own_tasks() -> None:
    graph = workflow_graph(SPEC, "training")
    taken = {"partition": {"index": 0}, "collected": REFERENCE}
    assert gathered(graph, "clean", taken) == taken
    assert gathered(graph, "train", {"dataset": REFERENCE}) == {"dataset": REFERENCE}


@pytest.mark.parametrize("given", [REFERENCE, [REFERENCE]])
def test_the_results_of_candidates_are_a_list_and_what_they_share_is_not(given: Any) -> None:
    more = {"candidates": {"wide": {"model": {"kind": "mlp"}, "train": {"epochs": 1}}}}
    spec = parse({**yaml.safe_load(tiny_workflow.SPEC), **more})
    graph = workflow_graph(spec, "training")
    taken = {"dataset": REFERENCE, "candidate": "wide"}
    assert gathered(graph, "train", taken) == taken
    taken = {"dataset": REFERENCE, "bundles": given, "fitted": REFERENCE}
    assert gathered(graph, "choose", taken) == {**taken, "bundles": [REFERENCE]}
