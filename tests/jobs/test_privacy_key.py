"""Another key of pseudonyms than that of earlier runs is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.artifacts.store import Store
from millrace.artifacts.sweep import take_inventory
from millrace.catalog.catalog import Catalog
from millrace.errors import IntegrityError, SpecError
from millrace.jobs.privacy_key import check_key, keep_key
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.privacy.keys import PrivacyKey
from millrace.settings import Settings

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


SPEC = """\
version: 1
name: heads
task: ct_classification
sources: [{name: slices, kind: image_folder, uri: /slices}]
transform: {size: [16, 16], channels: [{name: brain, kind: window, centre: 40, width: 80}]}
model: {kind: ct_resnet}
"""


def test_scans_that_a_run_brings_are_named_under_the_key_of_the_earlier_ones(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heads.yaml").write_text(SPEC)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    brought = {"sources": [{"name": "new", "kind": "dicom", "uri": "/scans"}]}
    for number, key in enumerate(("5a", "5a", "5b")):
        monkeypatch.setenv("MILLRACE_PRIVACY_KEY", key * 32)
        identity = RunIdentity("heads", "heads_predict", f"r{number}", "prediction")
        if key == "5b":
            with pytest.raises(SpecError, match="pseudonyms would split"):
                start_run(identity, brought, "manual")
        else:
            start_run(identity, brought, "manual")
