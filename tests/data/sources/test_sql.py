"""Rows of a database: read only, in the order of their key, without a secret in any message."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from millrace.data.growth import growth
from millrace.data.sources.reader import keyed, open_reader
from millrace.data.sources.sql_query import Query
from millrace.errors import DataError, SpecError, TransientError
from text_sources import document, read

ROWS = [(n, f"text {n}", "spam" if n % 3 == 0 else "ham", f"p{n % 4}") for n in range(1, 41)]


def fill(url: str, rows: list[tuple[Any, ...]]) -> None:
    """Put rows (id, body, class, person) into the table `messages`."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE IF NOT EXISTS messages "
                "(id BIGINT, body TEXT, class TEXT, person TEXT)"
            )
        )
        names = ("id", "body", "class", "person")
        values = [dict(zip(names, row, strict=True)) for row in rows]
        insert = "INSERT INTO messages VALUES (:id, :body, :class, :person)"
        connection.execute(sa.text(insert), values)
    engine.dispose()


@pytest.fixture
def base(url: str) -> str:
    fill(url, ROWS)
    return url


def source(url: str | None, **values: Any) -> dict[str, Any]:
    named = {"query": "SELECT * FROM messages", "key": "id", "text": "body", "label": "class"}
    return document("sql", url, **{**named, **values})


def test_rows_arrive_in_the_order_of_their_key(base: str) -> None:
    table = read(source(base, group="person", query="SELECT * FROM messages ORDER BY body DESC"))
    assert table["content"].to_pylist() == [body.encode() for _, body, _, _ in ROWS]
    assert table["label"].to_pylist() == [label for _, _, label, _ in ROWS]
    assert table["group"].to_pylist() == [person for _, _, _, person in ROWS]
    assert table["record_id"][0].as_py() == "made/000000001"
    assert set(table["encoding"].to_pylist()) == {"text"}


def test_records_of_a_table_are_typed_and_have_neither_key_nor_label(base: str) -> None:
    query = "SELECT id, class, 2 * id AS twice, NULL AS unknown, 0.5 AS half FROM messages"
    row = read(source(base, text=None, query=query))["content"][0].as_py()
    assert json.loads(row) == {"twice": 2, "unknown": None, "half": 0.5}


def test_new_rows_make_new_partitions_and_leave_the_others(base: str) -> None:
    asked = source(base, partition_rows=5)
    before = [p.to_document() for p in open_reader(asked).partitions()]
    fill(base, [(100 + n, "later", "ham", "p") for n in range(20)])
    (grown,) = growth(before, [p.to_document() for p in open_reader(asked).partitions()])
    assert grown.kept >= len(before) - 1
    assert grown.new


def test_records_are_the_same_however_they_are_cut(base: str) -> None:
    whole, parts = read(source(base)), read(source(base, partition_rows=3))
    assert parts.drop_columns("position").equals(whole.drop_columns("position"))


def test_rows_that_change_between_listing_and_reading_are_refused(base: str) -> None:
    (partition,) = open_reader(source(base)).partitions()
    fill(base, [(41, "new", "ham", "p")])
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source(base)).read(partition))


def test_keys_may_be_texts_with_any_signs(base: str) -> None:
    query = "SELECT 'it''s: ' || person || '%' || body AS name, body, class FROM messages"
    table = read(source(base, query=query, key="name", partition_rows=4))
    assert table.num_rows == 40
    assert "made/it's: p1%text 1" in table["record_id"].to_pylist()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"key": "nothing"},
            r"column is missing.*one of id, body, class, person; received nothing",
        ),
        ({"label": "klass"}, "column is missing"),
        (
            {"query": "SELECT 1 AS id, body, class FROM messages"},
            "two rows of a query have one key",
        ),
        ({"query": "SELECT NULL AS id, body, class FROM messages"}, "neither a whole number"),
        ({"query": "SELECT 0.5 * id AS id, body, class FROM messages"}, "neither a whole number"),
        (
            {"query": "SELECT *, body AS body FROM messages"},
            "two columns of a query have one name.*received body",
        ),
    ],
)
def test_a_result_that_is_not_as_the_spec_says_is_refused(
    base: str, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        open_reader(source(base, **values)).partitions()


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM nowhere", "SELEC *", "SELECT wrong FROM messages", "DELETE FROM messages"],
)
def test_a_wrong_query_is_the_spec_s_fault(base: str, query: str) -> None:
    with pytest.raises(SpecError, match="query is wrong"):
        open_reader(source(base, query=query)).partitions()
    assert read(source(base)).num_rows == 40


