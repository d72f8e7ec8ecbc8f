"""`millrace forget`: asks first, never shows the id."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

Millrace = Callable[..., tuple[int, str, str]]
PATIENT = "ZQX-0815"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "ab" * 32)


def entries() -> int:
    with Catalog(Settings.load().catalog) as catalog:
        return len(catalog.forgotten.history())


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--dry-run", "--yes")])
def test_unless_it_is_agreed_to_nothing_happens(
    millrace: Millrace, history: dict[str, ArtifactRef], words: tuple[str, ...]
) -> None:
    code, out, error = millrace("forget", "--patient", PATIENT, *words)
    assert (code, "Nothing was removed." in out, entries()) == (0, True, 0)
    assert PATIENT not in out + error


def test_agreed_to_it_is_recorded_though_nothing_was_found_yet(
    millrace: Millrace, history: dict[str, ArtifactRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PATIENT}\n"))
    code, out, error = millrace("forget", "--patient", "-", "--yes")
    assert (code, "Nothing of theirs was found" in out, entries()) == (0, True, 1)
    assert PATIENT not in out + error
    assert "P-" in out


def test_without_a_patient_or_a_workflow_of_that_name_it_is_refused(
    millrace: Millrace, history: dict[str, ArtifactRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert millrace("forget", "--patient", "-", "--yes")[0] == 64
    assert millrace("forget", "--patient", "x", "--workflow", "none", "--yes")[0] == 64
    assert entries() == 0


def test_without_the_key_it_says_how_to_give_it(
    millrace: Millrace, history: dict[str, ArtifactRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_PRIVACY_KEY")
    code, _, error = millrace("forget", "--patient", PATIENT, "--yes")
    assert (code, "MILLRACE_PRIVACY_KEY" in error, PATIENT in error) == (64, True, False)
