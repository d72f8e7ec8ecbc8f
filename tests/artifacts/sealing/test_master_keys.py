"""Master keys come from the environment; what they wrap opens with the right one only."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from millrace.artifacts.sealing.master_keys import MasterKeys, fingerprint, master_of, new_key
from millrace.errors import IntegrityError, SpecError

DATA_KEY = os.urandom(32)


def keys(*texts: str) -> MasterKeys:
    return MasterKeys.load({"MILLRACE_MASTER_KEY": ",".join(texts)})


def test_a_key_is_read_in_base64_and_hexadecimal_and_from_a_file(tmp_path: Path) -> None:
    text = new_key()
    path = tmp_path / "keys"
    path.write_text(f"{text}\n{new_key()}\n")
    path.chmod(0o600)
    same = base64.b64decode(text).hex()
    filed = MasterKeys.load({"MILLRACE_MASTER_KEY_FILE": str(path)})
    assert keys(text).current == keys(same).current == filed.current
    assert len(filed.keys) == 2


def test_a_key_is_not_shown() -> None:
    text = new_key()
    made = keys(text)
    assert text not in repr(made)
    assert base64.b64decode(text).hex() not in repr(made)


@pytest.mark.parametrize(
    "text", ["short", "x" * 44, pytest.param(new_key()[:-4], id="shortened"), "zz" * 32]
)
def test_a_key_that_cannot_be_used_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SpecError, match="32 bytes in base64") as told:
        keys(new_key(), text)
    assert text not in str(told.value)
    assert "key 2" in str(told.value)


def test_a_file_that_is_missing_and_no_key_at_all_are_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        MasterKeys.load({"MILLRACE_MASTER_KEY_FILE": str(tmp_path / "none")})
    with pytest.raises(SpecError, match="millrace keys new"):
        MasterKeys.load({}).wrap(DATA_KEY, "a")


def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(new_key())
    for mode in (0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(SpecError, match="open to others"):
            MasterKeys.load({"MILLRACE_MASTER_KEY_FILE": str(path)})


def test_the_first_key_wraps_and_every_key_unwraps() -> None:
    old, new = new_key(), new_key()
    before = keys(old).wrap(DATA_KEY, "a")
    after = keys(new, old).wrap(DATA_KEY, "a")
    assert master_of(after, "") == fingerprint(base64.b64decode(new))
    assert {keys(new, old).unwrap(one, "a", "") for one in (before, after)} == {DATA_KEY}
    assert DATA_KEY not in before


def test_a_document_without_its_master_key_says_which_one_it_needs() -> None:
    text = new_key()
    document = keys(text).wrap(DATA_KEY, "a")
    with pytest.raises(SpecError, match=fingerprint(base64.b64decode(text))):
        keys(new_key()).unwrap(document, "a", "here")


def test_a_document_of_something_else_is_refused() -> None:
    made = keys(new_key())
    with pytest.raises(IntegrityError, match="belongs to something else"):
        made.unwrap(made.wrap(DATA_KEY, "a"), "b", "here")


def test_a_half_written_or_changed_document_is_refused() -> None:
    made = keys(new_key())
    document = made.wrap(DATA_KEY, "a")
    for length in range(len(document)):
        with pytest.raises(IntegrityError, match="damaged"):
            made.unwrap(document[:length], "a", "here")
    for field in ("nonce", "wrapped"):
        values = json.loads(document)
        raw = bytearray(base64.b64decode(values[field]))
        raw[0] ^= 1
        values[field] = base64.b64encode(bytes(raw)).decode()
        with pytest.raises(IntegrityError, match="damaged"):
            made.unwrap(json.dumps(values).encode(), "a", "here")


def test_a_document_of_a_later_format_is_refused() -> None:
    made = keys(new_key())
    values = json.loads(made.wrap(DATA_KEY, "a")) | {"format": 2}
    with pytest.raises(SpecError, match="newer one"):
        made.unwrap(json.dumps(values).encode(), "a", "here")
