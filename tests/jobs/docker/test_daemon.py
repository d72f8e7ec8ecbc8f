"""What a daemon refuses, as Millrace's errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from millrace.errors import SpecError
from millrace.jobs.runtimes.docker.daemon import Daemon, NoDeviceError, UnreachableError

errors = pytest.importorskip("docker.errors", reason="the extra docker is not installed")

NVIDIA = "OCI runtime create failed: nvidia-container-cli: initialization error: no driver"


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (500, NVIDIA, NoDeviceError),
        (400, "invalid mount config", SpecError),
        (500, "the server is shutting down", UnreachableError),
        (503, "", UnreachableError),
        (504, "upstream timed out", UnreachableError),
    ],
)
def test_a_refusal_is_of_its_kind(status: int, said: str, kind: type[Exception]) -> None:
    def refuse(*_: Any) -> None:
        answer = SimpleNamespace(status_code=status, url="unix://daemon", reason="Refused")
        raise errors.APIError("refused", answer, said)

    with pytest.raises(kind):
        Daemon(lambda: SimpleNamespace(start=refuse)).start("x")
