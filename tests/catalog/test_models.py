from __future__ import annotations

import pytest
from sqlalchemy import exc, text

from millrace.catalog.catalog import Catalog
from millrace.errors import ChampionChanged, MillraceError, SpecError, TransientError


@pytest.fixture
def models(catalog: Catalog, refer):
    """Three versions of `digits`, one of `mnist`."""
    for word in "abc":
        catalog.models.register("digits", refer(word, "bundle"), None, {"accuracy": 0.5})
    catalog.models.register("mnist", refer("a", "bundle"), None, {})
    return catalog.models


@pytest.fixture
def decide(models):
    def decide_one(version, expected=None, decision="promoted", run=None, reason="better"):
        return models.decide("digits", version, decision, reason, "gate", run, expected)

    return decide_one


def test_versions_count_from_one_in_each_workflow(models) -> None:
    assert [v.version for v in models.versions("digits")] == [1, 2, 3]
    assert [v.version for v in models.versions("mnist")] == [1]


def test_a_bundle_is_registered_once(models, refer, start) -> None:
    run = start().id
    again = models.register("digits", refer("b", "bundle"), run, {"accuracy": 0.75})
    assert (again.version, again.run, again.metrics) == (2, None, {"accuracy": 0.5})


def test_a_version_is_found_by_its_bundle(models) -> None:
    assert models.version_of("digest-c").version == 3
    assert models.version_of("digest-a").workflow == "mnist"
    assert models.version_of("digest-a", "digits").workflow == "digits"
    assert models.version_of("digest-z") is None


def test_a_missing_version_is_refused(models, decide) -> None:
    with pytest.raises(SpecError, match="no such model version; received 9"):
        models.get("digits", 9)
    with pytest.raises(SpecError, match="no such model version"):
        decide(9)


def test_a_run_that_is_not_there_is_refused(models, refer, decide) -> None:
    with pytest.raises(SpecError, match="refused a record"):
        models.register("digits", refer("z"), 99, {})
    with pytest.raises(SpecError, match="refused a record"):
        decide(1, run=99)


def test_there_is_no_champion_before_a_promotion(models, decide) -> None:
    decide(1, decision="refused")
    assert models.champion("digits") is None


def test_the_champion_is_the_last_promoted_or_rolled_back(models, decide) -> None:
    decide(1)
    decide(3, expected=1)
    decide(2, decision="refused", expected=3)
    assert models.champion("digits").version == 3
    decide(1, expected=3, decision="rolled_back")
    decide(1, expected=1, decision="kept")
    assert models.champion("digits").version == 1
    assert models.champion("mnist") is None


def test_history_says_what_each_decision_replaced(models, decide) -> None:
    decide(1)
    decide(2, expected=1, decision="refused", reason="slower")
    decide(3, expected=1)
    history = [(p.version, p.decision, p.term, p.replaced) for p in models.promotions("digits")]
    assert history == [(1, "promoted", 1, None), (2, "refused", None, 1), (3, "promoted", 2, 1)]
    assert models.promotions("digits")[1].reason == "slower"


@pytest.mark.parametrize("expected", [None, 2])
def test_a_promotion_against_another_champion_is_refused(models, decide, expected) -> None:
    decide(1)
    with pytest.raises(ChampionChanged, match="received version 1") as caught:
        decide(3, expected=expected)
    assert isinstance(caught.value, TransientError)
    assert len(models.promotions("digits")) == 1


def test_the_error_crosses_a_process_border(decide) -> None:
    with pytest.raises(ChampionChanged, match="no champion") as caught:
        decide(1, expected=3)
    back = MillraceError.from_document(caught.value.to_document())
    assert isinstance(back, ChampionChanged)


def test_a_retried_decision_is_one_record_even_after_others(models, decide, start) -> None:
    run = start().id
    first = decide(1, run=run)
    decide(2, expected=1)
    assert decide(1, run=run) == first
    assert models.champion("digits").version == 2


def test_a_rollback_goes_only_to_a_former_champion(models, decide) -> None:
    decide(1)
    with pytest.raises(SpecError, match="champion before"):
        decide(2, expected=1, decision="rolled_back")


def test_an_unknown_decision_is_refused(decide) -> None:
    with pytest.raises(SpecError, match="received approved"):
        decide(1, decision="approved")


@pytest.mark.parametrize(
    "statement", ["UPDATE promotions SET actor = 'me'", "DELETE FROM promotions"]
)
def test_the_database_refuses_to_change_a_promotion(models, decide, catalog, statement) -> None:
    decide(1)
    engine = catalog._database.engine
    with pytest.raises(exc.DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text(statement))
    assert [p.actor for p in models.promotions("digits")] == ["gate"]
