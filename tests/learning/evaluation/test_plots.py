"""Tests of the plots: there, legible pictures of the right records, equal byte for byte."""

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millrace.artifacts.tables import write_table
from millrace.learning import evaluate
from millrace.learning.evaluation.pictures import thumbnail
from millrace.learning.evaluation.plots.confusion import draw_confusion
from millrace.learning.evaluation.plots.curves import draw_curves
from millrace.learning.evaluation.plots.sheet import Tile, draw_sheet
from millrace.learning.evaluation.rows import take_rows
from millrace.learning.pictures.samples import draw_errors, draw_quarantine, draw_samples
from millrace.learning.rows.importance import draw_importance

PARAMS = {"modality": "image", "bootstrap": 20, "seed": 7}


def png(width=6, height=4, mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, (width, height), 200 if mode in ("L", "I;16") else None).save(buffer, "PNG")
    return buffer.getvalue()


def size(path):
    with Image.open(path) as image:
        return image.size


def quarantine(*rows):
    reasons, contents, encodings = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "record_id": pa.array([f"s/{i}" for i in range(len(rows))], pa.string()),
            "reason": pa.array(reasons, pa.string()),
            "content": pa.array(contents, pa.binary()),
            "encoding": pa.array(encodings, pa.string()),
        }
    )


def written(tmp_path, table):
    path = tmp_path / "table.parquet"
    write_table(path, table.schema, [table])
    return path


def test_an_evaluation_has_every_plot_that_it_has_data_for(workshop, make_records):
    dataset = workshop.dataset(
        test=make_records([0, 1], ["bird", "bird"]),
        train=make_records([0, 1, 2] * 400),
        quarantine=quarantine(("undecodable", b"no", "file"), ("blank", png(), "file")),
    )
    bundle = workshop.bundle(history=[{"loss": 2.0, "accuracy": 0.5}, {"loss": 1.0}])
    _, folder = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle)
    assert sorted(p.name for p in (folder / "plots").iterdir()) == [
        "confusion_matrix.png",
        "learning_curves.png",
        "misclassified.png",
        "quarantine.png",
        "reliability.png",
        "samples.png",
    ]


def test_a_perfect_model_and_an_empty_quarantine_are_drawn_too(workshop, make_records):
    dataset = workshop.dataset(test=make_records([0]), quarantine=quarantine())
    _, folder = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle())
    names = {p.name for p in (folder / "plots").iterdir()}
    assert {"misclassified.png", "quarantine.png"} <= names
    assert not {"learning_curves.png", "samples.png"} & names


def test_pictures_carry_no_date_and_no_program(tmp_path):
    draw_confusion(tmp_path / "a.png", np.eye(2, dtype=np.int64), ["a", "b"])
    with Image.open(tmp_path / "a.png") as image:
        assert image.text == {}


def test_a_users_style_changes_nothing(tmp_path):
    import matplotlib as mpl

    draw_curves(tmp_path / "a.png", [{"loss": 1.0, "validation_loss": 2.0}])
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        draw_curves(tmp_path / "b.png", [{"loss": 1.0, "validation_loss": 2.0}])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("label", ["$x_1$", "$\\frac{", "日本語", "a\nb\x00", "", "é" * 500])
def test_labels_from_data_are_drawn_as_they_are(tmp_path, label):
    draw_confusion(tmp_path / "c.png", np.array([[5, 1], [0, 2]]), [label, "b"])
    draw_sheet(tmp_path / "s.png", label[:20] or "none", [Tile(None, (label[:20],))], 8, [label])


@pytest.mark.parametrize("classes", [1, 2, 27, 200])
def test_few_and_many_classes_have_a_matrix(tmp_path, classes):
    matrix = np.random.default_rng(0).integers(0, 9, (classes, classes))
    draw_confusion(tmp_path / "c.png", matrix, [f"class {i}" for i in range(classes)])
    width, height = size(tmp_path / "c.png")
    assert 500 <= width <= 1600
    assert 500 <= height <= 1600


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: draw_confusion(path, np.full((2, 2), 12_345_678), ["a very long name", "b"]),
        lambda path: draw_importance(
            path, ["a long name of a column" * 3] * 30, np.ones(30), 12**6, "weight"
        ),
    ],
)
def test_a_title_beside_long_names_is_not_cut(tmp_path, draw):
    draw(tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        ink = np.asarray(image.convert("L"))[:30] < 128
    assert ink.any()
    assert not ink[:, -4:].any()


def test_samples_without_a_class_and_of_many_classes_are_drawn(tmp_path, make_records):
    path = written(tmp_path, make_records([0, 2] * 3))
    draw_samples(tmp_path / "a.png", path, ["bird", "cat", "dog"])
    draw_samples(tmp_path / "b.png", path, [f"class {i}" for i in range(40)])
    assert size(tmp_path / "b.png")[1] > size(tmp_path / "a.png")[1]


def test_the_quarantine_shows_some_of_every_reason(tmp_path):
    rows = [("blank", png(), "file")] * 100 + [("undecodable", b"x", "file")] * 2
    path = written(tmp_path, quarantine(*rows))
    draw_quarantine(tmp_path / "q.png", path)
    assert size(tmp_path / "q.png")[0] > 800


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (None, "file"),
        (b"", "file"),
        (b"nope", "file"),
        (png()[:45], "file"),
        (png(), None),
        (bytes(4), "pixels;height=3;width=3;channels=1;maximum=255"),
        (bytes(4), "pixels;height=2;width=2"),
        (bytes(4), "pixels;height=2;width=2;channels=1;maximum=0"),
        (bytes(4), "pixels;height=-2;width=x;channels=1"),
        (png(), "zip"),
    ],
)
def test_what_cannot_be_shown_is_no_picture(content, encoding):
    assert thumbnail(content, encoding) is None


def test_a_decompression_bomb_is_no_picture(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert thumbnail(png(30, 30), "file") is None


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "I;16"])
def test_files_of_any_mode_become_grey_or_colour(mode):
    shown = thumbnail(png(mode=mode), "file")
    assert shown.shape in ((4, 6, 1), (4, 6, 3))
    assert shown.dtype == np.uint8


def test_raw_pixels_are_scaled_to_their_maximum():
    shown = thumbnail(bytes([0, 8, 16, 16]), "pixels;height=2;width=2;channels=1;maximum=16")
    assert shown[..., 0].tolist() == [[0, 128], [255, 255]]


def test_a_large_picture_is_shrunk():
    assert max(thumbnail(png(2000, 1000), "file").shape) == 256


def test_rows_are_taken_in_the_order_asked(tmp_path):
    table = pa.table({"n": pa.array(range(20_000), pa.int64())})
    rows = take_rows(written(tmp_path, table), [19_999, 3, 8_192, 255, 256], ["n"])
    assert [row["n"] for row in rows] == [19_999, 3, 8_192, 255, 256]
    assert take_rows(tmp_path / "table.parquet", [], ["n"]) == []


def test_errors_are_drawn_from_all_row_groups(workshop, make_records, tmp_path):
    from millrace.learning.bundle import Bundle
    from millrace.learning.evaluation.outcomes import outcomes_of
    from millrace.learning.predictions import predict_table

    labels = ["bird"] * 8_999 + ["cat"]
    path = written(tmp_path, make_records([0] * 9_000, labels))
    bundle = Bundle.open(workshop.bundle())
    outcomes = outcomes_of(predict_table(bundle, path), bundle.labels, "test")
    draw_errors(tmp_path / "e.png", path, outcomes)
    assert (tmp_path / "e.png").stat().st_size > 1_000
