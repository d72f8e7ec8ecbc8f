"""Fitting a network: feeds, optimizers, the step, checkpoints and the loop around them.

What a run gives is a function of the data, the spec and the seed: the order of records and every
random draw follow from the seed and the epoch's number, so a resumed run equals an unbroken one.
"""
