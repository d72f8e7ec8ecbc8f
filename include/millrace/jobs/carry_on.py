"""`carry_on`: what remains of a run that ended while it waited for a person's answer.

Of a run that Airflow holds open this is Airflow's matter; it goes on by itself once it has the
answer.
"""

from __future__ import annotations

from typing import Any

from millrace.catalog.records import RunRecord
from millrace.errors import MillraceError, SpecError
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, open_run


def carry_on(record: RunRecord) -> dict[str, Any]:
    """Decide about the run's challenger by the answer that the catalog holds, and predict.

    Args:
        record: of a training run that has asked.

    Returns:
        The outcome of `promote`.

    Raises:
        MillraceError: a stage failed; the run is recorded as failed.
        SpecError: the run has asked nobody.
    """
    run = open_run(RunIdentity(record.workflow, record.dag_id, record.run_id))
    asked = run.catalog.approvals.of_run(record.id)
    if not asked:
        raise SpecError("the run has asked nobody", where=record.run_id)
    run.catalog.runs.reopen(record.id)
    try:
        outcome = _rest(run, asked[-1].taken)
    except BaseException as error:  # an interrupted run has failed, too
        known = error if isinstance(error, MillraceError) else MillraceError(repr(error))
        run.catalog.runs.finish(run.id, "failed", known.to_document())
        raise
    run.catalog.runs.finish(run.id, "done")
    return outcome


def _rest(run: WorkflowRun, taken: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = STEPS["promote"](run, **taken)
    task = run.graph["predict"]
    STEPS["predict"](run, records=taken["dataset"], **task.constants)
    return outcome
