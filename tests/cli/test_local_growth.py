"""What a run without Airflow says of sources that grew."""

from __future__ import annotations

import logging

from rich.console import Console

from millrace.cli.local import told

LOG = logging.getLogger("millrace.jobs.growth")


def test_growth_is_printed_while_a_run_goes_on_and_not_after() -> None:
    console = Console(width=100, force_terminal=False, highlight=False)
    level = LOG.level
    with console.capture() as captured:
        with told(console):
            LOG.info("source %s: 3 partitions: 2 as before, 1 new ([2])", "photos")
        LOG.warning("later")
    out = captured.get()
    assert out == "discover: source photos: 3 partitions: 2 as before, 1 new ([2])\n"
    assert LOG.level == level
