"""Figures and plots of a model's answers: pure functions over arrays, without TensorFlow."""
