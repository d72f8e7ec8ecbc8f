"""`log_growth`: say in the task's log how the sources differ from those of the run before."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.catalog.records import ExecutionRecord
from millrace.errors import DataError
from millrace.jobs.workflow_run import WorkflowRun

log = logging.getLogger(__name__)


def log_growth(run: WorkflowRun, previous: ExecutionRecord | None, found: Artifact) -> None:
    """Log one line a source.

    Args:
        run: of the task. previous: of the stage discover, before this run's.
        found: what discover made now.
    """
    from millrace.data.growth import growth  # the scheduler loads this module, and no stage

    if previous is None or previous.output is None or _limit(previous) != run.params.limit:
        log.info("There is no earlier run to compare the sources with")
        return
    try:
        before = run.store.get(previous.output).facts["partitions"]
    except DataError:
        log.info("What the run before found is no longer in the store")
        return
    for line in growth(before, found.facts["partitions"]):
        log.info("%s", line)


def _limit(previous: ExecutionRecord) -> Any:
    params: Mapping[str, Any] = previous.key_parts.get("params", {})
    return params.get("limit")
