"""The page of one run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from millrace.errors import DataError

HOSTILE = "<script>alert('x')</script>"
FACTS: dict[str, Any] = {
    "rows": 369,
    "metrics": {
        "accuracy": {"value": 0.9912, "low": 0.984, "high": 0.9971},
        "log_loss": {"value": 0.05, "low": 0.04, "high": 0.06},
    },
    "slices": {
        "camera": {"rows": 300, "accuracy": {"value": 0.995, "low": 0.99, "high": 1.0}},
        HOSTILE: {"rows": 69, "accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
    },
    "baseline": {"kind": "svm", "metrics": {"accuracy": 0.9873}},
    "champion": {
        "comparable": True,
        "metrics": {"accuracy": 0.9899},
        "accuracy_gain": {"value": 0.0013, "low": -0.001, "high": 0.004},
    },
}
GATE: dict[str, Any] = {
    "promote": False,
    "checks": [
        {
            "name": "accuracy",
            "passed": False,
            "expected": 0.999,
            "received": 0.9912,
            "sentence": f"accuracy 0.9912 is under 0.999 {HOSTILE}",
        }
    ],
}


def page(client, run) -> str:
    answer = client.get("/runs?" + urlencode({"dag_id": run.dag_id, "run_id": run.run_id}))
    assert answer.status_code == 200
    return answer.text


def counts(received: int, quarantined: int = 0) -> dict[str, int]:
    accepted = received - quarantined
    return {
        "received": received,
        "accepted": accepted,
        "quarantined": quarantined,
        "duplicates": 0,
    }


@pytest.mark.parametrize(
    "query", ["", "?dag_id=digits", "?dag_id=digits&run_id=none", "?run_id=%00"]
)
def test_an_unknown_run_is_not_found(client, installation, query: str) -> None:
    assert client.get("/runs" + query).status_code == 404


def test_a_run_without_stages_is_shown(client, installation) -> None:
    text = page(client, installation.start())
    assert "No stage has begun yet" in text
    assert "epochs" in text
    assert "555555555555" in text


def test_partitions_are_added_up_and_say_why(client, installation) -> None:
    run = installation.start()
    for index, reason in enumerate(["first execution of this stage", "changed: code"]):
        made = installation.artifact(f"{index}" * 64, "records", {}, by_reason={"blank": 2})
        installation.execute(
            run,
            "clean",
            made,
            partition=f"digits/{index}",
            reason=reason,
            counts=counts(1_000, 2),
            peak_memory_bytes=3 << 20,
        )
    text = page(client, run)
    assert "2,000" in text
    assert "1,996" in text
    assert "3.0 MiB" in text
    assert "3.00 s" in text
    assert "changed: code" in text
    assert "clean: 2 parts" in text
    assert '<td>blank</td><td class="number">4</td>' in text


def test_only_the_last_attempt_counts(client, installation) -> None:
    run = installation.start()
    made = installation.artifact("1" * 64, "records", {})
    error = DataError("the file is short").to_document()
    installation.execute(run, "collect", None, state="failed", error=error)
    installation.execute(run, "collect", made, counts=counts(10))
    text = page(client, run)
    assert '<span class="state done">done</span>' in text
    assert "the file is short" not in text


def test_a_failed_run_says_what_to_do(client, installation) -> None:
    run = installation.start()
    error = DataError("the loss is not a number", where=HOSTILE, remedy="Lower the learning rate.")
    installation.catalog.runs.finish(run.id, "failed", error.to_document())
    text = page(client, run)
    assert "the loss is not a number. Lower the learning rate." in text
    assert "<script" not in text


def test_an_evaluation_stands_beside_baseline_and_champion(client, installation) -> None:
    run = installation.start()
    files = {"plots/learning_curves.png": b"png", "plots/<b>.png": b"png", "report.json": b"{}"}
    installation.execute(
        run, "evaluate", installation.artifact("e" * 64, "evaluation", files, **FACTS)
    )
    installation.execute(run, "gate", installation.artifact("f" * 64, "decision", {}, **GATE))
    text = page(client, run)
    for figure in ("0.9912", "0.9840 – 0.9971", "0.9873", "0.9899", "+0.0013", "Baseline (svm)"):
        assert figure in text
    assert f'<img src="/millrace/artifacts/{"e" * 64}/files/plots/learning_curves.png"' in text
    assert "accuracy 0.9912 is under 0.999" in text
    assert "<script" not in text
    assert "<b>" not in text


def test_a_refusal_is_explained(client, installation) -> None:
    run = installation.start()
    bundle = installation.artifact("b" * 64, "bundle", {})
    installation.execute(run, "train", bundle)
    models = installation.catalog.models
    models.register("digits", bundle.ref, run.id, {})
    models.decide("digits", 1, "refused", f"accuracy too low {HOSTILE}", "gate", run.id, None)
    text = page(client, run)
    assert "Version 1 was refused</strong>: accuracy too low" in text
    assert "<script" not in text


def test_prediction_batches_are_listed(client, installation) -> None:
    run = installation.start()
    models = installation.catalog.models
    bundle = installation.artifact("b" * 64, "bundle", {})
    scored = installation.artifact("c" * 64, "predictions", {})
    models.register("digits", bundle.ref, run.id, {})
    installation.catalog.batches.record(
        "digits", run.id, "c" * 64, "d" * 64, 1, 12_345, "digits_predictions", scored.ref
    )
    text = page(client, run)
    assert "12,345" in text
    assert "digits_predictions" in text


def test_a_repeated_run_lists_the_batches_that_it_found_made(client, installation) -> None:
    first = installation.start()
    models, batches = installation.catalog.models, installation.catalog.batches
    models.register("digits", installation.artifact("b" * 64, "bundle", {}).ref, first.id, {})
    for key, rows in (("c", 12_345), ("a", 54_321)):
        scored = installation.artifact(key * 64, "predictions", {}, name=key)
        batches.record("digits", first.id, key * 64, "d" * 64, 1, rows, "t", scored.ref)
    again = installation.start("manual__2")
    same = installation.artifact("c" * 64, "predictions", {}, name="c")
    installation.execute(again, "predict", same, state="cached")
    text = page(client, again)
    assert text.count("12,345") == 1
    assert "54,321" not in text
    assert page(client, first).count("12,345") == 1


def test_a_report_survives_artifacts_that_are_gone_or_damaged(client, installation) -> None:
    run = installation.start()
    for key, stage in (("e" * 64, "evaluate"), ("d" * 64, "integrate")):
        installation.execute(run, stage, installation.artifact(key, stage, {}, **FACTS))
    root = installation.store.local_root
    (root / "manifests" / "ee" / f"{'e' * 64}.json").unlink()
    (root / "manifests" / "dd" / f"{'d' * 64}.json").write_text("damaged")
    text = page(client, run)
    assert "evaluate" in text
    assert "0.9912" not in text


def test_hostile_parameters_stay_text(client, installation) -> None:
    run = installation.start(HOSTILE, params={HOSTILE: HOSTILE, "list": [HOSTILE]})
    assert "<script" not in page(client, run)


def test_an_evaluation_of_a_positive_class_shows_its_figures_and_its_threshold(
    client, installation
) -> None:
    run = installation.start()
    figures = {"f1": 0.9412, "cost": 0.31, "roc_auc": 0.9801, "accuracy": 0.9871}
    facts = {
        **FACTS,
        "metrics": {n: {"value": v, "low": v, "high": v} for n, v in figures.items()},
        "costs": {"labels": ["ham", HOSTILE], "table": [[0, 80], [8.5, 0]]},
        "decision": {"sentence": f"spam from a probability of 0.83 on {HOSTILE}"},
        "champion": {
            "comparable": True,
            "metrics": {"f1": 0.93},
            "f1_gain": {"value": 0.0112, "low": -0.01, "high": 0.03},
        },
    }
    files = {"plots/precision_recall.png": b"png", "plots/reliability.png": b"png"}
    made = installation.artifact("e" * 64, "evaluation", files, **facts)
    installation.execute(run, "evaluate", made)
    text = page(client, run)
    assert "Decided: spam from a probability of 0.83 on" in text
    assert '<td>ham</td><td class="number">0.0000</td><td class="number">80.0000</td>' in text
    assert "F1 against the champion: <strong>+0.0112</strong>" in text
    names = ("Accuracy<", "<td>F1<", "Area under ROC curve", "Cost a record")
    assert sorted(names, key=text.index) == list(names)
    assert 'Cost a record <span class="quiet">(less is better)</span>' in text
    assert text.index("precision_recall.png") < text.index("reliability.png")
    assert "<script" not in text


def test_candidates_are_named_and_the_chosen_one_is_the_runs_model(client, installation) -> None:
    run = installation.start()
    bundles = [installation.artifact(key * 64, "bundle", {}, name=key) for key in ("a", "b")]
    for name, bundle in zip(("cnn", "mlp"), bundles, strict=True):
        installation.execute(run, "train", bundle, partition=name)
    sentence = f"mlp is the best candidate: accuracy 0.9 on the validation split {HOSTILE}"
    choice = installation.artifact("c" * 64, "choice", {}, sentence=sentence)
    installation.execute(run, "choose", choice)
    facts = {**FACTS, "bundle": bundles[1].ref.digest}
    installation.execute(run, "evaluate", installation.artifact("e" * 64, "x", {}, **facts))
    installation.catalog.models.register("digits", bundles[1].ref, run.id, {})
    text = page(client, run)
    assert "mlp is the best candidate: accuracy 0.9 on the validation split" in text
    assert "<p>Version 1.</p>" in text
    assert "<script" not in text


def test_that_the_baseline_wins_stands_above_the_figures(client, installation) -> None:
    run = installation.start()
    facts = {**FACTS, "verdict": f"The baseline is better: 0.9915 against 0.9877 {HOSTILE}"}
    installation.execute(run, "evaluate", installation.artifact("e" * 64, "x", {}, **facts))
    text = page(client, run)
    assert text.index("The baseline is better: 0.9915 against 0.9877") < text.index("<td>Accuracy")
    assert "<script" not in text


def test_what_single_records_would_have_leaked_is_told(client, installation) -> None:
    run = installation.start()
    facts = {**FACTS, "leakage": f"Had records been split one by one, 5.6 % {HOSTILE}"}
    installation.execute(run, "evaluate", installation.artifact("e" * 64, "x", {}, **facts))
    text = page(client, run)
    assert "Had records been split one by one, 5.6 %" in text
    assert "<script" not in text


def test_what_is_left_to_a_person_calibration_explanations_and_cards_are_told(client, installation):
    run = installation.start()
    facts = {
        **FACTS,
        "review": {
            "band": [0.2, 0.8],
            "rows": 9,
            "review_share": 0.25,
            "errors": 2,
            "decided_errors": 1,
            "decided_accuracy": 0.9615,
        },
        "temperature": {
            "temperature": 1.742,
            "rows": 44,
            "log_loss_before": 0.3,
            "log_loss": 0.2,
        },
        "explanations": [f"Grad-CAM is not shown: {HOSTILE}."],
    }
    installation.execute(run, "evaluate", installation.artifact("e" * 64, "x", {}, **facts))
    cards = installation.artifact("c" * 64, "cards", {"model_card.html": b"<p>"})
    installation.execute(run, "cards", cards)
    text = page(client, run)
    assert "25.0% of the test records, with 2 of 3 mistakes; accuracy on the rest 0.9615" in text
    assert "temperature 1.74, found on 44 validation records" in text
    assert "Grad-CAM is not shown" in text
    assert HOSTILE not in text
    assert f"/artifacts/{'c' * 64}/files/model_card.html" in text


def test_answers_to_test_records_are_explained_beside_the_sanity_checks(client, installation):
    run = installation.start()
    checks = "plots/explanation_checks.png"
    files = {"plots/confusion_matrix.png": b"png", checks: b"png"}
    facts = {**FACTS, "explanations": ["Grad-CAM is shown on validation records."]}
    evaluated = installation.artifact("e" * 64, "evaluation", files, **facts)
    installation.execute(run, "evaluate", evaluated)
    plots = {"plots/explained_sample.png": b"png", "plots/explained_errors.png": b"png"}
    said = ["Of 41 test records, 7 of 7 mistakes are explained.", f"Grad-CAM: {HOSTILE}."]
    made = installation.artifact("a" * 64, "explanations", plots, sentences=said)
    installation.execute(run, "explain", made)
    text = page(client, run)
    assert text.count(said[0]) == 1
    assert "shown on validation records" not in text
    order = [
        f"/artifacts/{'e' * 64}/files/plots/confusion_matrix.png",
        "<h3>Explanations",
        said[0],
        f"/artifacts/{'a' * 64}/files/plots/explained_errors.png",
        f"/artifacts/{'a' * 64}/files/plots/explained_sample.png",
        f"/artifacts/{'e' * 64}/files/{checks}",
    ]
    assert sorted(order, key=text.index) == order
    assert text.count('alt="Explanation checks"') == 1
    assert HOSTILE not in text


def test_where_all_methods_are_refused_the_report_says_so_and_shows_no_map(client, installation):
    run = installation.start()
    files = {"plots/samples.png": b"png"}
    installation.execute(run, "evaluate", installation.artifact("e" * 64, "x", files, **FACTS))
    said = ["Grad-CAM is not shown: with random weights its maps stay the same."]
    made = installation.artifact("a" * 64, "explanations", {}, sentences=said)
    installation.execute(run, "explain", made)
    text = page(client, run)
    assert said[0] in text
    assert f"/artifacts/{'a' * 64}/files" not in text
