"""A table of pictures of several encodings as groups of one shape."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image

from millrace.data.decoding import decode


def png(mode: str, size: tuple[int, int] = (6, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 7).save(buffer, "PNG")
    return buffer.getvalue()


def column(*values: bytes | str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def test_rows_are_grouped_by_shape_and_failures_say_why() -> None:
    layout = "pixels;height=1;width=2;channels=1;maximum=16"
    content = column(png("L"), bytes([3, 4]), b"junk", png("RGB"), png("L"), None, b"1")
    names = column("file", layout, "file", "file", "file", "file", "unreadable;the disk broke")
    made = decode(content, names)
    groups = {str(g.encoding): g.rows.tolist() for g in made.groups}
    assert groups == {
        "pixels;height=4;width=6;channels=1;maximum=255": [0, 4],
        "pixels;height=4;width=6;channels=3;maximum=255": [3],
        layout: [1],
    }
    assert made.failures == {
        2: "cannot identify image file",
        5: "no content",
        6: "the disk broke",
    }


def test_digests_tell_equal_bytes_of_other_shapes_apart() -> None:
    layouts = (f"pixels;height={h};width={w};channels=1;maximum=255" for h, w in ((2, 8), (4, 4)))
    made = decode(column(bytes(16), bytes(16)), column(*layouts))
    assert len(np.unique(made.digests())) == 2


def test_an_empty_column_has_no_group() -> None:
    empty = pa.chunked_array([], pa.binary()), pa.chunked_array([], pa.string())
    assert decode(*empty).groups == []
