"""Tests of `deliver`: each record exactly once, whatever happens, on SQLite and PostgreSQL."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Timer

import pytest

from millrace.data.delivery import Delivered, deliver
from millrace.data.delivery.database import open_database
from millrace.data.delivery.table import prediction_table
from millrace.errors import DataError, IntegrityError, SpecError, TransientError

RUN = {
    "workflow": "pets",
    "run_id": "manual__1",
    "model_version": 1,
    "model_digest": "d" * 64,
    "batch_key": "b" * 64,
}

CHILD = """
import sys, time
from pathlib import Path
from millrace.data.delivery import deliver, rows
path, url, pause, version = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
read = rows.read_table
def paused(*arguments):
    for number, table in enumerate(read(*arguments)):
        yield table
        if pause:
            Path(pause).touch()
            time.sleep(120)
rows.read_table = paused
done = deliver(path, url, "predictions", workflow="pets", run_id="child", model_version=version,
               model_digest="d" * 64, batch_key="b" * 64)
print(done.rows, done.new_rows)
"""


def child(path, url, pause="", version=1):
    command = [sys.executable, "-W", "error", "-c", CHILD, path, url, pause, version]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "the child never got half-way"
        time.sleep(0.02)


def test_a_delivered_row_says_where_it_comes_from(url, file, query):
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    done = deliver(file(1), url, "predictions", **RUN, predicted_at=moment)
    assert done == Delivered(rows=1, new_rows=1)
    names = (
        "workflow, model_version, record_id, source, model_digest, label, predicted, probability, "
        "probabilities, run_id, batch_key, predicted_at, content"
    )
    (row,) = query(url, f"SELECT {names} FROM predictions")
    assert row[:8] == ("pets", 1, "s/0000000", "s", "d" * 64, "cat", "dog", 0.9)
    assert json.loads(row[8]) == {"cat": 0.1, "dog": 0.9}
    assert row[9:11] == ("manual__1", "b" * 64)
    assert row[12] == "00" * 16
    assert str(row[11]).startswith("2026-01-02 03:04:05")


def test_a_second_delivery_changes_nothing(url, file, query):
    deliver(file(2500), url, "predictions", **RUN)
    again = deliver(file(2500), url, "predictions", **{**RUN, "run_id": "manual__2"})
    assert again == Delivered(rows=2500, new_rows=0)
    assert query(url, "SELECT run_id, count(*) FROM predictions GROUP BY run_id") == [
        ("manual__1", 2500)
    ]


def test_only_the_new_records_of_a_grown_file_are_added(url, file):
    deliver(file(10), url, "predictions", **RUN)
    assert deliver(file(20, start=5), url, "predictions", **RUN) == Delivered(20, 15)


def test_other_content_under_an_old_id_is_another_row(url, file, query):
    monday, tuesday = file(10), file(10, content=1)
    assert deliver(monday, url, "predictions", **RUN) == Delivered(10, 10)
    assert deliver(tuesday, url, "predictions", **RUN) == Delivered(10, 10)
    assert deliver(monday, url, "predictions", **RUN) == Delivered(10, 0)
    assert deliver(tuesday, url, "predictions", **RUN) == Delivered(10, 0)
    assert query(url, "SELECT content, count(*) FROM predictions GROUP BY content ORDER BY 1") == [
        ("00" * 16, 10),
        ("01" * 16, 10),
    ]


def test_a_table_from_before_content_was_kept_is_refused(url, file, query):
    deliver(file(0), url, "predictions", **RUN)
    query(url, "CREATE TABLE older AS SELECT * FROM predictions")
    query(url, "ALTER TABLE older DROP COLUMN content")
    with pytest.raises(SpecError, match=r"not a table of predictions.*without content"):
        deliver(file(1), url, "older", **RUN)


def test_an_older_table_gets_the_column_that_says_who_needs_review(url, file, query):
    deliver(file(1), url, "predictions", **RUN)
    query(url, "ALTER TABLE predictions DROP COLUMN needs_review")
    assert deliver(file(2), url, "predictions", **RUN).new_rows == 1
    assert query(url, "SELECT needs_review FROM predictions") == [(None,)] * 2


def test_versions_and_workflows_have_rows_of_their_own(url, file, query):
    deliver(file(10), url, "predictions", **RUN)
    other = {**RUN, "model_version": 2, "model_digest": "e" * 64}
    assert deliver(file(10), url, "predictions", **other).new_rows == 10
    assert deliver(file(10), url, "predictions", **{**RUN, "workflow": "x"}).new_rows == 10
    assert query(url, "SELECT count(*) FROM predictions") == [(30,)]


def test_an_empty_file_makes_the_table_and_nothing_else(url, file, query):
    assert deliver(file(0), url, "predictions", **RUN) == Delivered(0, 0)
    assert query(url, "SELECT count(*) FROM predictions") == [(0,)]


def test_an_unknown_label_is_null(url, file, query):
    deliver(file(1, label=None), url, "predictions", **RUN)
    assert query(url, "SELECT label FROM predictions") == [(None,)]


def test_a_delivery_killed_half_way_leaves_nothing_and_can_be_repeated(url, file, query, tmp_path):
    path, pause = file(20_000), tmp_path / "half-way"
    process = child(path, url, pause)
    wait_for(pause)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL
    assert query(url, "SELECT count(*) FROM predictions") == [(0,)]
    assert deliver(path, url, "predictions", **RUN) == Delivered(20_000, 20_000)
    assert query(url, "SELECT count(*), count(DISTINCT record_id) FROM predictions") == [
        (20_000, 20_000)
    ]


def test_deliveries_at_once_from_processes_add_each_record_once(url, file, query):
    path = file(9_000)
    processes = [child(path, url) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(int(new) for _, new in outputs) == [0, 0, 9_000]
    assert query(url, "SELECT count(*) FROM predictions") == [(9_000,)]


def test_overlapping_files_delivered_at_once_do_not_deadlock(url, file, query):
    paths = [file(4_000, start=start) for start in (0, 2_000, 1_000, 3_000)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda path: deliver(path, url, "predictions", **RUN), paths))
    assert sum(one.new_rows for one in done) == 7_000
    assert query(url, "SELECT count(*) FROM predictions") == [(7_000,)]


def test_a_new_sqlite_file_that_another_one_writes_is_waited_for(tmp_path):
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = Timer(0.3, lambda: other.execute("COMMIT"))
    done.start()
    with open_database(f"sqlite:///{path}").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    done.join()
    other.close()


def test_a_version_number_of_another_model_is_refused(url, file, query):
    deliver(file(10), url, "predictions", **RUN)
    with pytest.raises(DataError, match="version number belongs to another model"):
        deliver(file(20), url, "predictions", **{**RUN, "model_digest": "e" * 64})
    assert query(url, "SELECT count(*) FROM predictions") == [(10,)]


def test_a_table_of_other_columns_is_refused_and_kept(url, file, query):
    query(url, "CREATE TABLE predictions (record_id TEXT PRIMARY KEY, mine INTEGER)")
    with pytest.raises(SpecError, match=r"not a table of predictions.*with mine"):
        deliver(file(1), url, "predictions", **RUN)
    assert query(url, "SELECT * FROM predictions") == []


def test_a_table_without_the_key_is_refused(url, file, query):
    deliver(file(0), url, "predictions", **RUN)
    query(url, "CREATE TABLE copied AS SELECT * FROM predictions")
    with pytest.raises(SpecError, match="received the key"):
        deliver(file(1), url, "copied", **RUN)


def test_a_view_is_refused(url, file, query):
    deliver(file(0), url, "predictions", **RUN)
    query(url, "CREATE VIEW shown AS SELECT * FROM predictions")
    with pytest.raises(SpecError, match="not a table of predictions"):
        deliver(file(1), url, "shown", **RUN)


def test_text_from_data_is_data(url, file, query):
    hostile = "'); DROP TABLE predictions; -- %s :x \u2603"
    deliver(file(1, label=hostile), url, "predictions", **{**RUN, "run_id": hostile})
    assert query(url, "SELECT label, run_id FROM predictions") == [(hostile, hostile)]


@pytest.mark.parametrize(
    "name",
    ["", "1st", "a b", "a;b", 'a"b', "a.b", "Üpper", "Upper", "x" * 64, "sqlite_x", "pg_x", "a\n"],
)
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(SpecError, match="not a table name"):
        prediction_table(name)


@pytest.mark.parametrize("url", ["", "nonsense", "oracle://x/y", "mysql://u:p@h/d", "nope://x"])
def test_another_database_is_refused(url, file):
    with pytest.raises(SpecError, match="MILLRACE_PREDICTIONS"):
        deliver(file(1), url, "predictions", **RUN)


def test_a_folder_that_is_not_there_is_a_spec_error(file, tmp_path):
    with pytest.raises(SpecError, match="cannot be opened for writing"):
        deliver(file(1), f"sqlite:///{tmp_path}/no/such/x.db", "predictions", **RUN)


def test_a_file_that_is_no_database_is_a_spec_error(file, tmp_path):
    (tmp_path / "x.db").write_text("something else entirely\n" * 100)
    with pytest.raises((SpecError, DataError), match="database"):
        deliver(file(1), f"sqlite:///{tmp_path}/x.db", "predictions", **RUN)


def test_a_database_that_does_not_answer_is_transient_and_hides_the_password(file):
    with pytest.raises(TransientError) as caught:
        deliver(file(1), "postgresql://me:secret@127.0.0.1:1/db", "predictions", **RUN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_locked_database_is_transient(url, file, query, monkeypatch, tmp_path):
    monkeypatch.setattr("millrace.data.delivery.database.PATIENCE", 0.2)
    pause = tmp_path / "half-way"
    process = child(file(20_000), url, pause)
    wait_for(pause)
    try:
        with pytest.raises(TransientError, match="locked"):
            deliver(file(1), url, "predictions", **RUN)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_delivery_that_waits_too_long_for_another_is_transient(url, file, monkeypatch, tmp_path):
    pause = tmp_path / "half-way"
    process = child(file(20_000), url, pause)
    wait_for(pause)
    monkeypatch.setattr("millrace.data.delivery.database.PATIENCE", 1)
    try:
        with pytest.raises(TransientError, match="lock"):
            deliver(file(1), url, "predictions", **RUN)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_nul_character_is_a_data_error(url, file):
    with pytest.raises(DataError, match="NUL"):
        deliver(file(1, label="a\0b"), url, "predictions", **RUN)


def test_a_file_that_is_no_table_of_predictions_is_refused(url, file, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not a table PAR1")
    with pytest.raises((DataError, IntegrityError), match="not a table of predictions"):
        deliver(tmp_path / "x.parquet", url, "predictions", **RUN)
