"""Locks of jobs that all hosts of a catalog see: the server's, released with the connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from millrace.catalog import job_locks
from millrace.catalog.database import Database
from millrace.catalog.job_locks import JobLocks, lock_number
from millrace.errors import TransientError
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres
KEY, OTHER = "fe" * 32, "12" * 32
SESSIONS = "select count(*) from pg_stat_activity where application_name = 'millrace job'"
HOLDS = "select count(*) from pg_locks where locktype = 'advisory' and granted"
END = (
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace job'"
)


@pytest.fixture
def address(server: PostgresServer) -> Iterator[str]:
    made = server.create()
    yield made
    server.drop(made)


@pytest.mark.parametrize(
    ("url", "shared"),
    [("postgresql+psycopg2://h/d", True), ("mysql+pymysql://h/d", False), ("sqlite:///d", False)],
)
def test_only_a_server_whose_locks_are_known_is_asked_for_them(url: str, shared: bool) -> None:
    locks = JobLocks(SimpleNamespace(url=make_url(url)))  # type: ignore[arg-type]
    assert locks.shared is shared


def query(url: str, statement: str) -> int:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        return int(connection.scalar(text(statement)))


def wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_one_session_holds_a_key_and_others_do_not_wait(address: str) -> None:
    one, two = JobLocks(Database(address)), JobLocks(Database(address))
    held = one.take(KEY)
    assert held is not None
    with held:
        assert two.take(KEY) is None
        assert one.take(KEY) is None
        other = two.take(OTHER)
        assert other is not None
        with other:
            assert query(address, HOLDS) == 2
    assert query(address, SESSIONS) == 0
    again = two.take(KEY)
    assert again is not None
    with again:
        pass


def test_a_lock_that_is_not_free_leaves_no_session(address: str) -> None:
    held = JobLocks(Database(address)).take(KEY)
    assert held is not None
    with held:
        for _ in range(3):
            assert JobLocks(Database(address)).take(KEY) is None
        wait_until(lambda: query(address, SESSIONS) == 1)


def test_a_lock_whose_session_was_ended_is_taken_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_locks, "_BEAT", 0.05)
    held = JobLocks(Database(address)).take(KEY)
    assert held is not None
    with held:
        query(address, END)
        wait_until(lambda: query(address, HOLDS) == 0 or query(address, SESSIONS) == 1)
        wait_until(lambda: query(address, HOLDS) == 1)
        assert JobLocks(Database(address)).take(KEY) is None
    assert query(address, SESSIONS) == 0


def test_who_lost_the_lock_to_another_host_works_on_without_it(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = JobLocks(Database(address)).take(KEY)
    assert first is not None
    query(address, END)
    wait_until(lambda: query(address, HOLDS) == 0)
    second = JobLocks(Database(address)).take(KEY)
    assert second is not None
    monkeypatch.setattr(job_locks, "_BEAT", 0.05)
    with second, first:
        assert query(address, HOLDS) == 1
    assert query(address, HOLDS) == 0


def test_a_database_that_is_away_is_worth_a_retry(server: PostgresServer) -> None:
    url = server.create()
    server.drop(url)
    with pytest.raises(TransientError):
        JobLocks(Database(url)).take(KEY)


def test_the_server_is_told_to_look_for_hosts_that_vanish(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JobLocks(Database(address))._engine.connect() as session:
        session.execute(job_locks._CONFIGURE, {"values": '{"idle_session_timeout": "0"}'})
        assert session.scalar(text("SHOW idle_session_timeout")) == "0"
        session.execute(job_locks._CONFIGURE, {"values": '{"of_no_server": "1"}'})


def test_a_key_is_a_signed_number_of_eight_bytes() -> None:
    assert lock_number("ff" * 32) == -1
    assert lock_number("00" * 7 + "01" + "ff" * 24) == 1
    assert lock_number("7f" + "ff" * 31) == 2**63 - 1
