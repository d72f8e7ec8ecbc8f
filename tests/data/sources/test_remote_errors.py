"""What remote stores do, by the class of its error, and how often it is tried."""

from __future__ import annotations

import errno
import time

import pytest

from millrace.data.sources.remote_errors import PAUSES, failures, patiently, status_failure
from millrace.errors import DataError, MillraceError, TransientError


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def failing(times: int) -> tuple[list[int], object]:
    calls: list[int] = []

    def action() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise TransientError("busy")
        return "done"

    return calls, action


def test_what_passes_is_tried_again_with_growing_pauses(pauses: list[float]) -> None:
    _, action = failing(2)
    assert patiently(action) == "done"  # type: ignore[arg-type]
    assert pauses == list(PAUSES[:2])


def test_what_does_not_pass_is_given_up(pauses: list[float]) -> None:
    calls, action = failing(99)
    with pytest.raises(TransientError, match="busy"):
        patiently(action)  # type: ignore[arg-type]
    assert len(calls) == len(PAUSES) + 1


def test_what_cannot_pass_is_told_at_once(pauses: list[float]) -> None:
    def action() -> None:
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        patiently(action)
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, DataError) for status in (400, 401, 403, 404, 410, 451)),
        *((status, TransientError) for status in (301, 408, 425, 429, 500, 502, 503, 504)),
    ],
)
def test_a_status_tells_whether_a_retry_helps(status: int, kind: type[Exception]) -> None:
    assert isinstance(status_failure("http://h/f", status), kind)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), TransientError, "the disk is full"),
        (PermissionError("no"), DataError, "may not be read"),
        (FileNotFoundError("no"), DataError, "does not exist"),
        (ConnectionResetError("no"), TransientError, "cannot be reached"),
        (TimeoutError("no"), TransientError, "cannot be reached"),
        (ValueError("x" * 9_000), TransientError, "cannot be reached"),
    ],
)
def test_what_fails_is_one_of_our_errors(
    error: Exception, kind: type[MillraceError], said: str
) -> None:
    with pytest.raises(kind, match=said) as found, failures("s3://user:secret@b/f?token=1"):
        raise error
    assert "secret" not in str(found.value)
    assert "token" not in str(found.value)
    assert len(str(found.value)) < 1_000
