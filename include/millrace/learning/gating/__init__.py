"""The checks of the gate, each from figures to a verdict with its sentence."""
