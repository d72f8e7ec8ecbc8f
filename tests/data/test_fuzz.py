"""Damaged sources of every kind: an error that says so, or every record accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import fuzzing
import fuzzing_sources
from millrace.errors import DataError, SpecError

SECONDS = float(os.environ.get("MILLRACE_FUZZ_SECONDS", "20"))


@pytest.mark.timeout(SECONDS + 300)
def test_damaged_sources_end_in_an_error_or_in_full_account(tmp_path: Path) -> None:
    command = [sys.executable, fuzzing.__file__, str(tmp_path), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    case = (tmp_path / "case.txt").read_text()
    assert done.returncode == 0, f"at {case}: {done.stderr[-8_000:]}"
    outcomes = json.loads(done.stdout)
    ends = {end for found in outcomes.values() for end in found}
    assert set(outcomes) == set(fuzzing_sources.KINDS)
    assert all(outcomes.values()), "every kind is tried"
    assert ends <= {"accounted for", "DataError", "SpecError"}


@pytest.mark.parametrize("kind", fuzzing_sources.KINDS)
def test_what_is_damaged_is_whole_before(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    source = fuzzing_sources.KINDS[kind](tmp_path)
    assert fuzzing.run(source, tmp_path, kind) == fuzzing_sources.ROWS


@pytest.mark.parametrize("kind", fuzzing_sources.PICTURES)
def test_files_of_another_kind_are_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    sources = {}
    for number, (name, make) in enumerate(fuzzing_sources.PICTURES.items()):
        (tmp_path / f"{number}").mkdir()
        sources[name] = make(tmp_path / f"{number}")
    wanted = sources[kind]
    for other in sources.values():
        if other["kind"] != wanted["kind"]:
            place = other.get("uri") or other["images"]
            source = wanted | {"uri" if "uri" in wanted else "images": place}
            with pytest.raises((DataError, SpecError)):
                fuzzing.run(source, Path(tempfile.mkdtemp(dir=tmp_path)), kind)


def test_a_record_that_is_lost_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    source = fuzzing_sources.KINDS["csv"](tmp_path)
    fuzzing.run(source, tmp_path, "csv")
    result = fuzzing.StageResult("records", counts=fuzzing.clean.Counts(25, 25))
    with pytest.raises(RuntimeError, match="24 records of 25"):
        fuzzing.check(tmp_path / "collect-0-output", tmp_path / "clean-0-output", 25, result)