def test_a_query_that_fails_in_the_middle_is_the_data_s_fault(base: str) -> None:
    fill(base, [(41, "oops", "ham", "p")])
    cast = "body::int" if base.startswith("postgres") else "json(body)"
    numbers = f"SELECT id, class, CASE WHEN id < 41 THEN body ELSE CAST({cast} AS TEXT) END AS body"
    with pytest.raises(DataError, match="query fails"):
        open_reader(source(base, query=f"{numbers} FROM messages")).partitions()


def test_an_empty_result_has_no_partition(base: str) -> None:
    assert (
        open_reader(source(base, query="SELECT * FROM messages WHERE id < 0;")).partitions() == []
    )


def test_missing_texts_and_bytes_that_are_none_are_records_that_say_so(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (id INT, body TEXT)")
        made.execute(
            "INSERT INTO t VALUES (1, NULL), (2, x'66ff'), (3, CAST(x'66ff' AS TEXT)), (4, 7)"
        )
    made.close()
    asked = source(f"sqlite:///{path}", query="SELECT * FROM t", label=None)
    assert read(asked)["encoding"].to_pylist() == [
        *("unreadable;the text is missing", "bytes", "bytes"),
        "text",
    ]


def test_a_database_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="database does not exist"):
        open_reader(source(f"sqlite:///{tmp_path}/none.db")).partitions()
    assert not list(tmp_path.iterdir())


def test_a_connection_of_airflow_s_is_read_from_the_environment(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = source(None, connection="shop_db")
    with pytest.raises(SpecError, match="AIRFLOW_CONN_SHOP_DB"):
        open_reader(asked).partitions()
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", base.replace("postgresql+psycopg2", "postgres"))
    assert read(asked).num_rows == 40


def test_a_connection_of_airflow_s_may_be_json(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sa.make_url(base)
    connection = {"conn_type": url.get_backend_name(), "host": url.host, "port": url.port}
    connection |= {"login": url.username, "password": url.password, "schema": url.database}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(connection | {"extra": dict(url.query)}))
    assert read(source(None, connection="shop")).num_rows == 40


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nosuch://host/shop", "received a kind of database that is not known"),
        ("mysql://host/shop", "received no module pymysql"),
        ("{anna", "received no JSON"),
        ("anna", "received no such URL"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(
    value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", value)
    with pytest.raises(SpecError, match=f"connection shop: .*cannot be used.*{said}"):
        open_reader(source(None, connection="shop")).partitions()


SECRET = "s3cr/et"


@pytest.mark.parametrize(
    "uri",
    [
        f"postgresql://anna:{SECRET}@127.0.0.1:9/shop",
        f"postgresql://anna:{SECRET}@127.0.0.1:{SECRET}/shop",
        f"nosuch://anna:{SECRET}@host/shop",
        f"postgresql://anna:x@127.0.0.1:9/shop?password={SECRET}",
        f"postgresql://anna:{SECRET}@127.0.0.1",
        f"::{SECRET}",
    ],
)
def test_no_error_and_no_key_holds_a_password(uri: str) -> None:
    with pytest.raises((SpecError, TransientError, DataError)) as caught:
        open_reader(source(uri)).partitions()
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert not {"uri", "connection"} & set(keyed(source(uri)))


@pytest.mark.postgres
def test_a_server_that_does_not_answer_may_do_so_later() -> None:
    with pytest.raises(TransientError, match="does not answer"):
        open_reader(source("postgresql://anna:x@127.0.0.1:9/shop")).partitions()


@pytest.mark.postgres
def test_a_server_that_stops_in_the_middle_may_go_on_later(server: Any) -> None:
    url = server.create()
    query = (
        "SELECT g AS id, repeat('x', 500) AS body, 'ham' AS class FROM generate_series(1, 90000) g"
    )
    rows = Query(source(url, query=query)).rows()
    next(rows)
    other = sa.create_engine(url)
    with other.connect() as connection:
        others = (
            "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}"))
    other.dispose()
    with pytest.raises(TransientError, match="does not answer"):
        list(rows)
    server.drop(url)
