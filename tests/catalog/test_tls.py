"""A catalog on PostgreSQL over TLS: verified where the URL asks for it, refused where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import certificates
import postgres_server
from certificates import Certificates
from millrace.catalog.database import Database
from millrace.data.delivery.database import open_database, translated
from millrace.errors import SpecError
from postgres_server import PostgresServer

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not postgres_server.available(), reason=postgres_server.MISSING),
]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.make(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="module")
def server(trusted: Certificates) -> Iterator[PostgresServer]:
    made = PostgresServer((trusted.server, trusted.key))
    yield made
    made.stop()


def url(server: PostgresServer, root: Path, mode: str = "verify-full") -> str:
    base = f"postgresql+psycopg2://postgres@127.0.0.1:{server.port}/postgres"
    return f"{base}?sslmode={mode}&sslrootcert={root}"


def test_the_connection_is_encrypted_and_verified(
    server: PostgresServer, trusted: Certificates
) -> None:
    with Database(url(server, trusted.authority)).connection(write=False) as connection:
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.scalar(text(asked)) is True


def test_another_authority_is_a_clear_error_and_no_retry(
    server: PostgresServer, tmp_path: Path
) -> None:
    other = certificates.make(tmp_path, "somebody else").authority
    with (
        pytest.raises(SpecError, match="certificate cannot be trusted") as caught,
        Database(url(server, other)).connection(write=False),
    ):
        pass
    assert "sslrootcert" in str(caught.value)


def test_a_missing_root_certificate_is_a_clear_error(
    server: PostgresServer, tmp_path: Path
) -> None:
    with (
        pytest.raises(SpecError, match="root certificate file"),
        Database(url(server, tmp_path / "none.pem")).connection(write=False),
    ):
        pass


def test_predictions_refuse_another_authority_too(server: PostgresServer, tmp_path: Path) -> None:
    other = certificates.make(tmp_path, "somebody else").authority
    engine = open_database(url(server, other))
    with (
        pytest.raises(SpecError, match="certificate cannot be trusted"),
        translated(engine, "predictions"),
        engine.connect(),
    ):
        pass
