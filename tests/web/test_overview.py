"""The page of all workflows."""

from __future__ import annotations

HOSTILE = "<script>alert('x')</script>"
KEY = "b" * 64


def promote(installation, run, **more) -> None:
    bundle = installation.artifact(KEY, "bundle", {"model.onnx": b"m"})
    figures = {"accuracy": 0.9912, "accuracy_low": 0.984, "accuracy_high": 0.9971, **more}
    version = installation.catalog.models.register("digits", bundle.ref, run.id, figures)
    installation.catalog.models.decide(
        "digits", version.version, "promoted", "passed", "gate", run.id, None
    )


def test_a_champion_is_shown_with_its_interval(client, installation) -> None:
    promote(installation, installation.start())
    text = client.get("/").text
    assert "version 1" in text
    assert "0.9912" in text
    assert "0.9840 – 0.9971" in text
    assert "F1" not in text
    assert f'href="/millrace/artifacts/{KEY}"' in text


def test_a_champion_of_a_positive_class_has_an_f1(client, installation) -> None:
    promote(installation, installation.start(), f1=0.9412, f1_low=0.9, f1_high=0.97)
    text = client.get("/").text
    assert "<dt>F1</dt><dd>0.9412" in text
    assert "0.9000 – 0.9700" in text


def test_a_workflow_without_champion_says_so(client, installation) -> None:
    installation.start()
    assert "No champion yet" in client.get("/").text


def test_only_runs_of_readable_dags_are_listed(client, installation) -> None:
    installation.start("seen")
    installation.start("unseen", dag_id="mnist")
    text = client.get("/").text
    assert "seen" in text
    assert "unseen" not in text
    assert "mnist" not in text


def test_a_run_of_a_dag_that_may_not_be_read_is_not_named_beside_the_champion(
    client, installation
) -> None:
    promote(installation, installation.start("secret"))
    installation.start("open", dag_id="digits_predict")
    installation.readable.discard("digits")
    text = client.get("/").text
    assert "open" in text
    assert "secret" not in text


def test_hostile_names_stay_text(client, installation) -> None:
    installation.start(HOSTILE, trigger=HOSTILE[:50])
    text = client.get("/").text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_run_id_is_escaped_in_its_link(client, installation) -> None:
    installation.start("manual__2026-11-21T09:00:00+00:00")
    link = "/millrace/runs?dag_id=digits&amp;run_id=manual__2026-11-21T09%3A00%3A00%2B00%3A00"
    assert f'href="{link}"' in client.get("/").text


def test_a_missing_catalog_is_a_page_that_says_what_to_do(client_of, settings) -> None:
    answer = client_of(settings, {"digits"}).get("/")
    assert answer.status_code == 503
    assert "the catalog has no tables yet" in answer.text
    assert "millrace up" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert not settings.home.joinpath("catalog.db").exists()
