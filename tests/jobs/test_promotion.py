"""Decisions under concurrency: the champion that changes, the task that is killed, the trial."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError
from millrace.jobs import promotion


def ref(name: str) -> ArtifactRef:
    return ArtifactRef("bundle", f"key-{name}", f"digest-{name}", f"file:///{name}", 1, 1)


class Judged:
    """A run whose evaluations and gate are made up; the catalog is real."""

    def __init__(self, catalog: Catalog, limit: int | None = None) -> None:
        self.identity = SimpleNamespace(workflow="w", run_id="r")
        self.catalog = catalog
        self.id = self._start()
        self.params = SimpleNamespace(limit=limit)
        self.spec = SimpleNamespace(
            modality="image",
            train=SimpleNamespace(seed=1),
            gate=SimpleNamespace(by="accuracy", checks=dict, asks=None),
        )
        self.compared: list[str | None] = []
        self.meanwhile: list[str] = []
        self.verdict = "promote"
        self.executor = SimpleNamespace(execute=self._execute)
        self.store = SimpleNamespace(get=lambda ref: self._evaluation(None))

    def _start(self) -> int:
        started = self.catalog.runs.start(
            run_id="r",
            workflow="w",
            dag_id="w",
            spec={},
            spec_digest="0",
            params={},
            trigger="manual",
            version="0",
        )
        return started.id

    def _evaluation(self, champion: str | None) -> Any:
        manifest = SimpleNamespace(provenance={})
        facts = {"champion_bundle": champion}
        return SimpleNamespace(facts=facts, ref=ref("evaluation"), manifest=manifest)

    def _execute(self, job: Any) -> Any:
        if job.stage == "evaluate":
            champion = job.inputs.get("champion")
            self.compared.append(champion[0].digest if champion else None)
            return self._evaluation(self.compared[-1])
        if self.meanwhile:
            crown(self.catalog, self.meanwhile.pop())
        return SimpleNamespace(facts={"decision": self.verdict, "reasons": ["all is well"]})

    def evaluate(self, bundle: str) -> None:
        other = ref("other").to_document()
        promotion.evaluate(self, other, ref(bundle).to_document(), other)  # type: ignore[arg-type]

    def promote(self, bundle: str) -> dict[str, Any]:
        document = ref(bundle).to_document()
        other = ref("other").to_document()
        return promotion.promote(self, other, document, other, other)  # type: ignore[arg-type]


def crown(catalog: Catalog, name: str) -> None:
    champion = catalog.models.champion("w")
    version = catalog.models.register("w", ref(name), None, {})
    catalog.models.decide(
        "w",
        version.version,
        "promoted",
        reason="",
        actor="another run",
        run=None,
        expected_champion=None if champion is None else champion.version,
    )


@pytest.fixture
def catalog(tmp_path: Any) -> Catalog:
    made = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    made.migrate()
    return made


def test_a_champion_that_changed_meanwhile_is_compared_with(catalog: Catalog) -> None:
    run = Judged(catalog)
    run.meanwhile = ["rival"]
    outcome = run.promote("mine")
    assert outcome["decision"] == "promoted"
    assert run.compared == ["digest-rival"]
    assert outcome["champion"] == outcome["version"]


def test_a_champion_that_keeps_changing_is_a_transient_error(catalog: Catalog) -> None:
    run = Judged(catalog)
    run.meanwhile = [f"rival {number}" for number in range(9)]
    with pytest.raises(TransientError, match="kept changing"):
        run.promote("mine")


def test_a_task_killed_after_its_promotion_says_promoted_again(catalog: Catalog) -> None:
    first = Judged(catalog).promote("mine")
    assert Judged(catalog).promote("mine") == {**first, "repeated": True}
    assert len(catalog.models.promotions("w")) == 1


def test_a_run_that_kept_the_champion_moves_none_when_it_is_cleared_later(catalog: Catalog) -> None:
    crown(catalog, "mine")
    assert Judged(catalog).promote("mine")["decision"] == "kept"
    crown(catalog, "newer")
    outcome = Judged(catalog).promote("mine")
    assert (outcome["decision"], outcome["version"], outcome["champion"]) == ("kept", 1, 2)


def test_a_refused_run_stays_refused_when_the_champion_went_back(catalog: Catalog) -> None:
    crown(catalog, "old")
    run = Judged(catalog)
    run.verdict = "refuse"
    assert run.promote("mine")["decision"] == "refused"
    run.verdict = "promote"
    assert run.promote("mine")["decision"] == "refused"
    assert run.compared == ["digest-old"]


def test_a_decided_run_is_evaluated_against_the_champion_of_then(catalog: Catalog) -> None:
    crown(catalog, "old")
    run = Judged(catalog)
    run.promote("mine")
    crown(catalog, "newer")
    run.evaluate("mine")
    assert run.compared == ["digest-old", "digest-old"]


@pytest.mark.parametrize(
    ("verdict", "left"), [("promote", "digest-mine"), ("refuse", "digest-old")]
)
def test_a_run_predicts_with_the_champion_that_it_left(
    catalog: Catalog, verdict: str, left: str
) -> None:
    crown(catalog, "old")
    run = Judged(catalog)
    run.verdict = verdict
    run.promote("mine")
    crown(catalog, "newer")
    champion = promotion.champion_of(run)  # type: ignore[arg-type]
    assert champion is not None
    assert champion.bundle.digest == left


def test_the_champion_itself_is_kept(catalog: Catalog) -> None:
    crown(catalog, "mine")
    assert Judged(catalog).promote("mine")["decision"] == "kept"


def test_a_trial_becomes_champion_only_where_there_is_none(catalog: Catalog) -> None:
    assert Judged(catalog, limit=100).promote("first")["decision"] == "promoted"
    outcome = Judged(catalog, limit=100).promote("second")
    assert outcome["decision"] == "refused"
    assert "trial" in outcome["reasons"][0]


def test_the_gate_does_not_bring_back_what_a_person_rolled_back(catalog: Catalog) -> None:
    crown(catalog, "good")
    crown(catalog, "bad")
    catalog.models.decide("w", 1, "rolled_back", "it fails at night", "me", None, 2)
    outcome = Judged(catalog).promote("bad")
    assert (outcome["decision"], outcome["champion"]) == ("refused", 1)
    assert "it fails at night" in outcome["reasons"][0]
    assert "millrace rollback w --to 2" in outcome["reasons"][1]
    assert Judged(catalog).promote("new")["decision"] == "promoted"
