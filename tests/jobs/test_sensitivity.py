"""Labels propagate through jobs; only a certificate lowers one; what is shown refuses them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.labels import IDENTIFIED, highest
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import DataError, MillraceError, TransientError, Withheld
from millrace.jobs import stages
from millrace.jobs.code import forget
from millrace.jobs.discretion import discreet
from millrace.jobs.execute import Executor, Job
from millrace.jobs.sensitivity import check_facts, refuse_labelled
from millrace.jobs.stages import Stage

NAME = "Jane^Doe"
CODE = """
import json, logging, warnings
from millrace.errors import DataError
from millrace.workflow.stage import StageResult

def run(context):
    params = context.params
    if "certificate" in params:
        (context.output / "certificate.json").write_text(json.dumps(params["certificate"]))
    if params.get("fail") == "ours":
        raise DataError("a value is wrong", where="Jane^Doe.dcm", received="Jane^Doe")
    if params.get("fail") == "bug":
        raise ValueError("Jane^Doe")
    logging.getLogger("millrace.data.x").warning("%s has %d slices", "Jane^Doe", 3)
    logging.getLogger("pydicom").warning("Jane^Doe is no name")
    warnings.warn("Jane^Doe")
    (context.output / "out.txt").write_text("Jane^Doe")
    return StageResult("text", 2, params.get("facts", {}))
"""
Make = Callable[..., Executor]
pytestmark = pytest.mark.filterwarnings("ignore:Jane")  # where nothing is identified, it passes


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor_in: Make) -> Make:
    """Executors that know the stages `opener` (de-identifies), `worker` and `shower`."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "labelled_stage.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path / "code")
    forget()
    monkeypatch.delitem(__import__("sys").modules, "labelled_stage", raising=False)
    ours = (
        Stage("opener", "labelled_stage", deidentifies=True),
        Stage("worker", "labelled_stage"),
        Stage("shower", "labelled_stage", shows="a report"),
    )
    monkeypatch.setattr(stages, "STAGES", stages.STAGES | {one.name: one for one in ours})
    return executor_in


def passing(stored: int = 2, **changes: Any) -> dict[str, Any]:
    records = {"stored": stored, "withheld": {}}
    return {"format": 1, "passed": True, "records": records, **changes}


def opened(executor: Executor, label: str = IDENTIFIED, **params: Any) -> Artifact:
    return executor.execute(Job("opener", params, sensitivity=label))


def then(executor: Executor, stage: str, *inputs: Artifact, **params: Any) -> Artifact:
    return executor.execute(Job(stage, params, {"x": [one.ref for one in inputs]}))


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, id="none"),
        pytest.param({"certificate": passing(passed=False)}, id="not passed"),
        pytest.param({"certificate": passing(passed="yes")}, id="passed in words"),
        pytest.param({"certificate": passing(stored=1)}, id="of one record of two"),
        pytest.param({"certificate": {"format": 1, "passed": True}}, id="without counts"),
        pytest.param({"certificate": [1]}, id="of another form"),
    ],
)
def test_a_label_stays_without_a_certificate_that_passed(make: Make, params: Any) -> None:
    assert opened(make(), **params).manifest.sensitivity == IDENTIFIED


def test_a_certificate_that_passed_lowers_it_where_the_stage_de_identifies(make: Make) -> None:
    executor = make()
    low = opened(executor, certificate=passing())
    split = opened(
        executor, certificate=passing(1) | {"records": {"stored": 1, "withheld": {"x": 1}}}
    )
    high = then(executor, "worker", opened(executor), certificate=passing())
    assert [one.manifest.sensitivity for one in (low, split, high)] == ["", "", IDENTIFIED]


def test_the_highest_label_of_the_inputs_goes_on_through_every_stage(make: Make) -> None:
    executor = make()
    low, high = opened(executor, ""), opened(executor)
    once = then(executor, "worker", low, high)
    twice = then(executor, "worker", once)
    assert (once.manifest.sensitivity, twice.manifest.sensitivity) == (IDENTIFIED, IDENTIFIED)
    assert then(executor, "worker", low).manifest.sensitivity == ""


def test_a_label_makes_keys_and_digests_of_its_own(make: Make) -> None:
    executor = make()
    low, high = opened(executor, ""), opened(executor)
    assert low.ref.key != high.ref.key
    assert low.manifest.files == high.manifest.files
    assert low.manifest.digest != high.manifest.digest
    assert b"sensitivity" not in low.manifest.to_bytes()
    assert Manifest.from_bytes(high.manifest.to_bytes(), "").sensitivity == IDENTIFIED


