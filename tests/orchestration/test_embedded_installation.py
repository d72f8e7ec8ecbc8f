"""Where an installation keeps its state, and which settings it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError, TransientError
from millrace.orchestration.embedded import preflight as checks
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.password import password


@pytest.mark.parametrize("port", ["0", "65536", "http", "80.5"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SpecError, match="MILLRACE_PORT: not a usable number; expected a whole"):
        Installation.load({"MILLRACE_PORT": port})


def test_gpu_slots_must_be_positive() -> None:
    with pytest.raises(SpecError, match="MILLRACE_GPU_SLOTS"):
        Installation.load({"MILLRACE_GPU_SLOTS": "-1"})


def test_all_state_lies_below_the_home(tmp_path: Path) -> None:
    found = Installation.load({"MILLRACE_HOME": str(tmp_path / "h")})
    for place in (found.airflow_home, found.logs, found.run, found.password_file):
        assert place.is_relative_to(tmp_path / "h")


def test_the_home_belongs_to_its_owner_alone(installation: Installation) -> None:
    assert installation.settings.home.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"cannot be written.*Set MILLRACE_HOME"):
        Installation.load({"MILLRACE_HOME": str(tmp_path / "file" / "home")}).prepare()


def test_the_password_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    made = password(file)
    assert password(file) == made
    assert len(made) >= 16
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_password_file_that_anyone_could_read_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    password(file)
    file.chmod(0o644)
    password(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"admin": 7}', '{"other": "x"}'])
def test_a_damaged_password_file_is_made_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "passwords.json"
    file.write_text(text)
    assert password(file) == password(file)


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "STATE_BYTES", 2**62)
    with pytest.raises(TransientError, match=r"no room.*MiB free; received .* MiB.*MILLRACE_HOME"):
        checks.preflight(tmp_path / "not" / "yet")


@pytest.mark.parametrize("what", ["PYTHON", "SQLITE"])
def test_an_old_version_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(checks, what, (99, 0))
    with pytest.raises(SpecError, match=r"too old; expected 99\.0 or newer; received \d"):
        checks.preflight(tmp_path)
