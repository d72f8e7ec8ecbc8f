"""Backups of the stack's databases: dumped, rotated, restored, with PostgreSQL's own programs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from millrace.catalog.catalog import Catalog

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]

SCRIPT = Path(__file__).parents[2] / "include" / "stack" / "backup.sh"
DATABASES = ("airflow", "catalog", "predictions")


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def connection(stack: Any) -> Iterator[Any]:
    """The database `predictions`, as its owner, with a table of its own."""
    connection = psycopg2.connect(
        host=stack.host,
        user="predictions",
        password=stack.variables["PREDICTIONS_DATABASE_PASSWORD"],
        dbname="predictions",
    )
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS kept")
    cursor.execute(
        "CREATE TABLE kept AS SELECT n, 'row ' || n AS text FROM generate_series(1, 500) n"
    )
    yield cursor
    cursor.execute("DROP TABLE IF EXISTS kept, later")
    connection.close()


def backup(stack: Any, folder: Path, *arguments: str, **more: str) -> Any:
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": stack.host,
            "BACKUP_FOLDER": str(folder),
            **stack.variables,
            **more,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rounds(stack: Any, folder: Path) -> list[str]:
    return str(backup(stack, folder, "list").stdout).split()


def catalog_url(stack: Any) -> str:
    password = stack.variables["CATALOG_DATABASE_PASSWORD"]
    return f"postgresql+psycopg2://catalog:{password}@/catalog?host={stack.host}"


def aged(folder: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(folder, (then, then))


def content(cursor: Any) -> tuple[Any, ...]:
    cursor.execute(
        "SELECT count(*), sum(n), min(text), md5(string_agg(text, ',' ORDER BY n)) FROM kept"
    )
    return tuple(cursor.fetchone())


def test_a_restore_brings_back_every_row(stack: Any, backups: Path, connection: Any) -> None:
    before = content(connection)
    assert backup(stack, backups, "now").returncode == 0
    (round_,) = rounds(stack, backups)
    connection.execute("UPDATE kept SET text = 'spoilt' WHERE n < 100")
    connection.execute("DELETE FROM kept WHERE n > 300")
    done = backup(stack, backups, "restore", "predictions", round_)
    assert done.returncode == 0, done.stderr
    assert content(connection) == before


def test_a_restore_takes_away_what_a_later_release_added(
    stack: Any, backups: Path, connection: Any
) -> None:
    connection.execute("ALTER TABLE kept ADD PRIMARY KEY (n)")
    before = content(connection)
    assert backup(stack, backups, "now").returncode == 0
    connection.execute("CREATE TABLE later (n integer REFERENCES kept (n), more text)")
    connection.execute("INSERT INTO later VALUES (1, 'x')")
    connection.execute("CREATE VIEW seen AS SELECT * FROM kept JOIN later USING (n)")
    done = backup(stack, backups, "restore", "predictions", rounds(stack, backups)[-1])
    assert (done.returncode, done.stderr) == (0, "")
    assert content(connection) == before
    connection.execute("SELECT to_regclass('later'), to_regclass('seen')")
    assert connection.fetchone() == (None, None)


def test_half_a_dump_is_no_round(
    stack: Any, backups: Path, tmp_path: Path, connection: Any
) -> None:
    connection.execute("INSERT INTO kept SELECT n, md5(n::text) FROM generate_series(1, 9000) n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pg_dump").write_text(
        f'#!/bin/bash\n{shutil.which("pg_dump")} "$@" || exit\n'
        '[[ "$*" != *predictions* ]] || truncate --size=40K "${@: -1}"\n'
    )
    (programs / "pg_dump").chmod(0o755)
    halved = backup(stack, backups, "now", PATH=f"{programs}:{os.environ['PATH']}")
    assert halved.returncode != 0
    assert (backups / ".part" / "predictions.dump").stat().st_size == 40 << 10
    assert rounds(stack, backups) == []


def test_two_at_once_wait_for_each_other(stack: Any, backups: Path) -> None:
    backups.mkdir()
    with (backups / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=backup, args=(stack, backups, "now"))
        thread.start()
        time.sleep(1)
        assert not (backups / ".part").exists()
    thread.join(60)
    assert len(rounds(stack, backups)) == 1


def test_the_catalog_is_as_it_was_after_it_was_lost(stack: Any, backups: Path) -> None:
    with Catalog(catalog_url(stack)) as catalog:
        catalog.migrate()
        run = catalog.runs.start("r", "digits", "digits", {}, "", {}, "manual", "0")
    assert backup(stack, backups, "now").returncode == 0
    owner = psycopg2.connect(
        host=stack.host,
        user="catalog",
        password=stack.variables["CATALOG_DATABASE_PASSWORD"],
        dbname="catalog",
    )
    with owner, owner.cursor() as cursor:
        cursor.execute("DROP OWNED BY catalog CASCADE")
    owner.close()
    done = backup(stack, backups, "restore", "catalog", rounds(stack, backups)[-1])
    assert done.returncode == 0, done.stderr
    with Catalog(catalog_url(stack)) as catalog:
        assert catalog.runs.latest(limit=5) == [run]
        catalog.runs.start("later", "digits", "digits", {}, "", {}, "manual", "0")
        assert len(catalog.runs.latest(limit=5)) == 2  # its sequences are there, too


def test_a_restore_that_fails_leaves_all_as_it_was(
    stack: Any, backups: Path, connection: Any
) -> None:
    assert backup(stack, backups, "now").returncode == 0
    (round_,) = rounds(stack, backups)
    connection.execute("INSERT INTO kept VALUES (501, 'later')")
    before = content(connection)
    dump = backups / round_ / "predictions.dump"
    dump.write_bytes(dump.read_bytes()[:-200])
    assert backup(stack, backups, "restore", "predictions", round_).returncode != 0
    assert content(connection) == before


def test_a_round_is_there_with_all_databases_or_not_at_all(stack: Any, backups: Path) -> None:
    done = backup(stack, backups, "now", PREDICTIONS_DATABASE_PASSWORD="not-this-one")
    assert done.returncode != 0
    assert "password" in done.stderr
    assert "not-this-one" not in done.stderr
    assert rounds(stack, backups) == []
    assert backup(stack, backups, "now").returncode == 0
    (round_,) = rounds(stack, backups)
    assert {path.stem for path in (backups / round_).iterdir()} == set(DATABASES)
    assert (backups / round_).stat().st_mode & 0o077 == 0


def test_old_rounds_go_and_the_last_one_stays_however_old(stack: Any, backups: Path) -> None:
    for name, days in (("20200101T000000Z", 30), ("20200102T000000Z", 13)):
        (backups / name).mkdir(parents=True)
        aged(backups / name, days)
    (backups / "notes").mkdir()
    aged(backups / "notes", 400)
    assert backup(stack, backups, "now").returncode == 0
    left = rounds(stack, backups)
    assert (left[0], len(left)) == ("20200102T000000Z", 2)
    assert (backups / "notes").exists()
    shutil.rmtree(backups / left[0])
    aged(backups / left[1], 400)
    assert backup(stack, backups, "now", PGHOST="/nonexistent").returncode != 0
    assert rounds(stack, backups) == left[1:]


def test_the_health_check_knows_how_old_the_last_round_is(stack: Any, backups: Path) -> None:
    assert backup(stack, backups, "fresh", "24").returncode == 1
    (backups / "20200101T000000Z").mkdir(parents=True)
    assert backup(stack, backups, "fresh", "24").returncode == 0
    aged(backups / "20200101T000000Z", 2)
    done = backup(stack, backups, "fresh", "24")
    assert (done.returncode, "no round in the last 24 hours" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments", [["restore", "postgres", "x"], ["restore", "catalog", "x"], []]
)
def test_a_wrong_command_is_refused(stack: Any, backups: Path, arguments: list[str]) -> None:
    done = backup(stack, backups, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("backup: ")


def test_the_service_makes_a_round_at_once_and_stops_when_told(stack: Any, backups: Path) -> None:
    process = subprocess.Popen(
        ["bash", str(SCRIPT), "every", "24"],
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": stack.host,
            "BACKUP_FOLDER": str(backups),
            **stack.variables,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 60
        while not rounds(stack, backups) and time.monotonic() < end:
            time.sleep(0.2)
        assert len(rounds(stack, backups)) == 1
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
