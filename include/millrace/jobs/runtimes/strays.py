"""The containers of an installation that nobody follows, wherever its jobs are performed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError
from millrace.settings import Settings
from millrace.workflow.places import runtimes_used

if TYPE_CHECKING:
    from millrace.jobs.runtimes.docker.strays import Stray

log = logging.getLogger(__name__)


class Strays(Protocol):
    """The strays of one installation."""

    def find(self) -> list[Stray]:
        """Return those that need not be; remove none."""

    def remove(self) -> list[Stray]:
        """Remove them; return those that went."""


@contextmanager
def strays_of(settings: Settings, catalog: Catalog) -> Iterator[Strays]:
    """Give the strays wherever the setting or a workflow has containers; else of Docker's daemon.

    Where one place cannot be asked, the others are asked first, and then its error is raised.
    """
    used = runtimes_used(settings.workflows, settings.runtime) - {"local"}
    yield _Everywhere(settings, catalog, tuple(sorted(used)) or ("docker",))


@dataclass(frozen=True)
class _Everywhere:
    settings: Settings
    catalog: Catalog
    places: tuple[str, ...]

    def find(self) -> list[Stray]:
        return self._ask(lambda strays: strays.find())

    def remove(self) -> list[Stray]:
        return self._ask(lambda strays: strays.remove())

    def _ask(self, question: Callable[[Strays], list[Stray]]) -> list[Stray]:
        found: list[Stray] = []
        failed: list[MillraceError] = []
        for place in self.places:
            module: Any = import_module(f"millrace.jobs.runtimes.{place}.strays")
            try:
                with module.strays_of(self.settings, self.catalog) as strays:
                    found += question(strays)
            except MillraceError as error:
                log.warning("The containers of %s: %s", place, error)
                failed.append(error)
        if failed:
            raise failed[0]
        return found
