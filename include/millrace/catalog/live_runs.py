"""Which runs and which model versions keep what they reach, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.rows import ExecutionRow, ModelVersionRow, PromotionRow, RunRow


@dataclass(frozen=True)
class Keep:
    """What retention asks for.

    Attributes:
        runs: newest successful runs of each DAG, and as many of its failed ones.
        since: runs that ended later are kept, however many; aware.
        versions: newest model versions of each workflow, and as many of its latest champions.
        stalled: runs that say they run, but in which nothing began or ended since, count as failed
            (they were killed); None believes them.
    """

    runs: int
    since: datetime
    versions: int
    stalled: datetime | None = None


@dataclass(frozen=True)
class LiveRun:
    """A run that keeps something, and why: ``running``, ``kept``, ``model``, ``recent``."""

    id: int
    workflow: str
    reason: str
    started_at: datetime


@dataclass(frozen=True)
class LiveVersion:
    """A model version that is kept, with the runs that made, judged and crowned it."""

    workflow: str
    version: int
    bundle: ArtifactRef
    runs: frozenset[int]


def live_runs(session: Session, keep: Keep, behind: Collection[int]) -> list[LiveRun]:
    """Return the live runs, newest first.

    Args:
        behind: runs behind kept model versions.
    """
    columns = (RunRow.id, RunRow.dag_id, RunRow.workflow, RunRow.state, RunRow.kept)
    times = (RunRow.started_at, RunRow.finished_at)
    ended: Counter[tuple[str, str]] = Counter()
    signs = _signs_of_life(session)
    found = []
    for run, dag, workflow, state, kept, started, finished in session.execute(
        select(*columns, *times).order_by(RunRow.id.desc())
    ):
        last = finished or max(started, signs.get(run, started))
        running = state == "running" and (keep.stalled is None or last >= keep.stalled)
        recent = last >= keep.since
        if not running:
            end = "done" if state == "done" else "failed"
            ended[dag, end] += 1
            recent = recent or ended[dag, end] <= keep.runs
        reasons = {
            "running": running,
            "kept": kept is not None,
            "model": run in behind,
            "recent": recent,
        }
        reason = next((name for name, holds in reasons.items() if holds), None)
        if reason is not None:
            found.append(LiveRun(run, workflow, reason, started))
    return found


def _signs_of_life(session: Session) -> dict[int, datetime]:
    """Return when something began or ended last in each run that says it runs."""
    times = (func.max(ExecutionRow.began_at), func.max(ExecutionRow.ended_at))
    query = select(ExecutionRow.run_id, *times).join(RunRow, RunRow.id == ExecutionRow.run_id)
    query = query.where(RunRow.state == "running").group_by(ExecutionRow.run_id)
    return {run: max(filter(None, found)) for run, *found in session.execute(query)}


def live_versions(session: Session, keep: Keep) -> list[LiveVersion]:
    """Return the kept versions: champions, latest former ones, newest ones, and those in use."""
    wanted = _champions(session, max(keep.versions, 1)) | _asked_for(session)
    crowned = _deciding_runs(session)
    newest: Counter[str] = Counter()
    found = []
    for row in session.scalars(select(ModelVersionRow).order_by(ModelVersionRow.version.desc())):
        newest[row.workflow] += 1
        one = (row.workflow, row.version)
        if one in wanted or newest[row.workflow] <= keep.versions:
            runs = crowned[one] | ({row.run_id} if row.run_id is not None else set())
            version = row.record()
            found.append(LiveVersion(*one, version.bundle, frozenset(runs)))
    return found


def _champions(session: Session, count: int) -> set[tuple[str, int]]:
    """Return the champions and those before them, `count` different versions a workflow."""
    query = select(PromotionRow.workflow, PromotionRow.version)
    reigns = query.where(PromotionRow.term.is_not(None)).order_by(PromotionRow.term.desc())
    latest: defaultdict[str, list[int]] = defaultdict(list)
    for workflow, version in session.execute(reigns):
        if version not in latest[workflow] and len(latest[workflow]) < count:
            latest[workflow].append(version)
    return {(workflow, version) for workflow, found in latest.items() for version in found}


def _asked_for(session: Session) -> set[tuple[str, int]]:
    """Return the versions that running prediction runs were asked to use, or froze."""
    query = select(RunRow.workflow, RunRow.params).where(RunRow.state == "running")
    asked: Iterable[tuple[str, object]] = (
        (workflow, params.get("model_version")) for workflow, params in session.execute(query)
    )
    return {(workflow, version) for workflow, version in asked if isinstance(version, int)}


def _deciding_runs(session: Session) -> defaultdict[tuple[str, int], set[int]]:
    query = select(PromotionRow.workflow, PromotionRow.version, PromotionRow.run_id)
    query = query.where(PromotionRow.term.is_not(None), PromotionRow.run_id.is_not(None))
    found: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for workflow, version, run in session.execute(query):
        if run is not None:
            found[workflow, version].add(run)
    return found
