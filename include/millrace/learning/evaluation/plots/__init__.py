"""The plots of an evaluation, as PNG files whose bytes depend on the figures alone."""

from millrace.learning.evaluation.plots.write import write_plots

__all__ = ["write_plots"]
