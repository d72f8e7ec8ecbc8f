"""Another key of pseudonyms than that of earlier runs is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.artifacts.store import Store
from millrace.artifacts.sweep import take_inventory
from millrace.errors import IntegrityError, SpecError
from millrace.jobs.privacy_key import check_key, keep_key
from millrace.privacy.keys import PrivacyKey

FIRST, SECOND = PrivacyKey(b"a" * 32), PrivacyKey(b"b" * 32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store((tmp_path / "store").as_uri())


def test_the_first_key_of_a_workflow_stays_its_key(store: Store) -> None:
    keep_key(store, "w", FIRST)
    keep_key(store, "w", FIRST)
    with pytest.raises(SpecError, match="pseudonyms would split"):
        keep_key(store, "w", SECOND)
    keep_key(store, "other", SECOND)


def test_a_workflow_without_a_key_has_none_to_compare_and_garbage_leaves_it(store: Store) -> None:
    check_key(store, "w", SECOND)
    keep_key(store, "w", FIRST)
    assert take_inventory(store.backend).items == ()
    with pytest.raises(SpecError, match="split"):
        check_key(store, "w", SECOND)


def test_what_is_damaged_is_told(store: Store) -> None:
    store.write_document("privacy/w.json", b'{"format": 1, "finge')
    with pytest.raises(IntegrityError, match="fingerprint"):
        keep_key(store, "w", FIRST)
