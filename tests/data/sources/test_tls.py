"""Sources over TLS with an authority of one's own: read where it is named, else refused at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import certificates
import postgres_server
import s3_server
import tls_server
from certificates import Certificates
from millrace.data.sources.files import open_source
from millrace.data.sources.reader import open_reader
from millrace.errors import SpecError
from millrace.workflow.text_sources import SqlSource
from postgres_server import PostgresServer


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    return certificates.make(tmp_path / "server")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return certificates.make(tmp_path / "other", "somebody else").authority


@pytest.fixture
def url(trusted: Certificates) -> Iterator[str]:
    with tls_server.serving(trusted, b"words") as port:
        yield f"https://127.0.0.1:{port}/set.bin"


def test_a_file_is_fetched_where_its_authority_is_named(
    url: str, trusted: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.authority))
    assert open_source(url).path.read_bytes() == b"words"


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    url: str, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    began = time.monotonic()
    with pytest.raises(SpecError, match="certificate cannot be trusted") as caught:
        open_source(url)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert time.monotonic() - began < 5


@pytest.mark.s3
def test_a_bucket_behind_another_authority_is_refused_at_once(
    trusted: Certificates, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = s3_server.S3Server((str(trusted.server), str(trusted.key)))
    try:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted.authority))
        bucket = server.bucket()
        monkeypatch.setenv("AWS_CA_BUNDLE", str(other))
        with pytest.raises(SpecError, match="certificate cannot be trusted") as caught:
            open_source(f"s3://{bucket}/set.bin")
    finally:
        server.close()
    assert "AWS_CA_BUNDLE" in str(caught.value)


@pytest.mark.postgres
@pytest.mark.skipif(not postgres_server.available(), reason=postgres_server.MISSING)
def test_a_database_behind_another_authority_is_refused_at_once(
    trusted: Certificates, other: Path
) -> None:
    server = PostgresServer((trusted.server, trusted.key))
    try:
        base = f"postgresql+psycopg2://postgres@127.0.0.1:{server.port}/postgres"
        said = {
            "name": "s",
            "kind": "sql",
            "uri": f"{base}?sslmode=verify-full&sslrootcert={other}",
            "query": "SELECT 1 AS id, 'a' AS text",
            "key": "id",
            "text": "text",
        }
        source = SqlSource.model_validate(said)
        with pytest.raises(SpecError, match="certificate of a source's database"):
            open_reader(source.model_dump(mode="json")).partitions()
    finally:
        server.stop()
