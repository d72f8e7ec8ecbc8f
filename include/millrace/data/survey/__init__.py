"""A first look at data of which nothing is known but where it is: its format, and what it holds.

`find` tells which sources would read it, by names and headers; `Measured` counts what the real
readers and the real cleaning made of it. Nothing here judges a picture itself.
"""
