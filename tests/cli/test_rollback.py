"""`millrace rollback`, with and without Airflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_airflow import FakeAirflow
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.settings import Settings


@pytest.fixture
def two_champions(history: Any, tmp_path: Path) -> None:
    settings = Settings.load()
    store = Store(settings.store)
    path = tmp_path / "second"
    path.write_text("second")
    ref = store.publish(Manifest("bundle", "cd" * 32, {"bundle.json": store.put(path)})).ref
    with Catalog(settings.catalog) as catalog:
        catalog.models.register("digits", ref, None, {"accuracy": 0.5})
        catalog.models.decide("digits", 2, "promoted", "better", "gate", None, 1)


@pytest.mark.usefixtures("two_champions")
def test_without_airflow_it_works_and_says_what_was_not_done(millrace: Any) -> None:
    code, out, _ = millrace("rollback", "digits", "--because", "it fails at night")
    assert code == 0
    assert "version 1 is the champion again, instead of version 2: it fails at night" in out
    assert "`millrace run digits_predict` makes them with version 1" in out
    shown = millrace("show", "model", "digits")[1]
    assert "version 1 champion again instead of 2, by" in shown
    assert "version 2 promoted instead of 1" in shown


@pytest.mark.usefixtures("two_champions")
def test_airflow_is_told_so_that_predictions_run(millrace: Any, airflow: FakeAirflow) -> None:
    assets = [{"name": "digits_champion_old", "id": 1}, {"name": "digits_champion", "id": 7}]
    airflow.answers[("GET", "/api/v2/assets")] = (200, {"assets": assets})
    airflow.answers[("POST", "/api/v2/assets/events")] = (200, {"id": 1})
    code, out, _ = millrace("rollback", "digits", "--to", "1", "--because", "why")
    assert code == 0
    assert "digits_champion was updated" in out
    assert airflow.requests[-1] == (
        "POST",
        "/api/v2/assets/events",
        {"asset_id": 7, "extra": {"version": 1}},
    )


@pytest.mark.usefixtures("two_champions")
def test_airflow_that_fails_does_not_undo_it(millrace: Any, airflow: FakeAirflow) -> None:
    airflow.answers[("GET", "/api/v2/assets")] = (500, {"detail": "broken"})
    code, out, _ = millrace("rollback", "digits", "--because", "why")
    assert code == 0
    assert "Airflow was not told" in out
    with Catalog(Settings.load().catalog) as catalog:
        champion = catalog.models.champion("digits")
    assert champion is not None
    assert champion.version == 1


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("digits", "--to", "2"), 64, "champion already"),
        (("digits", "--to", "5"), 64, "no such model version"),
        (("mnist",), 64, "no champion"),
    ],
)
def test_what_cannot_be_is_refused(millrace: Any, words: Any, code: int, says: str) -> None:
    found, _, err = millrace("rollback", *words, "--because", "why")
    assert found == code
    assert says in err


def test_it_needs_a_reason(millrace: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        millrace("rollback", "digits")
    assert caught.value.code == 2
    assert "--because" in capsys.readouterr().err
