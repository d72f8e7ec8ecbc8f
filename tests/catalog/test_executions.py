from __future__ import annotations

import math
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError


@pytest.fixture
def begin(catalog: Catalog, start):
    """Begin an execution in a run, made where there is none."""

    def begin_one(stage="clean", partition="p0", inputs=(), run=None, key="k1") -> int:
        run = start().id if run is None else run
        documents = [{"role": role, **ref.to_document()} for role, ref in inputs]
        parts: dict[str, Any] = {"stage": stage, "params": {"size": [8, 8]}}
        return catalog.executions.begin(run, stage, partition, key, parts, documents, 1, "host")

    return begin_one


def test_an_execution_is_recorded_before_it_works(catalog: Catalog, begin, refer) -> None:
    inputs = [("dataset", refer("a")), ("bundle", refer("b")), ("dataset", refer("a"))]
    made = catalog.executions.get(begin(inputs=inputs))
    assert (made.state, made.workflow, made.partition) == ("running", "digits", "p0")
    assert [(i.role, i.ref) for i in made.inputs] == inputs
    assert made.key_parts["params"] == {"size": [8, 8]}
    assert (made.output, made.metrics, made.ended_at) == (None, {}, None)


def test_a_finished_execution_has_all_its_figures(catalog: Catalog, begin, refer) -> None:
    made = begin()
    catalog.executions.finish(
        made,
        "done",
        reason="params.size changed",
        output=refer("out"),
        counts={"received": 5, "accepted": 5},
        metrics={"loss": 0.25, "auc": math.nan, "worst": math.inf},
        seconds=1.5,
        peak_memory_bytes=2**40,
    )
    found = catalog.executions.get(made)
    assert (found.state, found.reason, found.output) == (
        "done",
        "params.size changed",
        refer("out"),
    )
    assert (found.counts, found.seconds) == ({"received": 5, "accepted": 5}, 1.5)
    assert (found.metrics["loss"], found.metrics["worst"]) == (0.25, math.inf)
    assert math.isnan(found.metrics["auc"])
    assert found.peak_memory_bytes == 2**40


def test_finishing_twice_keeps_one_of_each_metric(catalog: Catalog, begin) -> None:
    made = begin()
    for value in (0.5, 0.75):
        catalog.executions.finish(made, "done", metrics={"accuracy": value})
    assert catalog.executions.get(made).metrics == {"accuracy": 0.75}


def test_a_failure_keeps_a_short_error(catalog: Catalog, begin) -> None:
    made = begin()
    catalog.executions.finish(made, "failed", error={"problem": "x" * 10**6}, reason="y" * 10**5)
    found = catalog.executions.get(made)
    assert found.state == "failed"
    assert len(str(found.error)) < 3_000
    assert len(found.reason or "") <= 1_000


def test_an_unknown_run_execution_or_end_is_refused(catalog: Catalog, begin) -> None:
    with pytest.raises(SpecError, match="no such run"):
        begin(run=99)
    with pytest.raises(SpecError, match="no such execution"):
        catalog.executions.finish(99, "done")
    with pytest.raises(SpecError, match="not an end"):
        catalog.executions.finish(begin(), "lost")


@pytest.mark.parametrize("partition", ["p0", None])
def test_a_killed_execution_is_lost_when_begun_again(catalog, begin, partition) -> None:
    first, other = begin(partition=partition), begin(partition="another")
    second = begin(partition=partition)
    states = {e.id: e.state for e in catalog.executions.of_run(1)}
    assert states == {first: "lost", other: "running", second: "running"}


def test_an_attempt_given_up_too_early_may_still_finish(catalog: Catalog, begin) -> None:
    first, _ = begin(), begin()
    catalog.executions.finish(first, "done")
    assert catalog.executions.get(first).state == "done"


def test_previous_is_the_last_one_with_a_result(catalog: Catalog, begin, start) -> None:
    done, failed = begin(run=start("r1").id), begin(run=start("r2").id)
    catalog.executions.finish(done, "cached")
    catalog.executions.finish(failed, "failed")
    latest = start("r3").id
    begin(run=latest)
    other = begin(run=start("r4", "mnist").id)
    catalog.executions.finish(other, "done")
    previous = catalog.executions.previous(latest, "clean", "p0")
    assert previous is not None
    assert previous.id == done


def test_previous_keeps_partitions_apart(catalog: Catalog, begin) -> None:
    catalog.executions.finish(begin(partition=None), "done")
    assert catalog.executions.previous(1, "clean", "p0") is None
    assert catalog.executions.previous(1, "clean", None) is not None


def test_previous_keeps_the_dags_of_a_workflow_apart(catalog: Catalog, begin, start) -> None:
    catalog.executions.finish(begin(run=start("r1").id), "done")
    other = start("r1", dag_id="digits_predict").id
    assert catalog.executions.previous(other, "clean", "p0") is None


def test_lineage_goes_both_ways(catalog: Catalog, begin, refer) -> None:
    maker = begin("clean")
    catalog.executions.finish(maker, "done", output=refer("a"))
    readers = [begin("transform", inputs=[("records", refer("a"))]) for _ in range(2)]
    begin("train", inputs=[("dataset", refer("b"))])
    assert [e.id for e in catalog.executions.producing("digest-a")] == [maker]
    assert [e.id for e in catalog.executions.consuming("digest-a")] == readers
    assert catalog.executions.consuming("digest-c") == []


def test_running_leaves_out_what_ended_and_runs_that_ended(catalog, begin, start) -> None:
    ended, alive = start("r1").id, start("r2").id
    begin(run=ended)
    catalog.runs.finish(ended, "failed")
    catalog.executions.finish(begin(run=alive), "done")
    wanted = begin("train", run=alive)
    assert [e.id for e in catalog.executions.running("digits")] == [wanted]
    assert [e.id for e in catalog.executions.running()] == [wanted]
    assert catalog.executions.running("mnist") == []


def test_a_run_of_many_partitions_is_read_in_order(catalog: Catalog, begin, start) -> None:
    run = start().id
    made = [begin(partition=f"p{number}", run=run) for number in range(60)]
    assert [e.id for e in catalog.executions.of_run(run)] == made
