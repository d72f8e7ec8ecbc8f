"""A person's answer before a promotion: asked once, recorded with a name, and never guessed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.jobs import promotion, question
from millrace.jobs.approval import by_person
from millrace.workflow.approval import Approval


def ref(name: str) -> ArtifactRef:
    return ArtifactRef("bundle", f"key-{name}", f"digest-{name}", f"file:///{name}", 1, 1)


DOCUMENT = ref("other").to_document()
FACTS = {
    "metrics": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}},
    "baseline": {"metrics": {"accuracy": 0.8}},
    "champion_bundle": None,
    "verdict": "a [link](http://x) | and *stars*",
    "cross_validation": {"sentence": "5 folds, AUC 0.98"},
    "shortcuts": {"sentence": "Facts that carry no content alone reach AUC 0.91"},
    "warnings": ["1 class comes from one scanner only"],
    "review": {
        "band": [0.2, 0.8],
        "rows": 4,
        "review_share": 0.1,
        "errors": 2,
        "decided_errors": 1,
        "decided_accuracy": 0.97,
    },
}


class Asking:
    """A run that asks; its evaluations and gate are made up, the catalog is real."""

    def __init__(self, catalog: Catalog) -> None:
        self.identity = SimpleNamespace(workflow="w", run_id="r")
        self.catalog = catalog
        self.id = catalog.runs.start("r", "w", "w", {}, "0", {}, "manual", "0").id
        self.params = SimpleNamespace(limit=None)
        gate = SimpleNamespace(by="accuracy", checks=dict, asks=Approval())
        train = SimpleNamespace(seed=1)
        self.spec = SimpleNamespace(modality="image", train=train, gate=gate)
        self.verdict = "promote"
        self.executor = SimpleNamespace(execute=self._execute)
        self.store = SimpleNamespace(get=lambda ref: self._evaluation())

    def _evaluation(self) -> Any:
        champion = self.catalog.models.champion("w")
        facts = {**FACTS, "champion_bundle": champion and champion.bundle.digest}
        manifest = SimpleNamespace(provenance={}, sensitivity="")
        return SimpleNamespace(facts=facts, ref=ref("evaluation"), manifest=manifest)

    def _execute(self, job: Any) -> Any:
        checks = [{"sentence": "accuracy 0.9 is enough"}]
        facts = {"decision": self.verdict, "reasons": ["all is well"], "checks": checks}
        return SimpleNamespace(facts=facts)

    def ask(self) -> dict[str, Any]:
        bundle = ref("mine").to_document()
        return question.approve(self, DOCUMENT, bundle, DOCUMENT, DOCUMENT)  # type: ignore[arg-type]

    def answer(self, *, approved: bool, note: str | None = None, by: str = "anna") -> Any:
        return self.catalog.approvals.answer(self.id, 1, approved=approved, approver=by, note=note)

    def promote(self) -> dict[str, Any]:
        bundle = ref("mine").to_document()
        return promotion.promote(self, DOCUMENT, bundle, DOCUMENT, DOCUMENT)  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> Asking:
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.migrate()
    return Asking(catalog)


def test_the_question_says_what_and_shows_figures_and_checks(run: Asking) -> None:
    asked = run.ask()
    assert asked["subject"] == "Make version 1 of w champion, the first one?"
    assert "| Accuracy | 0.9000 | 0.8500 to 0.9500 | 0.8000 |  |" in asked["body"]
    assert "- accuracy 0.9 is enough" in asked["body"]
    assert "\\[link\\](http://x) \\| and \\*stars\\*" in asked["body"]  # data write no Markdown


def test_the_question_leads_to_the_report_and_the_model_card(run: Asking) -> None:
    for stage in ("explain", "cards"):
        one = run.catalog.executions.begin(run.id, stage, None, "ab" * 32, {}, [], 1, "here")
        run.catalog.executions.finish(one, "done", reason="", output=ref(stage))
    pages = run.ask()["pages"]
    assert pages["Model card"] == "artifacts/key-cards/files/model_card.html"
    assert pages["Evaluation, with its plots"] == "artifacts/key-evaluation"
    assert pages["Explanations of test records"] == "artifacts/key-explain"


def test_the_question_says_what_figures_of_one_split_do_not(run: Asking) -> None:
    lines = run.ask()["body"].splitlines()
    assert "- 5 folds, AUC 0.98" in lines
    assert "- Facts that carry no content alone reach AUC 0.91" in lines
    assert "- Warning: 1 class comes from one scanner only" in lines
    assert any("10.0% of the test records, with 2 of 3 mistakes" in line for line in lines)


def test_the_question_leads_to_both_cards_and_to_the_certificate(run: Asking) -> None:
    one = run.catalog.executions.begin(run.id, "cards", None, "ab" * 32, {}, [], 1, "here")
    run.catalog.executions.finish(one, "done", reason="", output=ref("cards"))
    pages = run.ask()["pages"]
    files = "artifacts/key-cards/files"
    assert pages["Data card"] == f"{files}/data_card.html"
    assert pages["De-identification"] == f"{files}/deidentification.html"


def test_without_an_answer_nothing_is_promoted_and_nothing_decided(run: Asking) -> None:
    run.ask()
    outcome = run.promote()
    assert (outcome["decision"], outcome["champion"]) == ("pending", None)
    assert run.catalog.models.promotions("w") == []


def test_a_task_that_was_marked_a_success_by_hand_approves_nothing(run: Asking) -> None:
    assert run.promote()["decision"] == "pending"


def test_an_approval_promotes_and_is_in_the_history(run: Asking) -> None:
    run.ask()
    given = run.answer(approved=True, note="agreed")
    assert run.promote()["decision"] == "promoted"
    (made,) = run.catalog.models.promotions("w")
    assert (made.approver, made.approved_at) == ("anna", given.answered_at)
    assert made.reason == "all is well; approved by anna: agreed"


def test_a_rejection_keeps_the_champion_and_is_in_the_history(run: Asking) -> None:
    run.ask()
    run.answer(approved=False, note="too few slices")
    assert run.promote()["decision"] == "rejected"
    (made,) = run.catalog.models.promotions("w")
    assert (made.term, made.approver) == (None, "anna")
    assert made.reason == "rejected by anna: too few slices"
    assert promotion.champion_of(run) is None  # type: ignore[arg-type]


def test_the_first_answer_stands(run: Asking) -> None:
    run.ask()
    run.answer(approved=False, by="anna")
    late = run.answer(approved=True, by="bert")
    assert (late.approved, late.approver) == (False, "anna")


@pytest.mark.parametrize("decided", [True, False], ids=["decided", "answered"])
def test_a_repeated_run_does_not_ask_again(run: Asking, decided: bool) -> None:
    run.ask()
    run.answer(approved=True)
    if decided:
        run.promote()
    assert run.ask()["asked"] is False
    assert run.promote()["decision"] == "promoted"
    assert len(run.catalog.models.promotions("w")) == 1


def test_a_challenger_that_the_gate_refuses_asks_nobody(run: Asking) -> None:
    run.verdict = "refuse"
    asked = run.ask()
    assert asked == {"asked": False, "reason": "all is well"}
    assert run.catalog.approvals.waiting() == []
    assert run.promote()["decision"] == "refused"


def test_an_approval_does_not_hold_against_another_champion(run: Asking) -> None:
    run.ask()
    run.answer(approved=True)
    rival = run.catalog.models.register("w", ref("rival"), None, {})
    run.catalog.models.decide("w", rival.version, "promoted", "", "another run", None, None)
    outcome = run.promote()
    assert (outcome["decision"], outcome["champion"]) == ("refused", rival.version)
    assert "version 2 is there now" in "; ".join(outcome["reasons"])
    assert run.catalog.models.promotions("w")[-1].approver == "anna"


def test_a_champion_that_changed_and_was_rejected_stays_rejected(run: Asking) -> None:
    run.ask()
    given = run.answer(approved=False)
    decision = {"decision": "promote", "reasons": []}
    champion = SimpleNamespace(version=7)
    assert by_person(decision, given, champion)["decision"] == "reject"  # type: ignore[arg-type]
