"""MLflow over TLS with an authority of one's own: used where it is named, else one warning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import certificates
import tls_server
from millrace.jobs.tracking.guard import unharmed
from millrace.settings import Settings

pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
FOUND = json.dumps({"experiment": {"experiment_id": "7", "name": "digits"}}).encode()


@pytest.mark.parametrize("vouched", [True, False])
def test_mlflow_is_spoken_to_where_its_certificate_is_trusted(
    tmp_path: Path,
    vouched: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = certificates.make(tmp_path / "server")
    other = certificates.make(tmp_path / "other", "somebody else")
    authority = (made if vouched else other).authority
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(authority))
    asked: list[str] = []

    def ask(client: Any, _: Any) -> None:
        asked.append(client.get_experiment_by_name("digits").experiment_id)

    with tls_server.serving(made, FOUND, **{"Content-Type": "application/json"}) as port:
        settings = replace(Settings.load(), tracking=f"https://127.0.0.1:{port}")
        assert unharmed(settings, "run r", ask) is vouched
    assert asked == ["7"] * vouched
    assert vouched or "SSLCertVerif" in caplog.text
