"""Networks: from normalised pictures ``(batch, height, width, channels)`` to logits.

Every module has ``build(input_shape, classes, **options) -> keras.Model``. Names of layers are
given, not counted, so that a network's configuration is the same in every process.
"""
