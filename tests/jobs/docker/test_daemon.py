"""What a daemon refuses, as Millrace's errors."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import certificates
import tls_server
from millrace.errors import SpecError
from millrace.jobs.runtimes.docker.daemon import (
    Daemon,
    NoDeviceError,
    UnreachableError,
    connect,
)

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


@pytest.mark.parametrize("vouched", [True, False])
def test_a_daemon_over_tls_is_spoken_to_where_its_certificate_is_trusted(
    tmp_path: Path, vouched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificates.make(tmp_path / "server")
    other = certificates.make(tmp_path / "other", "somebody else")
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "ca.pem").write_bytes((made if vouched else other).authority.read_bytes())
    (folder / "cert.pem").write_bytes(made.server.read_bytes())
    (folder / "key.pem").write_bytes(made.key.read_bytes())
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # which would win
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CERT_PATH", str(folder))
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with tls_server.serving(made, b'{"ApiVersion": "1.44"}') as port:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        if vouched:
            connect().close()
            return
        with pytest.raises(SpecError, match="certificate cannot be trusted") as caught:
            connect()
    assert "DOCKER_CERT_PATH" in str(caught.value)
