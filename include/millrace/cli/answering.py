"""What `millrace approve` and `millrace reject` have in common: answer a run, and let it go on."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING

from millrace.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from millrace.catalog.catalog import Catalog
    from millrace.catalog.records import ApprovalRequest, RunRecord
    from millrace.settings import Settings

_TASK = "approve"


def add_answer(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "run_id",
        nargs="?",
        metavar="RUN",
        help="its number or id, as `millrace runs` lists them; without it: what waits",
    )
    parser.add_argument("--because", metavar="NOTE", help="why; kept with the decision")


def answer(arguments: argparse.Namespace, *, approved: bool) -> int:
    """Record the answer and let the run go on; without a run, list what waits."""
    from millrace.catalog.catalog import Catalog
    from millrace.settings import Settings

    settings = Settings.load()
    with Catalog(settings.catalog) as catalog:
        if arguments.run_id is None:
            _list(catalog)
            return ExitCode.DONE
        record = _run(catalog, arguments.run_id)
        asked = _asked(catalog, record)
        person = getpass.getuser()
        _check_user(record, person)
        if record.state == "running":
            _check_reach()
        given = catalog.approvals.answer(
            record.id, asked.version, approved=approved, approver=person, note=arguments.because
        )
        _check_answer(record, given, approved=approved)
    _go_on(settings, record, given)
    return ExitCode.DONE


def _list(catalog: Catalog) -> None:
    from millrace.cli.console import console
    from millrace.cli.tables import table

    waiting = catalog.approvals.waiting()
    if not waiting:
        console().print("Nothing waits for an answer.")
        return
    rows = table("run", "workflow", "version", "instead of", "asked")
    for one in waiting:
        champion = "" if one.champion is None else f"version {one.champion}"
        moment = f"{one.asked_at:%Y-%m-%d %H:%M}"
        rows.add_row(str(one.run), one.workflow, str(one.version), champion, moment)
    console().print(rows)


def _run(catalog: Catalog, name: str) -> RunRecord:
    if name.isdecimal():
        return catalog.runs.get(int(name))
    waiting = [catalog.runs.get(one.run) for one in catalog.approvals.waiting()]
    found = [record for record in waiting if record.run_id == name]
    if len(found) != 1:
        raise SpecError(
            "no run of this id waits for an answer" if not found else "several runs have this id",
            received=name,
            remedy="`millrace approve` without a run lists what waits; take its number.",
        )
    return found[0]


def _asked(catalog: Catalog, record: RunRecord) -> ApprovalRequest:
    """Return what the run asked last; refuse where it asked nothing, or has its decision."""
    asked = catalog.approvals.of_run(record.id)
    if not asked:
        raise SpecError(
            "the run has asked nobody",
            where=f"run {record.id}",
            remedy="`millrace show run` says what it decided.",
        )
    for made in catalog.models.promotions(record.workflow):
        if (made.run, made.version) == (record.id, asked[-1].version):
            by = "" if made.approver is None else f" by {made.approver}"
            raise SpecError(
                "the run has its decision",
                where=f"run {record.id}",
                received=f"version {made.version} {made.decision}{by}",
                remedy="A champion is taken back by `millrace rollback`.",
            )
    return asked[-1]


def _check_user(record: RunRecord, person: str) -> None:
    from millrace.workflow.tasks import parse

    approval = parse(record.spec).gate.asks
    if approval is not None and approval.users and person not in approval.users:
        raise SpecError(
            "this question is not yours to answer",
            where="gate.approval.users",
            expected=", ".join(approval.users),
            received=person,
        )


def _check_reach() -> None:
    """Refuse to answer a run whose Airflow could not be told: it would wait on."""
    from millrace.orchestration.embedded.address import is_running
    from millrace.orchestration.embedded.installation import Installation

    if not is_running(Installation.load()):
        raise SpecError(
            "the run waits in an Airflow that does not run here",
            remedy="Answer it there, under Required Actions in its UI or by REST (README); if it "
            "ran here, start it with `millrace up`.",
        )


def _check_answer(record: RunRecord, given: ApprovalRequest, *, approved: bool) -> None:
    """Refuse to pass on what the answer that stands, the first one, does not say."""
    if given.approved != approved:
        said = "approved" if given.approved else "rejected"
        raise SpecError(
            "the question has another answer already, which stands",
            where=f"run {record.id}",
            received=f"version {given.version} {said} by {given.approver}",
            remedy="Start another run to be asked again; a champion is taken back by "
            "`millrace rollback`.",
        )


def _go_on(settings: Settings, record: RunRecord, given: ApprovalRequest) -> None:
    """Let the run go on: in Airflow where it waits there, else here."""
    from millrace.cli.console import console

    said = "approved" if given.approved else "rejected"
    console().print(f"{given.workflow} version {given.version}: {said} by {given.approver}.")
    if record.state == "running":
        _wake(record, given)
        return
    from millrace.cli.local import go_on_here

    go_on_here(settings, record)


def _wake(record: RunRecord, given: ApprovalRequest) -> None:
    """Pass the answer on to the Airflow that holds the run."""
    from millrace.cli.console import console
    from millrace.orchestration.embedded.address import running_client
    from millrace.orchestration.embedded.installation import Installation

    with running_client(Installation.load()) as airflow:
        airflow.answer(record.dag_id, record.run_id, _TASK, approved=bool(given.approved))
    console().print("The run goes on in Airflow; `millrace runs` lists it.")
