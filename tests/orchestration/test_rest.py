"""The REST client: logins, pages, and every failure a sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fake_airflow import FakeAirflow
from millrace.errors import SpecError, TransientError
from millrace.orchestration import rest
from millrace.orchestration.rest import AirflowClient

RUNS = "/api/v2/dags/digits/dagRuns"


def _client(fake: FakeAirflow) -> AirflowClient:
    return AirflowClient(fake.url, "admin", fake.password)


def test_no_server_is_a_sentence_with_a_remedy() -> None:
    with (
        AirflowClient("http://127.0.0.1:9", "admin", "x") as client,
        pytest.raises(TransientError, match=r"does not answer.*millrace up"),
    ):
        client.health()


def test_a_wrong_password_is_a_sentence_without_the_password(fake: FakeAirflow) -> None:
    with (
        AirflowClient(fake.url, "admin", "wrong-one") as client,
        pytest.raises(SpecError, match="refused the login") as caught,
    ):
        client.dags()
    assert "wrong-one" not in str(caught.value)


def test_another_program_on_the_port_is_recognised(fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/monitor/health"] = (200, b"<html>hello</html>")
    with _client(fake) as client, pytest.raises(TransientError, match="not come from Airflow"):
        client.health()


def test_one_login_serves_many_calls(fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/dags"] = (200, {"dags": []})
    with _client(fake) as client:
        client.dags()
        client.dags()
    assert fake.logins == 1


def test_an_expired_token_is_renewed(fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/dags"] = (200, {"dags": []})
    with _client(fake) as client:
        client._token = "expired"
        assert client.dags() == []
    assert fake.logins == 1


def test_all_pages_are_read(fake: FakeAirflow) -> None:
    many = [{"task_id": str(number)} for number in range(230)]
    fake.answers["GET", f"{RUNS}/r/taskInstances"] = (200, {"task_instances": many})
    with _client(fake) as client:
        assert client.task_instances("digits", "r") == many


def test_a_run_has_no_logical_date_and_is_due(fake: FakeAirflow) -> None:
    fake.answers["POST", RUNS] = (200, {"dag_run_id": "r"})
    with _client(fake) as client:
        client.trigger("digits", {"epochs": 3})
    body = fake.requests[-1][2]
    assert body["logical_date"] is None
    assert body["conf"] == {"epochs": 3}
    assert datetime.fromisoformat(body["run_after"]) < datetime.now(UTC)


def test_a_refused_parameter_keeps_airflows_reason(fake: FakeAirflow) -> None:
    fake.answers["POST", RUNS] = (400, {"detail": "epochs: 'three' is not of type 'integer'"})
    with _client(fake) as client, pytest.raises(SpecError, match="'three' is not of type"):
        client.trigger("digits", {"epochs": "three"})


def test_a_validation_error_names_its_field(fake: FakeAirflow) -> None:
    detail = [{"loc": ["body", "conf"], "msg": "Field required"}]
    fake.answers["POST", RUNS] = (422, {"detail": detail})
    with _client(fake) as client, pytest.raises(SpecError, match=r"body\.conf: Field required"):
        client.trigger("digits", {})


def test_a_servers_own_error_may_be_retried(fake: FakeAirflow) -> None:
    fake.answers["POST", RUNS] = (503, b"overloaded")
    with _client(fake) as client, pytest.raises(TransientError, match="status 503: overloaded"):
        client.trigger("digits", {})


def test_an_unknown_dag_lists_the_known_ones(fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/dags"] = (200, {"dags": [{"dag_id": "mnist"}]})
    with _client(fake) as client, pytest.raises(SpecError, match="expected mnist; received digit"):
        client.dag("digit")


def test_a_missing_pool_is_made(fake: FakeAirflow) -> None:
    fake.answers["POST", "/api/v2/pools"] = (201, {"name": "gpu"})
    with _client(fake) as client:
        client.ensure_pool("gpu", 2, "for training")
    assert fake.requests[-1][2]["slots"] == 2


@pytest.mark.parametrize(("slots", "written"), [(1, 1), (2, 0)])
def test_a_pool_is_resized_only_where_it_differs(
    fake: FakeAirflow, slots: int, written: int
) -> None:
    fake.answers["GET", "/api/v2/pools/gpu"] = (200, {"name": "gpu", "slots": slots})
    fake.answers["PATCH", "/api/v2/pools/gpu"] = (200, {"name": "gpu"})
    with _client(fake) as client:
        client.ensure_pool("gpu", 2, "for training")
    assert [method for method, _, _ in fake.requests].count("PATCH") == written


def test_a_structured_log_becomes_text(fake: FakeAirflow) -> None:
    path = f"{RUNS}/r/taskInstances/train/logs/1"
    content = [{"event": "epoch 1"}, {"event": "epoch 2"}]
    fake.answers["GET", path] = (200, {"content": content})
    with _client(fake) as client:
        assert client.log("digits", "r", "train", -1, 1) == "epoch 1\nepoch 2"


def test_a_page_is_no_larger_than_airflow_allows() -> None:
    assert rest._PAGE <= 100
