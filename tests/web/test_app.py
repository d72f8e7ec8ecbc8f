"""Who gets in, and what every answer says to the browser."""

from __future__ import annotations

import pytest

KEY = "a" * 64
PAGES = ("/", "/runs?dag_id=digits&run_id=manual__1", f"/artifacts/{KEY}")
FILE = f"/artifacts/{KEY}/files/report.json"


@pytest.fixture(autouse=True)
def _run(installation) -> None:
    made = installation.artifact(KEY, "evaluation", {"report.json": b"{}"})
    installation.execute(installation.start(), "evaluate", made)


@pytest.mark.parametrize("path", [*PAGES, FILE])
def test_a_stranger_gets_nothing(client, path: str) -> None:
    answer = client.get(path, user=None)
    assert answer.status_code == 401
    assert KEY not in answer.text


@pytest.mark.parametrize("path", [*PAGES, FILE])
def test_a_user_gets_the_page(client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES[1:], FILE])
def test_a_dag_that_may_not_be_read_is_as_if_it_were_not_there(
    client, installation, path: str
) -> None:
    installation.readable.clear()
    assert client.get(path).status_code == 404


def test_the_overview_is_empty_for_who_may_read_nothing(client, installation) -> None:
    installation.readable.clear()
    text = client.get("/").text
    assert "No run yet" in text
    assert "digits" not in text


@pytest.mark.parametrize("path", [*PAGES, FILE, "/style.css", "/nothing", "/artifacts/no"])
def test_every_answer_has_the_security_headers(client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "private" in headers["cache-control"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_interface_is_not_described(client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_script_and_no_style_of_their_own(client, path: str) -> None:
    text = client.get(path).text
    assert "<script" not in text
    assert "style=" not in text
    assert '<link rel="stylesheet" href="/millrace/style.css">' in text
