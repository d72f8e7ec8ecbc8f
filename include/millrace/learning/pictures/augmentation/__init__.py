"""Random changes to training pictures, as Keras layers that work in training only.

Every layer takes and returns float32 pictures ``(batch, height, width, channels)`` of 0 to 255,
draws anew for each picture, and leaves a batch alone outside training.
"""
