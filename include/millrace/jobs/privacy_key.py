"""The key of pseudonyms that a workflow's runs use: its fingerprint, kept beside the artifacts.

Under another key one patient would have two names: runs would split, and nobody could be forgotten.
"""

from __future__ import annotations

import json

from millrace.artifacts.store import Store
from millrace.errors import IntegrityError
from millrace.privacy.keys import PrivacyKey, check_fingerprint

FORMAT = 1
EVERYWHERE = "@all"
"""In place of a workflow's name: all of them, those to come too. No workflow is called so."""


def keep_key(store: Store, workflow: str, key: PrivacyKey) -> None:
    """Keep the fingerprint of the first key that a workflow is run with, and refuse another.

    Raises:
        SpecError: the key is another than that of earlier runs.
    """
    document = json.dumps({"format": FORMAT, "fingerprint": key.fingerprint}).encode()
    if not store.backend.create(f"documents/{_name(workflow)}", document):
        check_key(store, workflow, key)


def check_forgotten(store: Store, workflow: str, key: PrivacyKey) -> None:
    """Refuse another key than the one that people were forgotten with, who would come back.

    Raises:
        SpecError: the key is another.
    """
    check_key(store, EVERYWHERE, key)
    keep_key(store, workflow, key)


def check_key(store: Store, workflow: str, key: PrivacyKey) -> None:
    """Refuse another key than that of a workflow's runs; one that had none has none to compare.

    Raises:
        SpecError: the key is another. IntegrityError: what was kept of it is damaged.
    """
    data = store.read_document(_name(workflow))
    if data is None:
        return
    try:
        known = str(json.loads(data)["fingerprint"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            "the fingerprint of the key of pseudonyms is damaged",
            where=f"{store.uri}/documents/{_name(workflow)}",
            remedy="Bring it back from a backup.",
        ) from error
    check_fingerprint(known, key)


def _name(workflow: str) -> str:
    return f"privacy/{workflow}.json"
