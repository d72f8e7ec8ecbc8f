"""CT slices: how they are stored, cleaned and made canonical.

A slice is an array ``(height, width)``: int16 in Hounsfield units (HU), or uint8 through a window
that its writer chose. A user's transform receives canonical slices ``(rows, height, width,
channels)`` uint8 and returns as many of the same shape.
"""
