"""`with_maker`: a damaged object's error, with the command that makes the object again."""

from __future__ import annotations

from collections.abc import Iterable

from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import IntegrityError, MillraceError


def with_maker(
    error: IntegrityError,
    inputs: Iterable[ArtifactRef],
    store: Store,
    catalog: Catalog,
    workflow: str,
) -> IntegrityError:
    """Return the error of a job with the stage to force, where one of its inputs is damaged.

    Args:
        error: names the object by its digest.
        inputs: of the job.
        workflow: whose run may force the stage.
    """
    for ref in inputs:
        makers = catalog.executions.producing(ref.digest, limit=1)
        if makers and _names(error, ref, store):
            stage = "promote" if makers[0].stage == "gate" else makers[0].stage
            return IntegrityError(
                error.problem,
                where=error.where,
                expected=error.expected,
                received=error.received,
                remedy=f"Make it again: `millrace run {workflow} --force {stage}`.",
            )
    return error


def _names(error: IntegrityError, ref: ArtifactRef, store: Store) -> bool:
    """Whether the object that an error names is one of an artifact's."""
    try:
        entries = store.get(ref).manifest.files.values()
    except MillraceError:
        return False
    return any(entry.sha256 in (error.where or "") for entry in entries)
