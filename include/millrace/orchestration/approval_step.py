"""`ApprovalStep`: a workflow's task that asks a person; Airflow's ApprovalOperator, extended.

Where nobody is to be asked it ends at once. Otherwise it waits in Airflow's state *awaiting input*,
without a worker's slot; whoever is answered is told, and the answer goes to the catalog, from where
`promote` takes it. A rejection skips nothing: the run goes on with the champion that it has.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param, conf
from airflow.sdk.definitions.param import ParamsDict

from millrace.orchestration.lineage_operator import Lineage
from millrace.orchestration.notices import Notice, tell
from millrace.orchestration.tasks import do_task, task_run
from millrace.workflow.approval import Approval

NOBODY = "nobody (no answer in time)"
"""Who is recorded as having rejected a challenger about which nobody answered in time."""

_REPORT = "/millrace"  # where the plugin mounts the report
_NOTE = Param(
    None,
    type=["null", "string"],
    title="Note",
    maxLength=500,
    description="Why; kept with the decision. It may stay empty.",
)
log = logging.getLogger(__name__)


class ApprovalStep(Lineage, ApprovalOperator):
    """A task of a workflow that asks a person about the challenger.

    Args:
        workflow, step, taken: see `millrace.orchestration.tasks.do_task`.
        approval: whom to ask, and how long.
        options: of the operator.
    """

    template_fields = ("taken",)
    custom_operator_name = "approval"

    def __init__(
        self,
        *,
        workflow: str,
        step: str,
        taken: Mapping[str, Any],
        approval: Approval,
        **options: Any,
    ) -> None:
        hours = approval.timeout_hours
        super().__init__(
            subject=f"Make a new version of {workflow} champion?",
            defaults=None if hours is None else [self.REJECT],
            response_timeout=None if hours is None else timedelta(hours=hours),
            assigned_users=[{"id": user, "name": user} for user in approval.users] or None,
            **options,
        )
        self.params = ParamsDict({"note": _NOTE})  # without those of the DAG's own form
        self.workflow = workflow
        self.step = step
        self.taken = taken

    def execute(self, context: Any) -> Any:
        """Ask, and wait; or return at once why nobody is asked."""
        asked = do_task(self.workflow, "training", self.step, self.taken)
        if not asked["asked"]:
            log.info("Nobody is asked: %s", asked["reason"])
            return asked
        self.subject = asked["subject"]
        self.body = f"{asked['body']}\n\n{_links(context, asked['pages'])}"
        self._tell(context)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Record the answer; return it."""
        HITLOperator.execute_complete(self, context, event)
        with task_run(self.workflow, "training", self.step) as run:
            (asked,) = (one for one in run.catalog.approvals.of_run(run.id)[-1:])
            answer = run.catalog.approvals.answer(
                run.id,
                asked.version,
                approved=event["chosen_options"] == [self.APPROVE],
                approver=_name(event),
                note=(event.get("params_input") or {}).get("note"),
                at=event["responded_at"],
            )
        said = "approved" if answer.approved else "rejected"
        log.info("Version %s was %s by %s", answer.version, said, answer.approver)
        return {"asked": True, "version": answer.version, "answer": said, "by": answer.approver}

    def _tell(self, context: Any) -> None:
        dag_run = context["dag_run"]
        notice = Notice(
            event="approval_wanted",
            workflow=self.workflow,
            dag_id=dag_run.dag_id,
            run_id=dag_run.run_id,
            title=self.subject,
            text=self.generate_link_to_ui(task_instance=context["ti"], base_url=_base()),
        )
        tell(notice, context)


def _name(event: Mapping[str, Any]) -> str:
    """Return who answered, by the name of the login; the id of a login without one."""
    user = event.get("responded_by_user")
    return NOBODY if user is None else str(user["name"] or user["id"])


def _base() -> str:
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")


def _links(context: Any, pages: Mapping[str, str]) -> str:
    """Return links to the report, as Markdown."""
    dag_run, root = context["dag_run"], f"{_base()}{_REPORT}"
    run = urlencode({"dag_id": dag_run.dag_id, "run_id": dag_run.run_id})
    found = {"Report of the run": f"runs?{run}", **pages}
    return " · ".join(f"[{title}]({root}/{path})" for title, path in found.items())
