"""`open_start`: the weights of another network, to begin with instead of random ones.

A file is fetched once, checked by its digest before anything reads it, and never kept. Weights are
matched by the names of layers; those of the last layer may be of other classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fsspec
import numpy as np

from millrace.artifacts import s3
from millrace.errors import DataError, SpecError, TransientError, shorten
from millrace.learning.framework import keras
from millrace.workflow.stage import StageContext

_CHUNK = 1 << 20  # bytes
_LAST = "logits"
_NETWORK = "network"
_S3 = ("s3://", "s3a://")

Weights = Mapping[str, list[Any]]
"""Arrays of each layer that has any, by its name."""


def open_start(context: StageContext) -> Callable[[Any], None] | None:
    """Return what gives a network the weights that ``params["start"]`` asks for; None without one.

    ``params["start"]`` holds ``sha256``; ``locations["start"]`` the ``uri``.

    Raises:
        DataError: the file is missing, or another one than its digest says.
        TransientError: it cannot be read just now.
        SpecError: its URI cannot be read, or it is no network; later, the network has other layers
            or shapes, or a weight is no number.
    """
    asked = context.params.get("start")
    if asked is None:
        return None
    uri = context.locations["start"]["uri"]
    suffix = ".weights.h5" if uri.endswith(".weights.h5") else ".keras"
    path = context.scratch / f"start{suffix}"
    _fetch(uri, path, asked["sha256"])
    if suffix == ".weights.h5":
        return lambda network: _load_weights(network, path, uri)
    found = _weights_of(_network(path, uri))
    return lambda network: _take(network, found, uri)


def _fetch(uri: str, path: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    options = s3.client_options() if uri.startswith(_S3) else {}
    try:
        with fsspec.open(uri, "rb", **options) as source, path.open("wb") as target:
            while data := source.read(_CHUNK):
                digest.update(data)
                target.write(data)
    except FileNotFoundError as error:
        raise DataError("there is no such file", where="model.start", received=uri) from error
    except (IsADirectoryError, PermissionError) as error:
        raise _unreadable(uri, error) from error
    except OSError as error:
        raise TransientError(f"cannot be read: {error}", where="model.start") from error
    except Exception as error:  # a client of a store may raise anything, without credentials, say
        raise _unreadable(uri, error) from error
    if digest.hexdigest() != sha256:
        raise DataError(
            "the weights to start with are another file",
            where=f"model.start, {uri}",
            expected=sha256,
            received=digest.hexdigest(),
            remedy="Name the file that was meant, or correct model.start.sha256.",
        )


def _unreadable(uri: str, error: Exception) -> SpecError:
    return SpecError(
        "the URI cannot be read",
        where="model.start",
        expected="a file that may be read",
        received=f"{uri}: {type(error).__name__}: {shorten(str(error))}",
    )


def _network(path: Path, uri: str) -> Any:
    """Return the network of a file: that within a bundle's classifier, or all of it.

    Keras makes no layer that would run code of the file, such as ``Lambda``.
    """
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a foreign file may raise anything
        raise _no_network(uri, f"{type(error).__name__}: {error}") from error
    if not isinstance(model, keras.Model):
        raise _no_network(uri, type(model).__name__)
    inner = (layer for layer in model.layers if layer.name == _NETWORK)
    return next((layer for layer in inner if isinstance(layer, keras.Model)), model)


def _no_network(uri: str, received: str) -> SpecError:
    return SpecError(
        "the file holds no network that Keras can load",
        where=f"model.start, {uri}",
        expected="a .keras file of layers that Keras itself knows",
        received=shorten(received),
    )


def _weights_of(network: Any) -> Weights:
    return {layer.name: layer.get_weights() for layer in network.layers if layer.weights}


def _take(network: Any, found: Weights, uri: str) -> None:
    """Give each layer the weights of the layer of its name; the last one only where they fit."""
    for layer in network.layers:
        if not layer.weights:
            continue
        wanted = [tuple(weight.shape) for weight in layer.weights]
        given = [tuple(weight.shape) for weight in found.get(layer.name, ())]
        if given == wanted:
            layer.set_weights(found[layer.name])
        elif layer.name != _LAST:
            raise _misfit(uri, layer.name, wanted, given or "no such layer")
    _check_numbers(network, uri)


def _load_weights(network: Any, path: Path, uri: str) -> None:
    """Load a file of weights alone, which names no layers that could be matched."""
    try:
        network.load_weights(path)
    except Exception as error:  # Keras raises errors of many kinds for files that do not fit
        raise _misfit(uri, "all layers", "weights of this very network", str(error)) from error
    _check_numbers(network, uri)


def _check_numbers(network: Any, uri: str) -> None:
    for layer in network.layers:
        if not all(np.isfinite(weight).all() for weight in layer.get_weights()):
            raise SpecError(
                "the weights to start with are not all numbers",
                where=f"model.start, {uri}, {layer.name}",
                expected="finite weights",
                received="NaN or infinity",
            )


def _misfit(uri: str, layer: str, wanted: object, given: object) -> SpecError:
    return SpecError(
        "the weights to start with do not fit the network",
        where=f"model.start, {uri}, {layer}",
        expected=shorten(str(wanted)),
        received=shorten(str(given)),
        remedy="Give the model the width, stages, blocks and channels that the weights are of.",
    )
