"""A residual network for CT slices (He et al. 2016, arXiv:1512.03385).

Findings may be small: the largest of each feature counts beside its mean. Shortcuts that change the
size average before they project (He, T. et al. 2019, arXiv:1812.01187, ResNet-D).
"""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras

_MOMENTUM = 0.9
"""Of batch normalisation: with Keras' default of 0.99 the statistics of a short run are wrong."""


def build(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    width: int = 16,
    stages: int = 4,
    blocks: int = 1,
    dropout: float = 0.2,
) -> Any:
    """Return a `keras.Model` from ``(batch, *input_shape)`` to logits ``(batch, classes)``.

    Args:
        input_shape: ``(height, width, channels)``. classes: number of logits.
        width: channels of the first stage; doubled at every further one.
        stages: of residual blocks; the first at half the resolution, each further at half of that.
        blocks: residual blocks a stage.
        dropout: share of features dropped before the logits, in training.
    """
    slices = keras.Input(input_shape, name="slice")
    x = _relu(_convolution(slices, width, 5, 2, "stem"), "stem")
    for stage in range(stages):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            x = _block(x, width << stage, stride, f"stage{stage + 1}_block{block + 1}")
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    largest = keras.layers.GlobalMaxPooling2D(name="largest")(x)
    features = keras.layers.Concatenate(name="features")([mean, largest])
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(classes, name="logits")(features)
    return keras.Model(slices, logits, name="network")


def _block(x: Any, channels: int, stride: int, name: str) -> Any:
    y = _relu(_convolution(x, channels, 3, stride, f"{name}_a"), f"{name}_a")
    y = _convolution(y, channels, 3, 1, f"{name}_b")
    if stride > 1:
        pool = keras.layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")
        x = _convolution(pool(x), channels, 1, 1, f"{name}_shortcut")
    return _relu(keras.layers.Add(name=f"{name}_add")([x, y]), name)


def _convolution(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    x = keras.layers.Conv2D(
        channels,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)


def _relu(x: Any, name: str) -> Any:
    return keras.layers.ReLU(name=f"{name}_relu")(x)
