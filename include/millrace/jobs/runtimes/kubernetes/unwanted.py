"""`key_if_free`: whether the pod of a key may go, since nobody here wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from millrace.catalog.catalog import Catalog
from millrace.jobs.locks import key_lock_if_free
from millrace.settings import Settings


@contextmanager
def key_if_free(key: str) -> Iterator[bool]:
    """Give whether no job holds the lock of `key`; if so, hold it in the block. Never wait.

    Args:
        key: of the pod's job; nobody can hold an empty one.

    Raises:
        TransientError: the database of the shared locks cannot be reached.
    """
    if not key:
        yield True
        return
    settings = Settings.load()
    with (
        Catalog(settings.catalog) as catalog,
        key_lock_if_free(settings.home / "locks", key, catalog.locks) as free,
    ):
        yield free
