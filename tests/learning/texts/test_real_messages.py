"""The SMS Spam Collection through all forms of one network: equal answers for every message."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.canonical_text.canonical import CanonicalText
from millrace.learning.bundle import Bundle
from millrace.workflow.texts import TextTransform

pytestmark = [pytest.mark.tensorflow, pytest.mark.data]

TRANSFORM = TextTransform().model_dump(mode="json")


@pytest.fixture
def messages(data_folder):
    """All 5,574 messages as they are in the file: labels, texts."""
    path = data_folder / "sms-spam-collection" / "SMSSpamCollection"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    labels, texts = zip(*(line.split("\t") for line in lines), strict=True)
    return list(labels), list(texts)


@pytest.fixture
def sides(tmp_path, messages, write_texts):
    """A dataset of the first thousand messages."""
    labels, texts = messages
    canonical = CanonicalText(TRANSFORM)(pa.array(texts)).to_pylist()
    store, files = Store((tmp_path / "sides").as_uri()), {}
    for name, some in (("train", slice(800)), ("validation", slice(800, 1_000))):
        write_texts(tmp_path / f"{name}.parquet", canonical[some], labels[some])
        files[f"{name}.parquet"] = store.put(tmp_path / f"{name}.parquet")
    facts = {"labels": ["ham", "spam"], "records": {"modality": "text"}, "transform": TRANSFORM}
    return store.publish(Manifest("dataset", "d" * 64, files, facts))


def test_every_message_is_answered_alike_by_keras_onnx_and_the_graph_of_raw_texts(
    sides, messages, stage, params, tmp_path
):
    from millrace.learning import train
    from millrace.learning.framework import keras, tf

    asked = params(model={"kind": "text_cnn", "embedding": 16, "tokens": {}}, epochs=1)
    run = stage(sides, asked)
    train.run(run.context)
    folder, texts = run.context.output, messages[1]
    store = Store((tmp_path / "made").as_uri())
    names = ("bundle.json", "model.onnx")
    files = {name: store.put(folder / name) for name in names}
    bundle = Bundle.open(store.publish(Manifest("bundle", "e" * 64, files, {})))
    records = pa.table({"text": CanonicalText(TRANSFORM)(pa.array(texts))})
    answers = bundle.predict_records(records)
    network = keras.models.load_model(folder / "model.keras", compile=False)
    np.testing.assert_allclose(network(bundle.encoder(records)), answers, atol=1e-5)
    served = tf.saved_model.load(str(folder / "saved_model")).signatures["serve_text"]
    raw = served(text=tf.constant(texts))["probabilities"]
    np.testing.assert_allclose(raw, answers, atol=1e-5)