def test_what_is_shown_is_not_made_of_labelled_input(make: Make) -> None:
    executor = make()
    low, high = opened(executor, ""), opened(executor)
    then(executor, "shower", low)
    with pytest.raises(Withheld, match=r"a report is refused.*De-identify it"):
        then(executor, "shower", low, high)


def test_a_label_taken_out_of_a_manifest_is_noticed(make: Make) -> None:
    data = opened(make()).manifest.to_bytes()
    with pytest.raises(DataError, match="own digest"):
        Manifest.from_bytes(data.replace(b'"sensitivity": "identified"', b'"sensitivity": ""'), "")


def test_maps_of_identified_pictures_are_refused_before_anything_is_made(make: Make) -> None:
    executor = make()
    artifact = opened(executor)
    params = {"modality": "ct", "explain": {}}
    with pytest.raises(Withheld, match="a report"):
        executor.execute(Job("explain", params, {"dataset": [artifact.ref]}))


def test_a_store_that_shows_gives_no_file_and_no_fact_of_it(make: Make, tmp_path: Path) -> None:
    executor = make()
    high, low = opened(executor, facts={"name": NAME}), opened(executor, "")
    shown = Store(executor.store.uri, tmp_path / "cache", shows=True)
    found = shown.sealing(False).get(high.ref)
    for look in (
        lambda: found.facts,
        lambda: found.path("out.txt"),
        lambda: found.extract(tmp_path),
    ):
        with pytest.raises(Withheld, match="refused"):
            look()
    assert shown.get(low.ref).path("out.txt").read_text() == NAME
    with pytest.raises(Withheld):
        refuse_labelled([high], "a delivery")


@pytest.mark.parametrize("fail", ["ours", "bug"])
def test_errors_of_a_labelled_job_quote_nothing_anywhere(
    make: Make, fail: str, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make()
    with pytest.raises(MillraceError) as told:
        opened(executor, fail=fail)
    record = executor.catalog.executions.of_run(executor.run)[-1]
    chain = f"{told.value} {told.value.__cause__} {told.value.__suppress_context__}"
    assert NAME not in chain + json.dumps(record.error) + str(record.reason) + caplog.text
    assert told.value.__suppress_context__
    assert "opener" in str(told.value)


def test_logs_of_a_labelled_job_hold_numbers_only(
    make: Make, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    caplog.set_level(logging.INFO)
    opened(make())
    assert NAME not in caplog.text
    assert "has 3 slices" in caplog.text
    assert not list(recwarn)


def test_an_error_keeps_its_kind_its_sentence_and_its_remedy() -> None:
    told = pytest.raises(TransientError, match=r"stage collect: it hangs.*withheld.* Wait\.")
    with told, discreet("collect"):
        raise TransientError("it hangs", where=NAME, remedy="Wait.")
    factory = logging.getLogRecordFactory()
    assert "make" not in factory.__qualname__


PARTITION = {"source": "s", "index": 0, "fingerprint": "ab" * 32, "member": "S-ABCDEFGHIJKLMN27"}


@pytest.mark.parametrize(
    "member", [None, "P-ABCDEFGHIJKLMN27", "2.25.1234567", "cd" * 16, "S-ABCDEFGHIJKLMN27/0001"]
)
def test_partitions_named_by_pseudonyms_may_travel(member: str | None) -> None:
    check_facts({"partitions": [{**PARTITION, "member": member}]}, {"sources": [{"name": "s"}]})


@pytest.mark.parametrize(
    "member", ["Doe_Jane.dcm", "Doe", "1.2.840.113619", "DOE-JANE", "19700101"]
)
def test_partitions_with_other_names_may_not_and_the_name_is_not_said(member: str) -> None:
    with pytest.raises(DataError, match="pseudonym") as told:
        check_facts({"partitions": [{**PARTITION, "member": member}]}, {"sources": [{"name": "s"}]})
    assert member not in str(told.value)


def test_the_highest_label_wins_and_an_unknown_one_is_the_highest() -> None:
    assert highest([]) == highest(["", ""]) == ""
    assert highest(["", IDENTIFIED]) == IDENTIFIED
    assert highest([IDENTIFIED, "later"]) == "later"
