"""A sealed file opens as it was sealed, or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

import pytest

from millrace.artifacts.sealing import stream
from millrace.artifacts.sealing.stream import seal, sealed_size, unseal
from millrace.errors import IntegrityError

KEY = os.urandom(32)
CHUNK = 1 << 10
BLOCK = CHUNK + 16
HEADER = 47


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHUNK", CHUNK)


def sealed(data: bytes, key: bytes = KEY, context: str = "a") -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(data), target, key, context)
    return target.getvalue()


def opened(data: bytes, key: bytes = KEY, context: str = "a") -> bytes:
    taken: list[bytes] = []
    unseal(io.BytesIO(data), key, context, taken.append, "here")
    return b"".join(taken)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_was_sealed_opens_again_and_has_the_size_that_is_foretold(size: int) -> None:
    data = os.urandom(size)
    made = sealed(data)
    assert opened(made) == data
    assert len(made) == sealed_size(size)


def test_no_content_is_seen_in_it_and_equal_contents_look_different() -> None:
    data = b"Jane Doe 1970-01-01 " * 200
    first, second = sealed(data), sealed(data)
    assert b"Jane" not in first
    assert all(first[i : i + 32] not in second for i in range(HEADER, len(first) - 32, 16))


def block(made: bytes, number: int) -> bytes:
    return made[HEADER + number * BLOCK : HEADER + (number + 1) * BLOCK]


WRONGS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda made: b"",
    "half a header": lambda made: made[:20],
    "the header only": lambda made: made[:HEADER],
    "another magic": lambda made: b"X" + made[1:],
    "another salt": lambda made: made[:8] + b"\0" + made[9:],
    "another prefix": lambda made: (
        made[: HEADER - 1] + bytes([made[HEADER - 1] ^ 1]) + made[HEADER:]
    ),
    "one bit": lambda made: made[: HEADER + 5] + bytes([made[HEADER + 5] ^ 1]) + made[HEADER + 6 :],
    "cut within a chunk": lambda made: made[:-5],
    "cut between chunks": lambda made: made[: HEADER + 2 * BLOCK],
    "without its first chunk": lambda made: made[:HEADER] + made[HEADER + BLOCK :],
    "without its middle": lambda made: made[:HEADER] + block(made, 0) + made[HEADER + 2 * BLOCK :],
    "chunks swapped": lambda made: (
        made[:HEADER] + block(made, 1) + block(made, 0) + made[HEADER + 2 * BLOCK :]
    ),
    "a chunk twice": lambda made: made[:HEADER] + block(made, 0) + made[HEADER:],
    "more at the end": lambda made: made + b"x",
    "itself at the end": lambda made: made + made[HEADER:],
    "the start of another file": lambda made: (
        sealed(b"y" * 2500)[: HEADER + BLOCK] + made[HEADER + BLOCK :]
    ),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_not_as_it_was_sealed_is_refused(wrong: str) -> None:
    made = sealed(bytes(range(256)) * 10)  # two chunks and a half
    with pytest.raises(IntegrityError, match="sealed file"):
        opened(WRONGS[wrong](made))


def test_it_opens_under_no_other_key_and_for_nothing_else() -> None:
    made = sealed(b"content")
    for changes in ({"key": os.urandom(32)}, {"context": "b"}):
        with pytest.raises(IntegrityError, match="data key of another file"):
            opened(made, **changes)


def test_what_fails_in_taking_a_chunk_is_told() -> None:
    def refuse(chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        unseal(io.BytesIO(sealed(b"x" * 5000)), KEY, "a", refuse, "here")
