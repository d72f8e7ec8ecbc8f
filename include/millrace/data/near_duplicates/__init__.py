"""Pictures that show the same thing, though not the same bytes: found by hash, checked on pixels.

A picture is looked at as a grid of 32 x 32 grey means. Its perceptual hash says which of the 8 x 8
lowest frequencies of the grid's cosine transform are above their median (C. Zauner, Implementation
and Benchmarking of Perceptual Image Hash Functions, 2010), in the layout of ``imagehash.phash``.
Pictures whose hashes differ in at most 8 of 64 bits are compared on 16 x 16 thumbnails, whatever
their brightness and contrast. Thumbnails that agree make a pair; pairs that share a picture make a
family. All arithmetic is exact or correctly rounded, so that every machine finds the same families.

What survives, and what is united by mistake: decisions/013.
"""
