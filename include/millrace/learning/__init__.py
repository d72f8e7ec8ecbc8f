"""Models: training, export, evaluation, prediction. The only package that knows TensorFlow.

Evaluation, the gate and batch prediction work where TensorFlow is not installed: they read the
exported bundle only.
"""
