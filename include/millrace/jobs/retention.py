"""`Retention`: how long what is kept, from the environment. What is young or in use always is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from millrace.catalog.live_runs import Keep
from millrace.errors import SpecError


@dataclass(frozen=True)
class Retention:
    """What garbage collection spares, besides what runs and what `millrace keep` names.

    Attributes:
        runs: newest successful runs of each DAG, and as many failed ones (``MILLRACE_KEEP_RUNS``).
        days: runs that ended in the last so many days (``MILLRACE_KEEP_DAYS``).
        versions: newest model versions of each workflow, and as many of its latest champions
            (``MILLRACE_KEEP_VERSIONS``); the champion itself is always kept.
        grace: hours for which nothing new is touched, whatever it is (``MILLRACE_GC_GRACE``).
        cache: days after which a file of this host's caches, unused, goes
            (``MILLRACE_KEEP_CACHE``).
        stalled: days after which a run in which nothing began or ended counts as failed, though it
            says that it runs; None believes it. Of one collection only: there is no variable.
    """

    runs: float = 20
    days: float = 30
    versions: float = 5
    grace: float = 24
    cache: float = 30
    stalled: float | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Retention:
        """Read the settings; raise `SpecError` for a value that is not a number from 0 on."""
        env = os.environ if environment is None else environment
        given = {field: env.get(name) for field, name in _VARIABLES.items()}
        return cls(**{field: _number(field, text) for field, text in given.items() if text})

    @property
    def grace_seconds(self) -> float:
        """The grace in seconds."""
        return self.grace * 3600

    def keep(self, now: datetime | None = None) -> Keep:
        """Return what the catalog is asked for; a run that ended within the grace is kept, too."""
        today = now or datetime.now(UTC)
        since = today - max(timedelta(days=self.days), timedelta(hours=self.grace))
        stalled = None if self.stalled is None else today - timedelta(days=self.stalled)
        return Keep(int(self.runs), since, int(self.versions), stalled)


_VARIABLES = {
    "runs": "MILLRACE_KEEP_RUNS",
    "days": "MILLRACE_KEEP_DAYS",
    "versions": "MILLRACE_KEEP_VERSIONS",
    "grace": "MILLRACE_GC_GRACE",
    "cache": "MILLRACE_KEEP_CACHE",
}
_MOST = 36_500.0  # a hundred years in days


def _number(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= _MOST:
        return value
    raise SpecError(
        "not a number of what to keep",
        where=_VARIABLES[field],
        expected=f"a number from 0 to {_MOST:,.0f}",
        received=text,
    )
