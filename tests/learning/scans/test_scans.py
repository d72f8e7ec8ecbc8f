"""Training on CT slices: augmentation, the network, calibration, weights to start with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.errors import DataError, SpecError
from millrace.learning.bundle import Bundle
from millrace.workflow.ct import CtAugmentation
from picture_sides import picture_side

pytestmark = pytest.mark.tensorflow

SHAPE = (16, 16, 3)
KINDS = ("window", "mirror", "contrast")
LABELS = ("normal", "blood")
MODEL = {"kind": "ct_resnet", "width": 4, "stages": 2, "dropout": 0.0}


def slices(rows, seed):
    """Return heads, every other one with a bright spot, and what their mirror image lacks."""
    random = np.random.default_rng(seed)
    classes = np.arange(rows) % 2
    brain = random.integers(80, 110, (rows, 16, 16)).astype(np.int16)
    for one, bright in zip(brain, classes, strict=True):
        column = random.choice([2, 10])
        one[5:9, column : column + 4] += 90 * bright
    difference = (128 + (brain - brain[:, :, ::-1]) // 2).clip(0, 255)
    images = np.stack([brain, difference, np.full_like(brain, 128)], axis=-1)
    return images.astype(np.uint8), classes


@pytest.fixture
def scans(tmp_path):
    """A dataset of slices, some labels of which are wrong."""
    store = Store((tmp_path / "store").as_uri())
    files = {}
    for seed, (side, rows) in enumerate({"train": 120, "validation": 60, "test": 40}.items()):
        images, classes = slices(rows, seed)
        wrong = np.random.default_rng(seed).random(rows) < 0.1
        columns = {
            "record_id": pa.array([f"{side}/{row}" for row in range(rows)]),
            "source": pa.array(["ct"] * rows),
            "label": pa.array([LABELS[one] for one in np.where(wrong, 1 - classes, classes)]),
            "content_digest": pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
            "image": images_to_column(images),
        }
        fields = [pa.field(n, column.type) for n, column in columns.items() if n != "image"]
        schema = pa.schema([*fields, image_field("image", SHAPE)])
        path = tmp_path / f"{side}.parquet"
        write_table(path, schema, [pa.table(columns, schema)])
        files[path.name] = store.put(path)
    records = {"modality": "ct", "shape": list(SHAPE), "channels": list(KINDS)}
    facts = {"labels": list(LABELS), "records": records, "transform": {"size": [16, 16]}}
    return store.publish(Manifest("dataset", "f" * 64, files, facts))


@pytest.fixture
def trained(stage, params):
    """Return a function that trains and gives the folder and the bundle of the result."""
    from millrace.learning import train

    def run(dataset, name="job", model=MODEL, start=None, **values):
        asked = params(dict(model), **{"epochs": 4, "batch_size": 16, **values})
        augment = CtAugmentation(shift=0.0, rotate=5.0, zoom=0.0)
        asked |= {"modality": "ct", "augment": augment.model_dump(mode="json")}
        if start is not None:
            asked["start"] = {"sha256": start[1]}
        run = stage(dataset, asked, name)
        if start is not None:
            object.__setattr__(run.context, "locations", {"start": {"uri": str(start[0])}})
        train.run(run.context)
        folder = run.context.output
        document = json.loads((folder / "bundle.json").read_bytes())
        return folder, Bundle(document, folder / "model.onnx", "ct")

    return run


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_augmentation_leaves_a_slice_without_differences_neutral():
    from millrace.learning.scans.augmentation import scan_layers

    images = np.zeros((8, 16, 16, 3), np.float32)
    images[..., 1:] = 128
    for layer in scan_layers(CtAugmentation(noise=0.0), KINDS, 1):
        images = layer(images, training=True).numpy()
    assert (images[..., 0] == 0).all()
    assert images[..., 1:] == pytest.approx(128, abs=1e-3)


def test_augmentation_changes_a_neighbour_as_the_slice_itself():
    from millrace.learning.scans.augmentation import scan_layers

    images = np.repeat(slices(8, 0)[0][..., :1], 2, axis=-1).astype(np.float32)
    for layer in scan_layers(CtAugmentation(noise=0.0), ("window", "neighbour"), 1):
        images = np.asarray(layer(images, training=True))
    np.testing.assert_allclose(images[..., 1], images[..., 0], atol=1e-3)


def test_augmentation_changes_slices_in_training_alone_and_keeps_their_range():
    from millrace.learning.scans.augmentation import scan_layers

    images = slices(8, 0)[0].astype(np.float32)
    still = changed = images
    for layer in scan_layers(CtAugmentation(), KINDS, 1):
        still, changed = layer(still), layer(changed, training=True)
    np.testing.assert_array_equal(np.asarray(still), images)
    changed = np.asarray(changed)
    assert changed.shape == images.shape
    assert 0 <= changed.min() < changed.max() <= 255
    assert abs(changed - images).mean() > 5


def test_nothing_asked_for_needs_no_layer():
    from millrace.learning.scans.augmentation import scan_layers

    off = dict.fromkeys(("shift", "rotate", "zoom", "brightness", "contrast", "noise"), 0)
    spec = CtAugmentation(**off, cutout=0, blur=0, flip="none")
    assert scan_layers(spec, KINDS, 1) == []


@pytest.mark.parametrize("values", [{}, {"stages": 1, "blocks": 2, "dropout": 0.5}])
def test_the_network_gives_logits_for_odd_sizes_too(values):
    from millrace.learning.networks.ct_resnet import build

    network = build((17, 9, 4), 3, width=4, **{"stages": 3, **values})
    assert network(np.zeros((2, 17, 9, 4), np.float32)).shape == (2, 3)
    norms = [layer for layer in network.layers if "norm" in layer.name]
    assert {layer.momentum for layer in norms} == {0.9}


def test_all_forms_of_a_bundle_answer_a_slice_and_its_mirror_image_alike(scans, trained):
    folder, bundle = trained(scans)
    images, _ = slices(6, 5)
    straight, turned = bundle.predict(images), bundle.predict(images[:, :, ::-1].copy())
    assert straight == pytest.approx(turned, abs=1e-6)
    assert bundle.document["calibration"] is None
    assert not bundle.document["encoded"]
    assert (folder / "saved_model").is_dir()


def test_the_temperature_is_in_the_graph_and_in_the_bundle(scans, trained):
    _, plain = trained(scans, "plain")
    _, scaled = trained(scans, "scaled", calibrate="temperature")
    found = scaled.document["calibration"]
    assert found["rows"] == 60
    assert found["log_loss"] <= found["log_loss_before"] + 0.01
    images, _ = picture_side(scans, "test").load()
    before = np.log(plain.predict(images).astype(np.float64)) / found["temperature"]
    expected = np.exp(before) / np.exp(before).sum(axis=1, keepdims=True)
    assert scaled.predict(images) == pytest.approx(expected, abs=1e-4)


def test_training_begins_with_the_weights_of_a_bundle(scans, trained):
    folder, _ = trained(scans, "first")
    start = folder / "model.keras", digest(folder / "model.keras")
    tiny = {"epochs": 1, "learning_rate": 1e-9, "average_weights": 0.0}
    _, cold = trained(scans, "cold", **tiny)
    _, warm = trained(scans, "warm", start=start, **tiny)
    loss = {b: b.document["training"]["validation_loss"] for b in (cold, warm)}
    assert loss[warm] < loss[cold]
    assert warm.document["start"] == {"sha256": start[1]}
    assert cold.document["start"] is None


def test_weights_alone_are_taken_and_the_last_layer_may_be_of_other_classes(
    scans, trained, tmp_path
):
    from millrace.learning.networks.ct_resnet import build

    options = {name: MODEL[name] for name in ("width", "stages", "dropout")}
    build(SHAPE, 2, **options).save_weights(tmp_path / "own.weights.h5")
    build(SHAPE, 7, **options).save(tmp_path / "seven.keras")
    for name in ("own.weights.h5", "seven.keras"):
        path = tmp_path / name
        trained(scans, f"from {name}", epochs=1, start=(path, digest(path)))


@pytest.mark.parametrize(
    ("shape", "width", "layer"), [((16, 16, 1), 4, "stem_conv"), (SHAPE, 8, "stem_conv")]
)
def test_weights_of_another_shape_are_refused_by_the_layers_name(
    scans, trained, tmp_path, shape, width, layer
):
    from millrace.learning.networks.ct_resnet import build

    path = tmp_path / "other.keras"
    build(shape, 2, width=width, stages=2).save(path)
    with pytest.raises(SpecError, match=rf"{layer}: the weights.*do not fit"):
        trained(scans, start=(path, digest(path)))


@pytest.mark.parametrize("name", ["file.keras", "file.weights.h5"])
def test_a_file_that_is_no_network_is_refused(scans, trained, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"no network")
    with pytest.raises(SpecError, match=r"no network|do not fit"):
        trained(scans, start=(path, digest(path)))


def test_another_file_than_was_meant_and_none_at_all_are_refused(scans, trained, tmp_path):
    path = tmp_path / "file.keras"
    with pytest.raises(DataError, match="no such file"):
        trained(scans, "a", start=(path, "a" * 64))
    path.write_bytes(b"other")
    with pytest.raises(DataError, match=rf"another file.*received {digest(path)}"):
        trained(scans, "b", start=(path, "a" * 64))


def begin(path, tmp_path, uri=None):
    """Give a network the weights of a file, without training it."""
    from millrace.learning.networks.ct_resnet import build
    from millrace.learning.training.start import open_start
    from millrace.workflow.stage import StageContext

    params = {"start": {"sha256": digest(path)}}
    locations = {"start": {"uri": str(uri or path)}}
    context = StageContext(params, locations, {}, tmp_path, tmp_path, None, print)
    network = build(SHAPE, 2, width=4, stages=2)
    open_start(context)(network)
    return network


def test_a_layer_with_code_of_its_own_is_refused_and_does_not_run(tmp_path):
    import keras

    proof = str(tmp_path / "ran")
    given = keras.Input(SHAPE)
    run = keras.layers.Lambda(lambda x: (__import__("os").mkdir(proof), x)[1])
    keras.Model(given, run(given)).save(tmp_path / "code.keras")
    Path(proof).rmdir()
    with pytest.raises(SpecError, match=r"no network that Keras can load.*Lambda"):
        begin(tmp_path / "code.keras", tmp_path)
    assert not Path(proof).exists()


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_a_pickle_is_refused_and_does_not_run(tmp_path, suffix):
    import pickle

    class Code:
        def __reduce__(self):
            return __import__("os").mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / f"code{suffix}"
    path.write_bytes(pickle.dumps(Code()))
    with pytest.raises(SpecError, match=r"no network|do not fit"):
        begin(path, tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(tmp_path, suffix, share):
    from millrace.learning.networks.ct_resnet import build

    path = tmp_path / f"whole{suffix}"
    network = build(SHAPE, 2, width=4, stages=2)
    network.save(path) if suffix == ".keras" else network.save_weights(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(SpecError, match=r"no network|do not fit"):
        begin(path, tmp_path)


def test_a_file_of_a_single_layer_or_of_a_layer_named_like_the_network_is_refused(tmp_path):
    import zipfile

    import keras

    given = keras.Input(SHAPE)
    named = keras.Model(given, keras.layers.Conv2D(4, 3, name="network")(given))
    named.save(tmp_path / "named.keras")
    with pytest.raises(SpecError, match=r"stem_conv: .*no such layer"):
        begin(tmp_path / "named.keras", tmp_path)
    layer = json.dumps({"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}})
    with (
        zipfile.ZipFile(tmp_path / "named.keras") as named,
        zipfile.ZipFile(tmp_path / "layer.keras", "w") as made,
    ):
        for name in named.namelist():
            made.writestr(name, layer if name == "config.json" else named.read(name))
    with pytest.raises(SpecError, match="no network that Keras can load"):
        begin(tmp_path / "layer.keras", tmp_path)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_weights_that_are_no_numbers_are_refused_before_training(tmp_path, suffix):
    from millrace.learning.networks.ct_resnet import build

    network, path = build(SHAPE, 2, width=4, stages=2), tmp_path / f"nan{suffix}"
    network.set_weights([np.full_like(one, np.nan) for one in network.get_weights()])
    network.save(path) if suffix == ".keras" else network.save_weights(path)
    with pytest.raises(SpecError, match="not all numbers"):
        begin(path, tmp_path)


@pytest.mark.parametrize("uri", ["gopher://host/a.keras", "reference://a", "/"])
def test_a_uri_that_names_no_file_is_an_error_of_the_spec(tmp_path, uri):
    path = tmp_path / "any.keras"
    path.write_bytes(b"any")
    with pytest.raises(SpecError, match="URI cannot be read"):
        begin(path, tmp_path, uri)


def test_a_single_class_is_refused(stage, params, scans, tmp_path):
    from millrace.learning import train

    table = tmp_path / "only.parquet"
    images, _ = slices(20, 0)
    columns = {"label": pa.array([LABELS[0]] * 20), "image": images_to_column(images)}
    schema = pa.schema([pa.field("label", pa.string()), image_field("image", SHAPE)])
    write_table(table, schema, [pa.table(columns, schema)])
    store = Store((tmp_path / "other").as_uri())
    files = {f"{side}.parquet": store.put(table) for side in ("train", "validation", "test")}
    one = store.publish(Manifest("dataset", "e" * 64, files, dict(scans.facts)))
    asked = params(dict(MODEL), epochs=1) | {
        "modality": "ct",
        "augment": CtAugmentation().model_dump(mode="json"),
    }
    with pytest.raises(DataError, match="a single class"):
        train.run(stage(one, asked, "one").context)
