"""Mistakes in a spec: each is named with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.workflow.loader import load_all, load_file, load_named
from millrace.workflow.tasks import parse

GOOD = """\
version: 1
name: sample
task: image_classification
sources:
  - {name: digits, kind: sklearn}
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""


def write(folder: Path, text: str, name: str = "sample.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def error_of(folder: Path, text: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_file(write(folder, text))
    return str(caught.value)


def test_a_short_file_is_a_whole_spec(tmp_path: Path) -> None:
    spec = load_file(write(tmp_path, GOOD))
    assert spec.name == "sample"
    assert spec.split.test == 0.2
    assert parse(spec.model_dump(mode="json")) == spec


def test_a_spec_is_frozen(tmp_path: Path) -> None:
    spec = load_file(write(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        spec.train.epochs = 3  # type: ignore[misc]


def test_an_unknown_key_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    message = error_of(tmp_path, GOOD + "train: {epoch: 3}\n")
    assert "sample.yaml:8: train.epoch: unknown key" in message
    assert "epochs, batch_size" in message
    assert "Did you mean epochs?" in message


def test_an_unknown_key_of_a_source_names_that_sources_keys(tmp_path: Path) -> None:
    text = GOOD.replace("kind: sklearn", "kind: sklearn, imags: x")
    message = error_of(tmp_path, text)
    assert "sample.yaml:5: sources[0].imags" in message
    assert "dataset" in message
    assert "members" not in message


def test_an_unknown_kind_lists_the_known_ones(tmp_path: Path) -> None:
    message = error_of(tmp_path, GOOD.replace("sklearn", "idxx"))
    assert "sources[0]" in message
    assert "'idx'" in message


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    message = error_of(tmp_path, GOOD.replace("size: [8, 8], ", ""))
    assert "sample.yaml:6: transform.size: a field is missing" in message


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("train: {epochs: 0}", "train.epochs"),
        ("train: {epochs: '3'}", "train.epochs"),
        ("train: {learning_rate: .nan}", "train.learning_rate"),
        ("split: {validation: 0.5, test: 0.5}", "split"),
        ("labels: [a, a]", "labels"),
        ("labels: [a]", "labels"),
        ("clean: {budget: {blank: 2}}", "clean.budget.blank"),
        ("clean: {budget: {blanc: 0.1}}", "clean.budget"),
        ("predict: {table: 'x; drop table y'}", "predict.table"),
        ("runtime: podman", "runtime"),
        ("runtimes: {trian: docker}", "runtimes.trian"),
        ("resources: {cpus: 0}", "resources.cpus"),
        ("schedule: every monday", "schedule"),
        ("schedule: champion", "schedule"),
        ("predict: {schedule: '61 * * * *'}", "predict.schedule"),
        ("version: 2", "version"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, line: str, field: str) -> None:
    text = GOOD if not line.startswith("version") else GOOD.replace("version: 1\n", "")
    assert f": {field}: " in error_of(tmp_path, text + line + "\n")


@pytest.mark.parametrize("schedule", ["'@daily'", "'0 3 * * 1-5'", "{assets: [other_champion]}"])
def test_a_schedule_is_a_preset_a_cron_or_assets(tmp_path: Path, schedule: str) -> None:
    assert load_file(write(tmp_path, GOOD + f"schedule: {schedule}\n")).schedule is not None


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    message = error_of(tmp_path, GOOD + "model: {kind: cnn}\n")
    assert "sample.yaml:8: model" in message
    assert "line 7" in message


def test_source_names_are_unique(tmp_path: Path) -> None:
    text = GOOD.replace("kind: sklearn}", "kind: sklearn}\n  - {name: digits, kind: sklearn}")
    assert "['digits']" in error_of(tmp_path, text)


@pytest.mark.parametrize("text", ["", "# nothing", "[1, 2", "\t- x", "!!python/object:os.x {}"])
def test_what_is_no_workflow_is_a_spec_error(tmp_path: Path, text: str) -> None:
    assert "sample.yaml" in error_of(tmp_path, text)


def test_a_file_that_is_not_text_is_a_spec_error(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(SpecError):
        load_file(path)


def test_a_spec_without_a_test_side_is_refused(tmp_path: Path) -> None:
    error = error_of(tmp_path, GOOD + "split: {test: 0}\n")
    assert "expected test records" in error
    assert "sample.yaml:1" not in error, "no line is wrong by itself"
    assert "received" not in error, "the whole document helps nobody"


def test_a_users_own_code_enters_by_its_import_path(tmp_path: Path) -> None:
    text = GOOD.replace("kind: sklearn", "kind: 'mine.sources:Reader', options: {depth: 2}")
    spec = load_file(write(tmp_path, text))
    assert spec.sources[0].kind == "mine.sources:Reader"


def test_a_workflow_is_named_like_its_file(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "other.yaml")
    with pytest.raises(SpecError, match="named like its file"):
        load_named(tmp_path, "other")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "sample.yml")
    with pytest.raises(SpecError, match="two workflows"):
        load_all(tmp_path)


def test_a_workflow_must_not_take_anothers_prediction_dag(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("sample", "sample_predict"), "sample_predict.yaml")
    with pytest.raises(SpecError, match="prediction DAG"):
        load_all(tmp_path)


def test_a_mistyped_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(SpecError, match="Did you mean sample"):
        load_named(tmp_path, "smaple")
