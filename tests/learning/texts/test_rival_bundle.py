from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import DataError, IntegrityError
from millrace.learning import baseline
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.predictions import predict_table
from millrace.learning.texts.classical import ClassicalText
from millrace.learning.texts.samples import draw_texts, left_out
from millrace.learning.texts.tfidf import TfidfEncoder, tfidf_encoder
from millrace.workflow.text_models import TextBaseline

HOSTILE = ["", " ", "👍👍", "мир мир", "你好", "win " * 500, "\x00", "WIN", "a" * 5_000, "’’"]
RANDOM = np.random.default_rng(3)


def asked(kind="svm", **more):
    fitted = TextBaseline(kind=kind).model_dump(mode="json", exclude={"candidate"})
    return {"modality": "text", "baseline": fitted, "export": True, **more}


def records(texts):
    return pa.table({"text": pa.array(texts, pa.string())})


@pytest.fixture
def exported(dataset, stage, tmp_path):
    """Return a function: parameters -> the artifact of `baseline`."""

    def export(**params):
        run = stage(dataset, asked(**params))
        result = baseline.run(run.context)
        store = Store((tmp_path / "made").as_uri())
        files = {path.name: store.put(path) for path in run.context.output.iterdir()}
        return store.publish(Manifest(result.kind, "b" * 64, files, result.facts))

    return export


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("kind", ["svm", "logistic", "naive_bayes"])
def test_the_graph_answers_as_scikit_learn_whatever_it_reads(kind, classes, tmp_path):
    words = [["win", "prize", "👍"], ["mum", "lunch", "мир"], ["rain", "sun", "wind"]]
    truth = RANDOM.integers(0, min(classes, 3), 200).astype(np.int32)  # of four, one is never seen
    texts = [" ".join(RANDOM.choice([*words[index], "the", "you"], 5)) for index in truth]
    rival = ClassicalText(kind, classes)
    rival.fit(records(texts), truth)
    encoder = rival.export(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    features = np.ascontiguousarray(encoder(records(HOSTILE + texts)))
    (answers,) = session.run(["probabilities"], {"features": features})
    assert answers == pytest.approx(rival.predict(records(HOSTILE + texts)), abs=1e-6)
    assert not answers[:, 3:].any()


def test_the_bundle_gives_the_answers_that_the_baseline_was_scored_by(exported, dataset):
    artifact = exported()
    bundle = Bundle.open(artifact)
    scored = pa.concat_tables(predict_table(bundle, dataset.path("test.parquet")))
    assert scored.equals(pq.read_table(artifact.path("predictions.parquet")))
    assert artifact.facts["dataset_digest"] == dataset.manifest.digest
    assert artifact.facts["records"] == bundle.document["records"] == {"modality": "text"}


def test_a_bundle_of_two_classes_decides_by_the_threshold_that_its_answers_chose(exported):
    decision = {"positive": "spam", "goal": {"f1_of": "spam"}}
    artifact = exported(decision=decision)
    bundle = Bundle.open(artifact)
    assert bundle.rule is not None
    assert bundle.document["decision"] == artifact.facts["decision"]


def test_without_the_wish_no_bundle_is_written(dataset, stage):
    run = stage(dataset, {**asked(), "export": False})
    baseline.run(run.context)
    assert [path.name for path in run.context.output.iterdir()] == ["predictions.parquet"]


def test_features_come_back_from_a_document_bit_by_bit():
    encoder = TfidfEncoder.fit(["win a prize", "мир 👍 at home", "it’s me"])
    again = tfidf_encoder(json.loads(json.dumps(encoder.to_document(), sort_keys=True)))
    one, other = (np.asarray(some(records(HOSTILE))) for some in (encoder, again))
    assert one.dtype == np.float32
    assert one.shape[1:] == encoder.shape == again.shape
    assert (one == other).all()


def test_features_of_many_texts_stay_sparse_until_a_part_is_asked_for():
    encoder = TfidfEncoder.fit(["win a prize", "see you at home"])
    features = encoder(records(["a prize", "home"] * 50_000))
    assert len(features) == 100_000
    assert not isinstance(features, np.ndarray)
    assert (features[1] == np.asarray(features[1:2])[0]).all()


def test_changed_terms_are_refused():
    document = TfidfEncoder.fit(["win a prize", "see you"]).to_document()
    document["tfidf"]["words"]["terms"][0] = "other"
    with pytest.raises(IntegrityError, match="terms"):
        tfidf_encoder(document)


def test_the_same_request_gives_the_same_bundle(dataset, stage):
    runs = [stage(dataset, asked(), name) for name in ("a", "b")]
    for run in runs:
        baseline.run(run.context)
    for name in ("model.onnx", "bundle.json"):
        one, other = [(run.context.output / name).read_bytes() for run in runs]
        assert one == other


def test_words_that_tell_spam_weigh_for_it_and_the_sheets_are_drawn(exported, dataset, tmp_path):
    artifact, test = exported(), dataset.path("test.parquet")
    bundle = Bundle.open(artifact)
    outcomes = outcomes_of(predict_table(bundle, test), bundle.labels, "test")
    row = int(np.flatnonzero(outcomes.predicted == 1)[0])
    (found,) = left_out(bundle, outcomes, test, [row])
    told = [w for word, w in zip(found.words, found.weights, strict=True) if word in "win prize"]
    assert min(told) > 0
    draw_texts(tmp_path, outcomes, dataset, artifact)
    assert {"misclassified.png", "samples.png"} <= {path.name for path in tmp_path.iterdir()}


def test_a_graph_that_answers_otherwise_is_refused(dataset, stage, monkeypatch):
    def turned(self, records):
        return scored(self, records)[:, ::-1]

    scored = ClassicalText.predict
    monkeypatch.setattr(ClassicalText, "predict", turned)
    with pytest.raises(DataError, match="does not agree"):
        baseline.run(stage(dataset, asked()).context)
