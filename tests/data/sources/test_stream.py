"""Compressed streams: whole, in several members, cut short, damaged, padded."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from millrace.data.sources.stream import ByteStream, is_compressed
from millrace.errors import DataError

Compress = Callable[[bytes], bytes]
KINDS: list[Compress] = [
    lambda data: gzip.compress(data, 1),
    lambda data: bz2.compress(data, 1),
    lambda data: lzma.compress(data, preset=0),
]
DATA = os.urandom(300_000) + bytes(3_000_000)


@pytest.fixture(params=KINDS, ids=["gzip", "bzip2", "xz"])
def compress(request: pytest.FixtureRequest) -> Compress:
    made: Compress = request.param
    return made


def content(path: Path) -> bytes:
    with ByteStream(path, path.name) as stream:
        return b"".join(stream.chunks())


def test_content_comes_back_in_bounded_chunks(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(DATA))
    assert is_compressed(path)
    with ByteStream(path, "f") as stream:
        chunks = list(stream.chunks())
    assert b"".join(chunks) == DATA
    assert max(map(len, chunks)) <= 1 << 20


def test_several_members_and_padding_are_one_stream(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(b"a") + compress(b"b") + compress(b"") + bytes(1_024))
    assert content(path) == b"ab"


@pytest.mark.parametrize("share", [0.001, 0.5, 0.9999])
def test_a_stream_cut_short_is_told(tmp_path: Path, compress: Compress, share: float) -> None:
    path = tmp_path / "f"
    whole = compress(DATA)
    path.write_bytes(whole[: max(8, int(len(whole) * share))])
    with pytest.raises(DataError, match="f: a source's file is truncated or damaged"):
        content(path)


def test_a_damaged_stream_is_told(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "f"
    whole = bytearray(compress(DATA))
    whole[len(whole) // 2] ^= 255
    path.write_bytes(whole)
    with pytest.raises(DataError, match="truncated or damaged"):
        content(path)


def test_going_forward_skips_content(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(DATA))
    with ByteStream(path, "f") as stream:
        stream.skip(199_999)
        assert stream.read(3) == DATA[199_999:200_002]
        with pytest.raises(DataError, match="more bytes than the header says"):
            stream.check_end()
