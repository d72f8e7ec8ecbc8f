"""The bundle's writer: Keras file, SavedModel, ONNX, `bundle.json`, and that they agree.

The reader is `millrace.learning.bundle`, which needs no TensorFlow.
"""
