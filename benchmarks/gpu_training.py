"""Training throughput on whatever device there is: ours, a bare Keras `fit`, a PyTorch loop.

Usage: ``python benchmarks/gpu_training.py [--rows 51200] [--rounds 5] [--batch 512] [--width 32]
[--precision float32|bfloat16|float16] [--xla] [--gpus 0]``

All sides train the same strided convolutional network with Adam on the same pictures (28 x 28,
grey), an epoch to warm up and then some to measure; each side has a process of its own, as the
frameworks do not share a device. A side whose framework is not installed is left out.
``MILLRACE_KERAS_BACKEND=jax`` takes the sides of Keras to JAX.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

SHAPE = (28, 28, 1)
CLASSES = 10
Epoch = Callable[[int], Any]


def main() -> None:
    options = _options()
    if options.side:
        print(json.dumps(_measure(options)))
        return
    print(f"{'side':<10} {'device':<28} {'records/s':>12} {'of ours':>8}")
    ours = None
    for side in SIDES:
        found = _child(side)
        if found is None:
            print(f"{side:<10} not installed")
            continue
        ours = ours or found["rate"]
        ratio = found["rate"] / ours
        print(f"{side:<10} {found['device']:<28} {found['rate']:>12,.0f} {ratio:>8.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=51_200, help="records (default 51,200)")
    parser.add_argument("--rounds", type=int, default=5, help="epochs to measure (default 5)")
    parser.add_argument("--batch", type=int, default=512, help="records a step (default 512)")
    parser.add_argument("--width", type=int, default=32, help="channels of the first stage")
    parser.add_argument("--precision", default="float32", help="of our side and of Keras'")
    parser.add_argument("--xla", action="store_true", help="compile both by XLA")
    parser.add_argument("--gpus", type=int, default=0, help="that train (default 0)")
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    return parser.parse_args()


def _child(side: str) -> dict[str, Any] | None:
    """Measure a side in a process of its own; None where its framework is not installed."""
    if side == "pytorch" and find_spec("torch") is None:
        return None
    command = [sys.executable, __file__, *sys.argv[1:], "--side", side]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (options.rows, *SHAPE), dtype=np.uint8)
    classes = random.integers(0, CLASSES, options.rows).astype(np.int32)
    epoch, device = SIDES[options.side](images, classes, options)
    epoch(1)
    rates = []
    for number in range(2, options.rounds + 2):
        began = time.perf_counter()
        epoch(number)
        rates.append(options.rows / (time.perf_counter() - began))
    return {"rate": statistics.median(rates), "device": device}


def _task(images: Any, classes: Any, options: argparse.Namespace, folder: Path) -> Any:
    import pyarrow as pa

    from millrace.artifacts.tables import image_field, images_to_column, write_table
    from millrace.learning.dataset import DatasetSplit
    from millrace.learning.networks.architecture import Architecture
    from millrace.learning.training.build import Task
    from millrace.workflow.learning import CnnModel, Training

    path = folder / "train.parquet"
    schema = pa.schema([("label", pa.string()), image_field("image", SHAPE)])
    labels = pa.array([str(index) for index in classes], pa.string())
    write_table(path, schema, [pa.table([labels, images_to_column(images)], schema=schema)])
    learnt = _learnt()
    classes_named = tuple(str(index) for index in range(CLASSES))
    split = DatasetSplit("train", path, classes_named, learnt.encoder)
    return Task(
        architecture=Architecture(CnnModel(kind="cnn", width=options.width), SHAPE, CLASSES),
        train=Training(
            epochs=options.rounds + 1,
            batch_size=options.batch,
            precision=options.precision,
            xla=options.xla,
        ),
        training=split,
        validation=split,
        learnt=learnt,
        devices=_devices(options.gpus),
    )


def _learnt() -> Any:
    from millrace.learning.pictures.encoder import PixelEncoder
    from millrace.learning.pictures.learnt import LearntPictures
    from millrace.learning.pictures.normalisation import Normalisation
    from millrace.workflow.images import ImageAugmentation

    normalisation = Normalisation((0.5,), (0.3,))
    return LearntPictures(PixelEncoder(SHAPE), normalisation, ImageAugmentation())


def _ours(images: Any, classes: Any, options: argparse.Namespace) -> tuple[Epoch, str]:
    from millrace.learning.training.build import build_trainer

    with tempfile.TemporaryDirectory() as folder:
        trainer, _ = build_trainer(_task(images, classes, options, Path(folder)))

    def epoch(number: int) -> None:
        trainer.progress.begin()
        deque(trainer.calls(number), maxlen=0)

    return epoch, _keras_device()


def _keras_fit(images: Any, classes: Any, options: argparse.Namespace) -> tuple[Epoch, str]:
    from millrace.learning.networks.architecture import Architecture
    from millrace.workflow.learning import CnnModel

    _devices(options.gpus)
    policy = options.precision
    architecture = Architecture(CnnModel(kind="cnn", width=options.width), SHAPE, CLASSES)
    network = architecture.network(7, policy if policy == "float32" else f"mixed_{policy}")
    model = _learnt().classifier(network, architecture.model)
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=options.xla or "auto")
    batch = options.batch
    return lambda _: model.fit(images, classes, batch_size=batch, verbose=0), _keras_device()


def _devices(gpus: int) -> tuple[str, ...]:
    """Hide all other GPUs from TensorFlow; JAX trains on its default device."""
    from millrace.learning.framework import BACKEND

    if BACKEND == "jax":
        return ()
    from millrace.learning.devices import take_devices

    return take_devices({"gpus": gpus})


def _keras_device() -> str:
    from millrace.learning.framework import BACKEND

    if BACKEND == "jax":
        import jax

        return f"jax {jax.local_devices()[0].device_kind}"
    from millrace.learning.framework import tf

    gpus = tf.config.get_visible_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    names = [detail.get("device_name", "GPU") for detail in details]
    return f"tensorflow {', '.join(names) or 'cpu'}"


def _pytorch(images: Any, classes: Any, options: argparse.Namespace) -> tuple[Epoch, str]:
    import torch

    device = torch.device("cuda" if options.gpus else "cpu")
    network = _torch_network(torch.nn, options.width).to(device)
    optimizer = torch.optim.Adam(network.parameters(), 0.001)
    objective = torch.nn.CrossEntropyLoss()
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(device)
    wanted = torch.from_numpy(classes).long().to(device)
    low = options.precision != "float32"

    def epoch(_: int) -> None:
        order = torch.randperm(len(wanted), device=device)
        for chosen in order.split(options.batch):
            with torch.autocast(device.type, torch.bfloat16, enabled=low):
                x = (pictures[chosen].float() / 255 - 0.5) / 0.3
                loss = objective(network(x), wanted[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        loss.item()  # waits for the device

    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return epoch, f"torch {name}"


def _torch_network(nn: Any, width: int) -> Any:
    layers: list[Any] = []
    before = SHAPE[2]
    for stage in range(4):  # three that halve the resolution, and a last one that does not
        after, kernel, stride = width << min(stage, 2), 3 if stage else 5, 1 if stage == 3 else 2
        convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
        before = after
    side = -(-SHAPE[0] // 8)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side * side, CLASSES))


SIDES: dict[str, Callable[[Any, Any, argparse.Namespace], tuple[Epoch, str]]] = {
    "millrace": _ours,
    "keras fit": _keras_fit,
    "pytorch": _pytorch,
}


if __name__ == "__main__":
    main()
