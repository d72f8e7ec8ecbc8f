"""From clean pictures to canonical ones. Stateless: nothing is learnt, so nothing can leak.

A user's own function, named ``package.module:function`` in the spec, receives each canonical batch
``(rows, height, width, channels)`` uint8 last and returns a batch of the same shape and type. It
must treat each picture by itself: batches have any length.
"""
