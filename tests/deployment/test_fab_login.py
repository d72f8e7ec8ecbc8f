"""The stack's first steps and login, with its own environment, on real PostgreSQL."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

import airflow_stack

pytestmark = [pytest.mark.postgres, pytest.mark.s3, pytest.mark.timeout(400)]

STEPS = [sys.executable, "-m", "stack.first_steps"]


@pytest.fixture(scope="module")
def first(stack: Any) -> Any:
    """What the first steps said the first time."""
    done = airflow_stack.run(STEPS, stack.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def url(stack: Any, first: Any) -> Iterator[str]:
    environment = airflow_stack.airflow_environment(
        stack.variables,
        "api-server",
        stack.host,
        stack.environment["AWS_ENDPOINT_URL"],
        stack.folder,
        stack.port,
    )
    with airflow_stack.api_server(environment, stack.port) as url:
        yield url


def call(url: str, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(("{", "[")) else text


def login(url: str, user: str, password: str) -> tuple[int, Any]:
    return call(url, "POST", "/auth/token", {"username": user, "password": password})


def rows(stack: Any, database: str, query: str) -> list[tuple[Any, ...]]:
    password = stack.variables[f"{database.upper()}_DATABASE_PASSWORD"]
    connection = psycopg2.connect(
        host=stack.host, user=database, password=password, dbname=database
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    finally:
        connection.close()


def test_the_first_steps_make_all_that_airflow_needs(stack: Any, first: Any) -> None:
    assert "Made the bucket millrace" in first.stdout
    assert "Made the administrator admin" in first.stdout
    assert rows(stack, "airflow", "SELECT slots FROM slot_pool WHERE pool = 'gpu'") == [(1,)]
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert rows(stack, "catalog", tables) > [(3,)]
    assert rows(stack, "predictions", tables) == [(0,)]  # made by the first delivery


def test_no_secret_is_printed(stack: Any, first: Any) -> None:
    from stack.rules import SECRETS

    said = first.stdout + first.stderr
    assert not [name for name in SECRETS if stack.variables[name] in said]


def test_the_first_steps_can_be_repeated(stack: Any, first: Any) -> None:
    users = rows(stack, "airflow", "SELECT username, password FROM ab_user")
    again = airflow_stack.run(STEPS, stack.environment)
    assert again.returncode == 0, again.stderr
    assert "Made" not in again.stdout
    assert rows(stack, "airflow", "SELECT username, password FROM ab_user") == users


def test_an_example_secret_stops_the_first_steps(stack: Any) -> None:
    weak = stack.environment | {"AIRFLOW_ADMIN_PASSWORD": "admin"}
    done = airflow_stack.run(STEPS, weak)
    assert done.returncode == 78
    assert "AIRFLOW_ADMIN_PASSWORD is left at an example value" in done.stderr


def test_the_generated_password_signs_in_and_others_do_not(stack: Any, url: str) -> None:
    password = stack.variables["AIRFLOW_ADMIN_PASSWORD"]
    status, answer = login(url, "admin", password)
    assert status == 201, answer
    dags = call(url, "GET", "/api/v2/dags", token=answer["access_token"])
    assert dags[0] == 200, dags
    for wrong in ("admin", "", password[:-1]):
        assert login(url, "admin", wrong)[0] in (400, 401)


def test_nothing_is_shown_to_strangers(url: str) -> None:
    assert call(url, "GET", "/api/v2/dags")[0] == 401
    assert call(url, "GET", "/api/v2/dags", token="x.y.z")[0] in (401, 403)
    assert call(url, "GET", "/millrace/")[0] == 401


def test_the_report_of_millrace_is_behind_the_same_login(stack: Any, url: str) -> None:
    token = login(url, "admin", stack.variables["AIRFLOW_ADMIN_PASSWORD"])[1]["access_token"]
    status, page = call(url, "GET", "/millrace/", token=token)
    assert status == 200, page


def test_a_viewer_sees_dags_and_triggers_none(stack: Any, url: str) -> None:
    password = "Vx7-nothing-to-guess-29"
    create = ["users", "create", "--role", "Viewer", "--username", "vera", "--firstname", "v"]
    create += ["--lastname", "v", "--email", "v@localhost", "--password", password]
    done = airflow_stack.run(["airflow", *create], stack.environment)
    assert done.returncode == 0, done.stderr
    token = login(url, "vera", password)[1]["access_token"]
    assert call(url, "GET", "/api/v2/dags", token=token)[0] == 200
    body = {"logical_date": None, "conf": {}}
    assert call(url, "POST", "/api/v2/dags/digits/dagRuns", body, token)[0] == 403


def test_health_is_what_the_api_server_says(stack: Any, url: str) -> None:
    health = [sys.executable, "-m", "stack.health"]
    assert airflow_stack.run([*health, "api-server"], stack.environment).returncode == 0
    done = airflow_stack.run([*health, "scheduler"], stack.environment)
    assert (done.returncode, "scheduler: its status is" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("user", "database"),
    [("catalog", "airflow"), ("predictions", "catalog"), ("airflow", "catalog")],
)
def test_each_database_is_for_its_owner_only(stack: Any, user: str, database: str) -> None:
    password = stack.variables[f"{user.upper()}_DATABASE_PASSWORD"]
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(host=stack.host, user=user, password=password, dbname=database)


def test_no_database_opens_without_its_password(stack: Any) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=stack.host, user="catalog", password="catalog", dbname="catalog")


UNDOCUMENTED = ("AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES",)
"""What Airflow's scheduler reads, and its list of options lacks."""


def test_every_setting_of_airflow_is_one_that_it_knows(stack: Any) -> None:
    code = (
        "import os\n"
        "from airflow.configuration import conf\n"
        "from airflow.providers_manager import ProvidersManager\n"
        "ProvidersManager().initialize_providers_configuration()\n"
        "known = conf.configuration_description\n"
        "for name in os.environ:\n"
        "    parts = name.split('__')\n"
        f"    if parts[0] == 'AIRFLOW' and len(parts) == 3 and name not in {UNDOCUMENTED}:\n"
        "        section, key = parts[1].lower(), parts[2].lower()\n"
        "        assert key in known.get(section, {}).get('options', {}), name\n"
    )
    done = airflow_stack.run([sys.executable, "-W", "error", "-c", code], stack.environment)
    assert done.returncode == 0, done.stderr[-1500:]
    lint = airflow_stack.run(["airflow", "config", "lint"], stack.environment)
    found = [line for line in lint.stdout.splitlines() if line.startswith("  - ")]
    assert [line for line in found if "default value of `executor`" not in line] == []
