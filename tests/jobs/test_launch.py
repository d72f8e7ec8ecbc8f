"""How a job that is performed elsewhere is settled: by its exit code and its manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.artifacts.store import Store
from millrace.errors import MillraceError, TransientError
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.launch import settle

REQUEST = JobRequest("train", "k" * 64, {}, {}, {}, {}, attempt="1-1")


def settled(folder: Path, code: int) -> MillraceError:
    with pytest.raises(MillraceError) as caught:
        settle(REQUEST, Store(folder.as_uri()), code, ["last words"], "pod")
    return caught.value


@pytest.mark.parametrize("code", [143, -15])
def test_a_job_that_was_told_to_stop_did_not_run_out_of_memory(tmp_path: Path, code: int) -> None:
    error = settled(tmp_path, code)
    assert isinstance(error, TransientError)
    assert "told to stop" in str(error)
    assert "emory" not in str(error)


@pytest.mark.parametrize("code", [137, -9])
def test_a_job_that_was_killed_may_have_run_out_of_memory(tmp_path: Path, code: int) -> None:
    assert "signal 9. Out of memory is" in str(settled(tmp_path, code))


@pytest.mark.parametrize(("code", "kind"), [(255, TransientError), (193, MillraceError)])
def test_a_high_code_is_no_signal(tmp_path: Path, code: int, kind: type[MillraceError]) -> None:
    error = settled(tmp_path, code)
    assert type(error) is kind
    assert f"ended with code {code}" in str(error)
