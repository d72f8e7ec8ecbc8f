"""A small convolutional network: strided, or residual (He et al. 2016, arXiv:1512.03385).

Batch normalisation has momentum 0.9 everywhere: with Keras' default of 0.99 the moving statistics
of a short run are wrong, and so are its predictions.
"""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras

_MOMENTUM = 0.9


def build(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    width: int = 32,
    stages: int = 3,
    residual: bool = False,
    blocks: int = 1,
    dropout: float = 0.0,
) -> Any:
    """Return a `keras.Model` from ``(batch, *input_shape)`` to logits ``(batch, classes)``.

    Args:
        input_shape: ``(height, width, channels)``.
        classes: number of logits.
        width: channels of the first stage; doubled at every further one.
        stages: how often the resolution is halved.
        residual: a first convolution at full resolution, and residual blocks at every lower one.
        blocks: residual blocks a stage.
        dropout: share of features dropped before the logits, in training.
    """
    inputs = keras.Input(input_shape, name="picture")
    features = (
        _residual(inputs, width, stages, blocks) if residual else _strided(inputs, width, stages)
    )
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(classes, name="logits")(features)
    return keras.Model(inputs, logits, name="network")


def _strided(x: Any, width: int, stages: int) -> Any:
    for stage in range(stages):
        kernel = 5 if stage == 0 else 3
        x = _convolution(x, width << stage, kernel, 2, f"stage{stage + 1}")
    x = _convolution(x, width << (stages - 1), 3, 1, "last")
    return keras.layers.Flatten(name="flatten")(x)


def _residual(x: Any, width: int, stages: int, blocks: int) -> Any:
    x = _convolution(x, max(width // 2, 1), 3, 1, "stem")
    for stage in range(stages):
        channels, name = width << stage, f"stage{stage + 1}"
        x = _convolution(x, channels, 3, 2, name)
        for block in range(blocks):
            x = _block(x, channels, f"{name}_block{block + 1}")
    return keras.layers.GlobalAveragePooling2D(name="pool")(x)


def _block(x: Any, channels: int, name: str) -> Any:
    y = _convolution(x, channels, 3, 1, f"{name}_a")
    y = _convolution(y, channels, 3, 1, f"{name}_b")
    return keras.layers.Add(name=f"{name}_add")([x, y])


def _convolution(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    return _activation(_plain(x, channels, kernel, stride, f"{name}_conv"), name)


def _plain(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    return keras.layers.Conv2D(
        channels,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _activation(x: Any, name: str) -> Any:
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
