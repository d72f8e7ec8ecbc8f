from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import postgres_server
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError, TransientError


def test_a_locked_catalog_is_worth_a_retry(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    catalog = Catalog(f"sqlite:///{file}?timeout=0.05")
    catalog.migrate()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="locked"):
        catalog.runs.start("r", "digits", "digits", {}, "", {}, "manual", "0")
    assert catalog.runs.latest() == []  # a reader never waits for a writer
    other.close()


def test_a_new_file_that_is_locked_is_worth_a_retry(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    other.execute("CREATE TABLE x (y)")
    catalog = Catalog(f"sqlite:///{tmp_path / 'c.db'}?timeout=0.05")
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="locked"):
        catalog.migrate()
    other.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    catalog = Catalog(f"sqlite:///{tmp_path / 'c.db'}")
    for use in (catalog.check, catalog.migrate):
        with pytest.raises(SpecError, match="not a usable database"):
            use()


def test_a_folder_in_place_of_the_file_is_an_error_with_a_name(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="unable to open"):
        Catalog(f"sqlite:///{tmp_path}").check()


@pytest.mark.parametrize("url", ["", "catalog.db", "postgresql://u:p@ss@h:port/x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SpecError, match="not a database URL"):
        Catalog(url)


@pytest.mark.parametrize("url", ["oracle+none://h/x", "mysql+nothing://h/x"])
def test_a_database_without_driver_is_refused(url: str) -> None:
    with pytest.raises(SpecError, match="no driver"):
        Catalog(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_catalog_in_memory_is_refused(url: str) -> None:
    with pytest.raises(SpecError, match="lost between tasks"):
        Catalog(url)


def test_sqlite_waits_for_locks_and_writes_ahead(tmp_path: Path) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path / 'c.db'}")
    catalog.migrate()
    with catalog._database.connection(write=False) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1}


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_worth_a_retry_without_its_password(tmp_path) -> None:
    pytest.importorskip("psycopg2")
    catalog = Catalog(f"postgresql+psycopg2://u:secret@/x?host={tmp_path}")
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        catalog.runs.latest()
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_restarted_server_is_used_again(server: postgres_server.PostgresServer) -> None:
    with Catalog(server.create()) as catalog:
        catalog.migrate()
        assert catalog.runs.latest() == []
        server.halt()
        with pytest.raises(TransientError):
            catalog.runs.latest()
        server.start()
        assert catalog.runs.latest() == []
