"""The stage `train` on texts: files, equal answers of all forms, explanations, interruption."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.canonical_text.canonical import CanonicalText
from millrace.learning.bundle import Bundle
from millrace.workflow.texts import TextTransform

pytestmark = pytest.mark.tensorflow

HOSTILE = (
    *("WIN a PRIZE now!! www.win.example/x?y=1", "Sorry, lunch at 5.30? Call +44 7911 123456"),
    *("ﬁne ＦＵＬＬ ｗｉｄｔｈ №5 ½ price €1,000.50", "İstanbul ΣΟΦΟΣ straße ÇA"),
    *("👍🏽👨\u200d👩\u200d👧❤️ мир ПРИВЕТ", "你好,世界 こんにちは สวัสดี नमस्ते مرحبا"),
    *("", "   ", "\t\r\n", "\u00a0\u2028", "a\u0000b\u001fc", "zero\u200bwidth\u202ertl"),
    *("&lt;b&gt;free&amp;easy&nbsp;", "don’t ‘quote’ “me” — ok… it's", "e\u0301te\u0301 Å"),
    *("x" * 3_000, "win " * 500, "a.b@c.example 1-800-555-0199 £100k 12/11/2026"),
)


def published(context, result):
    """Return the bundle that a stage wrote, as an artifact."""
    store = Store((context.scratch / "store").as_uri())
    names = [p for p in sorted(context.output.rglob("*")) if p.is_file()]
    files = {p.relative_to(context.output).as_posix(): store.put(p) for p in names}
    return store.publish(Manifest("bundle", "e" * 64, files, result.facts))


def test_a_bundle_of_texts_is_written_and_predicts_its_records(trained):
    dataset, context, result = trained
    bundle = Bundle.open(published(context, result))
    records = pa.parquet.read_table(dataset.path("test.parquet"))
    probabilities = bundle.predict_records(records)
    right = np.array(bundle.labels)[probabilities.argmax(1)] == records["label"].to_numpy()
    assert right.mean() > 0.95
    assert bundle.document["raw"] is True
    assert bundle.document["reference"]["rows"] == 240
    assert bundle.document["reference"]["known_words"] == 1


@pytest.fixture(scope="module")
def served(trained):
    from millrace.learning.framework import tf

    return tf.saved_model.load(str(trained[1].output / "saved_model")).signatures


def test_raw_texts_of_any_script_are_served_as_python_answers_them(trained, served):
    from millrace.learning.framework import tf

    _, context, result = trained
    bundle = Bundle.open(published(context, result))
    canonical = CanonicalText(TextTransform().model_dump())(pa.array(HOSTILE, pa.string()))
    expected = bundle.predict_records(pa.table({"text": canonical}))
    answer = served["serve_text"](text=tf.constant(HOSTILE))
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    labels = [bundle.labels[index] for index in expected.argmax(1)]
    assert [label.decode() for label in answer["label"].numpy()] == labels


def test_bytes_that_are_no_text_are_answered_all_the_same(served):
    from millrace.learning.framework import tf

    answer = served["serve_text"](text=tf.constant([b"\xff\xfe win", b"\xc3"]))
    assert np.isfinite(answer["probabilities"]).all()
    assert served["serve_text"](text=tf.constant([], tf.string))["probabilities"].shape == (0, 2)


def test_the_weights_of_words_add_up_to_the_score(trained):
    document = json.loads((trained[1].output / "explained.json").read_bytes())
    assert document["rows"] == 60
    assert 0 <= document["largest_error"] < 0.02
    telling = {"spam": {"win", "prize", "URL"}, "ham": {"lunch", "sorry", "mum"}}
    for text in document["texts"]:
        best = text["words"][int(np.argmax(text["weights"]))]
        assert len(text["words"]) == len(text["weights"])
        assert best in telling[text["predicted"]]


@pytest.mark.parametrize("stem", [{"stem": "en"}, {"custom": "a.b:c"}])
def test_a_transform_that_no_graph_repeats_has_no_signature_for_raw_texts(stem):
    from millrace.learning.texts.saved_model import takes_raw

    assert not takes_raw({**TextTransform().model_dump(), **stem})
    assert not takes_raw(None)
    assert takes_raw(TextTransform().model_dump())


def test_an_interrupted_training_with_changed_texts_ends_with_the_same_bytes(
    dataset, stage, params, monkeypatch
):
    from millrace.learning import train
    from millrace.learning.training import finished, pace, trainer

    monkeypatch.setattr(finished, "BLOCK", 50)
    monkeypatch.setattr(pace.Pace, "due", lambda self: True)
    monkeypatch.setattr(trainer, "_CALL_SECONDS", 1e-6)
    changed = params(augment={"noise": 0.1, "dropout": 0.1, "punctuation": 0.2, "swap": 0.1})
    whole = stage(dataset, changed, name="whole")
    train.run(whole.context)
    broken = stage(dataset, changed, name="broken")

    def interrupt(event):
        if event.get("during_epoch") == 2 and event["batch"] >= 3:
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        train.run(replace(broken.context, report=interrupt))
    resumed = stage(dataset, changed, name="broken")
    train.run(resumed.context)
    assert resumed.reports[0]["batch"] >= 3
    for name in ("model.keras", "bundle.json", "history.json", "explained.json"):
        one, other = (run.context.output / name for run in (whole, resumed))
        assert one.read_bytes() == other.read_bytes(), name


def test_steps_of_known_sizes_learn_what_steps_of_any_size_do(
    make_dataset, stage, params, monkeypatch
):
    from millrace.learning import train
    from millrace.learning.training import feed, tensorflow_engine

    rows = {"train": 100, "validation": 30, "test": 30}
    assert feed.batch_sizes(100, 32) == [25]
    assert feed.batch_sizes(101, 32) == [25, 26]
    for count in (100, 101):
        dataset = make_dataset({**rows, "train": count})
        model = {"kind": "text_rnn", "embedding": 6, "units": 5}
        recurrent = params(model=model, epochs=2, augment={"dropout": 0.1})
        known = stage(dataset, recurrent, name=f"known{count}")
        train.run(known.context)
        with monkeypatch.context() as patch:
            patch.setattr(tensorflow_engine, "_has_loops", lambda network: False)
            any_size = stage(dataset, recurrent, name=f"any{count}")
            train.run(any_size.context)
        one, other = (run.context.output / "history.json" for run in (known, any_size))
        assert one.read_bytes() == other.read_bytes()
        one, other = (run.context.output / "model.keras" for run in (known, any_size))
        assert one.read_bytes() == other.read_bytes()
