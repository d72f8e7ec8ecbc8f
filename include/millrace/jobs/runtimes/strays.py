"""The containers of an installation that nobody follows, wherever its jobs are performed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

if TYPE_CHECKING:
    from millrace.jobs.runtimes.docker.strays import Stray


class Strays(Protocol):
    """The strays of one installation in one place."""

    def find(self) -> list[Stray]:
        """Return those that need not be; remove none."""

    def remove(self) -> list[Stray]:
        """Remove them; return those that went."""


def strays_of(settings: Settings, catalog: Catalog) -> AbstractContextManager[Strays]:
    """Give the stray pods where the installation's runtime is Kubernetes, else the containers."""
    place = "kubernetes" if settings.runtime == "kubernetes" else "docker"
    module = import_module(f"millrace.jobs.runtimes.{place}.strays")
    made: AbstractContextManager[Strays] = module.strays_of(settings, catalog)
    return made
