"""Proposals: valid whatever the data is called, and sized for what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.workflow.loader import load_file
from millrace.workflow.proposing.choices import choose
from millrace.workflow.proposing.picture_seen import SeenPictures
from millrace.workflow.proposing.proposer import open_proposer
from millrace.workflow.proposing.scalars import scalar
from millrace.workflow.proposing.seen import Seen, Span
from millrace.workflow.proposing.write import write_spec
from millrace.workflow.spec import WorkflowSpec

SPECIAL = ["yes", "no", "1", "null", "~", "1e3", "0x1F", "a: b", "- a", "#x", "'", '"', "\\", "é",
           "日本", "😀", "a\nb", " a ", "{}", "[1]", "&a", "*a", "!x", "%x", "@x", "`", "\u2028",
           "\xa0", "\t", "=", "<<", "12:30", "2024-01-01", "\x1b[31m", ""]  # fmt: skip
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def seen(**values: Any) -> SeenPictures:
    known: dict[str, Any] = {
        "format": "a folder of pictures",
        "sources": ({"name": "photos", "kind": "image_folder", "uri": "photos"},),
        "total": 900, "looked_at": 900, "classes": {"cat": 450, "dog": 450}, "unlabelled": 0,
        "heights": Span(80, 300, 900), "widths": Span(80, 400, 900), "colour": True,
        "unlike": True,
    }  # fmt: skip
    return SeenPictures(**(known | values))


def written(name: str, found: Seen) -> str:
    choices = choose(found)
    return write_spec(name, found, choices, open_proposer(found.modality).plan(found, choices))


def load(folder: Path, text: str) -> WorkflowSpec:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def proposed(folder: Path, **values: Any) -> WorkflowSpec:
    found = seen(**values)
    return load(folder, written("mine", found))


@pytest.mark.parametrize("text", SPECIAL)
def test_a_special_word_reads_back(text: str) -> None:
    assert yaml.safe_load(f"x: {scalar(text)}") == {"x": text}
    assert yaml.safe_load(f"{{{scalar(text)}: null}}") == {text: None}


@pytest.mark.parametrize("word", ["yes", "no", "on", "null", "true"])
def test_a_name_that_yaml_takes_for_something_else_is_quoted(tmp_path: Path, word: str) -> None:
    found = seen(sources=({"name": word, "kind": "image_folder", "uri": "x"},))
    spec = load_file(_written(tmp_path / f"{word}.yaml", written(word, found)))
    assert (spec.name, spec.sources[0].name) == (word, word)


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@settings(max_examples=150, deadline=None)
@given(uri=words, label=words)
def test_any_path_and_any_class_survive(
    tmp_path_factory: pytest.TempPathFactory, uri: str, label: str
) -> None:
    found = seen(
        sources=({"name": "photos", "kind": "image_folder", "uri": uri},),
        classes={label: 1, "cat\0": 9, "dog\0": 9},
        format=uri,
    )
    spec = load(tmp_path_factory.getbasetemp(), written("mine", found))
    (source,) = spec.sources
    assert source.model_dump()["uri"] == uri
    assert source.label_map == {label: None}


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("total", [8, 300, 5_000, 70_000, 2_000_000])
@pytest.mark.parametrize("side", [1, 5, 8, 28, 32, 64, 500, 9_000])
def test_every_size_of_data_gives_a_valid_workflow(
    tmp_path: Path, side: int, total: int, colour: bool
) -> None:
    sides = Span(side, side, side)
    classes = {"a": total // 2, "b": total // 2}
    spec = proposed(
        tmp_path, heights=sides, widths=sides, unlike=False, colour=colour, total=total,
        looked_at=total, classes=classes,
    )  # fmt: skip
    assert max(spec.transform.size) <= 96
    assert spec.transform.channels == (3 if colour else 1)
    assert 12 <= spec.train.epochs <= 40


def test_small_pictures_keep_their_size(tmp_path: Path) -> None:
    spec = proposed(tmp_path, heights=Span(28, 28, 28), widths=Span(20, 20, 20), unlike=False)
    assert spec.transform.size == (28, 20)


def test_a_wide_picture_keeps_its_proportions(tmp_path: Path) -> None:
    spec = proposed(tmp_path, heights=Span(300, 300, 300), widths=Span(900, 900, 900), unlike=False)
    assert spec.transform.size == (32, 96)
    assert spec.transform.resize == "stretch"


def test_unlike_proportions_are_padded(tmp_path: Path) -> None:
    assert proposed(tmp_path).transform.resize == "fit"


@pytest.mark.parametrize(
    ("classes", "gate"),
    [
        ({"a": 50, "b": 50}, 0.62),
        ({"a": 90, "b": 10}, 0.92),
        (dict.fromkeys("abcdefghij", 9), 0.32),
    ],
)
def test_the_gate_is_above_always_guessing_the_largest(
    tmp_path: Path, classes: dict[str, int], gate: float
) -> None:
    assert proposed(tmp_path, classes=classes).gate.accuracy == gate


def test_grey_pictures_are_not_mirrored_and_photographs_are(tmp_path: Path) -> None:
    assert proposed(tmp_path, colour=False).augment.flip == "none"
    assert proposed(tmp_path).augment.flip == "horizontal"


def test_uneven_classes_are_weighed(tmp_path: Path) -> None:
    classes = {"a": 400, "b": 100}
    assert proposed(tmp_path, classes=classes).train.class_weights == "balanced"
    assert proposed(tmp_path).train.class_weights == "none"


def test_the_budget_allows_for_what_was_seen(tmp_path: Path) -> None:
    spec = proposed(tmp_path, refused={"blank": 90, "undecodable": 9})
    assert spec.clean.budget == {"default": 0.05, "blank": 0.16}


def test_tiny_classes_are_left_out_and_the_budget_knows(tmp_path: Path) -> None:
    spec = proposed(tmp_path, classes={"a": 20, "b": 20, "lone": 2}, total=42, looked_at=42)
    assert spec.sources[0].label_map == {"lone": None}
    assert spec.clean.budget["missing_label"] > 2 / 42


def test_a_class_that_is_rare_in_a_sample_is_kept(tmp_path: Path) -> None:
    classes = {"a": 20, "b": 20, "rare": 1}
    spec = proposed(tmp_path, classes=classes, total=4_100, looked_at=41)
    assert spec.sources[0].label_map == {}


def test_a_test_source_takes_no_further_share(tmp_path: Path) -> None:
    sources = (
        {"name": "one", "kind": "npz", "uri": "a.npz", "images": "x_train", "labels": "y_train"},
        {"name": "two", "kind": "npz", "uri": "a.npz", "images": "x", "labels": "y",
         "maximum": 16.0, "split": "test"},
    )  # fmt: skip
    spec = proposed(tmp_path, sources=sources)
    assert spec.split.test == 0
    assert spec.sources[1].split == "test"


def test_comments_are_short_lines_of_their_own(tmp_path: Path) -> None:
    found = seen(classes={"a\nmodel: evil": 5, "b" * 500: 5})
    text = written("mine", found)
    assert all(len(line) <= 100 for line in text.splitlines() if line.startswith("#"))
    assert "\nmodel: evil" not in text
