from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from millrace.artifacts.tables import read_table
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.examples import ERRORS, confident_errors, some_of_each
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.evaluation.plots.words import Written, draw_words
from millrace.learning.predictions import predict_table
from millrace.learning.texts.explained import Explained
from millrace.learning.texts.samples import draw_texts, left_out


@pytest.fixture
def outcomes(dataset, bundle):
    opened = Bundle.open(bundle)
    return outcomes_of(predict_table(opened, dataset.path("test.parquet")), opened.labels, "test")


def size(path):
    with Image.open(path) as image:
        return image.size


def test_the_sheets_of_a_model_that_errs_are_drawn_and_equal_byte_for_byte(
    tmp_path, dataset, bundle, outcomes
):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        draw_texts(tmp_path / name, outcomes, dataset, bundle)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["misclassified.png", "quarantine.png", "samples.png"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert size(tmp_path / "a" / name)[0] > 400


def test_every_word_of_an_error_has_its_weight(dataset, bundle, outcomes):
    table, opened = dataset.path("test.parquet"), Bundle.open(bundle)
    rows = confident_errors(outcomes.confidence, outcomes.correct)
    assert rows
    texts = [text for t in read_table(table, ["text"]) for text in t["text"].to_pylist()]
    for row, found in zip(rows, left_out(opened, outcomes, table, rows), strict=True):
        assert list(found.words) == texts[row].split()
        assert len(found.weights) == len(found.words)
        assert found.label != found.predicted
        assert Explained.from_document(json.loads(json.dumps(found.to_document()))) == found


def test_the_most_confident_errors_come_first_and_no_more_than_fit():
    confidence = np.linspace(0.5, 1, 100)
    rows = confident_errors(confidence, np.arange(100) % 2 == 0)
    assert rows == list(range(99, 99 - 2 * ERRORS, -2))


def test_a_sample_has_right_answers_of_each_class():
    classes = np.array([0] * 50 + [1] * 2 + [2])
    correct = np.ones(53, bool)
    correct[[0, 52]] = False
    assert some_of_each(classes, correct) == [1, 2, 3, 4, 5, 6, 50, 51]
    assert some_of_each(classes, np.zeros(53, bool)) == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["x" * 5_000],
        ["$\\frac$", "<b>", "\x00", "\u202e", "👍🏽", "漢", "مرحبا"],
        ["word"] * 2_000,
    ],
)
def test_any_text_can_be_drawn_in_bounded_space(tmp_path, words):
    path = tmp_path / "sheet.png"
    weights = np.linspace(-1, 1, len(words)).tolist()
    draw_words(path, "A title $x$", [Written("caption $y$", words, weights)], "legend")
    width, height = size(path)
    assert 400 < width < 1_000
    assert height < 400


def test_a_sheet_of_nothing_has_its_title(tmp_path):
    draw_words(tmp_path / "sheet.png", "Nothing", [])
    assert size(tmp_path / "sheet.png")[1] < 150
