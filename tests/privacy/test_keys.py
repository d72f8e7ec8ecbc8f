"""Where the key of pseudonyms comes from, and which keys are refused."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.privacy.keys import PrivacyKey, check_fingerprint, load_key

SECRET = bytes(range(32))


def test_a_key_is_read_as_hexadecimal_digits_and_as_base64() -> None:
    read = [
        load_key({"MILLRACE_PRIVACY_KEY": text}).fingerprint
        for text in (SECRET.hex(), base64.b64encode(SECRET).decode(), f" {SECRET.hex()}\n")
    ]
    assert set(read) == {PrivacyKey(SECRET).fingerprint}


def test_a_key_is_read_from_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET.hex())
    file.chmod(0o600)
    read = load_key({"MILLRACE_PRIVACY_KEY_FILE": str(file)})
    assert read.fingerprint == PrivacyKey(SECRET).fingerprint


def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET.hex())
    file.chmod(0o644)
    with pytest.raises(SpecError, match="open to others"):
        load_key({"MILLRACE_PRIVACY_KEY_FILE": str(file)})


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no key to make pseudonyms with"),
        ({"MILLRACE_PRIVACY_KEY": "ab" * 31}, "too short"),
        ({"MILLRACE_PRIVACY_KEY": "not a key at all!"}, "neither base64 nor"),
        ({"MILLRACE_PRIVACY_KEY_FILE": "/nowhere/key"}, "cannot be read"),
    ],
)
def test_a_wrong_key_is_refused_with_how_to_make_one(
    environment: dict[str, str], said: str
) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        load_key(environment)
    assert "token_hex(32)" in str(caught.value)
    assert "not a key" not in str(caught.value)


def test_a_changed_key_is_refused() -> None:
    known = PrivacyKey(SECRET).fingerprint
    check_fingerprint(known, PrivacyKey(SECRET))
    with pytest.raises(SpecError, match="pseudonyms would split"):
        check_fingerprint(known, PrivacyKey(SECRET[::-1]))


def test_a_key_shows_itself_nowhere() -> None:
    key = PrivacyKey(SECRET)
    assert SECRET.hex() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
