"""`reach`: everything that runs and references lead to, against the direction of the work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.rows import BatchRow, CorrectionRow, ExecutionRow, InputRow, RunRow

_CHUNK = 400  # values in one statement; SQLite takes 32,766

Named = tuple[str, str]
"""Key and digest of an artifact."""


@dataclass
class Reached:
    """What was reached so far: keys of executions and artifacts, and the artifacts themselves."""

    keys: set[str] = field(default_factory=set)
    artifacts: set[Named] = field(default_factory=set)

    def add(self, found: Iterable[Named]) -> set[Named]:
        """Take in artifacts and return those that are new."""
        new = set(found) - self.artifacts
        self.artifacts |= new
        self.keys |= {key for key, _ in new}
        return new


def reach(
    session: Session, runs: Sequence[int], bundles: Iterable[ArtifactRef], found: Reached
) -> None:
    """Add to `found` what the runs, the bundles and the corrections in force reach."""
    made, read = set(), set()
    for chunk in _chunks(runs):
        made |= _made_by(session, chunk, found)
        inputs = select(InputRow.key, InputRow.digest).join(
            ExecutionRow, ExecutionRow.id == InputRow.execution_id
        )
        read |= _pairs(session.execute(inputs.where(ExecutionRow.run_id.in_(chunk))))
        read |= _documents(session, chunk)
    found.add(made)
    read |= {(ref.key, ref.digest) for ref in bundles} | _corrections(session)
    new = found.add(read)
    while new:  # what came from other runs: their makers' inputs
        new = found.add(_inputs_of_makers(session, sorted(new)))


def _made_by(session: Session, runs: Sequence[int], found: Reached) -> set[Named]:
    output = ExecutionRow.output["key"].as_string()
    query = select(ExecutionRow.key, output, ExecutionRow.output_digest)
    made = set()
    for key, output_key, digest in session.execute(query.where(ExecutionRow.run_id.in_(runs))):
        found.keys.add(key)
        if digest is not None:
            made.add((output_key, digest))
    return made


def _documents(session: Session, runs: Sequence[int]) -> set[Named]:
    """Return the artifacts that rows of other tables name for these runs."""
    batches = select(BatchRow.predictions).where(BatchRow.run_id.in_(runs))
    frozen = select(RunRow.corrections).where(RunRow.id.in_(runs))
    documents = [*session.scalars(batches), *session.scalars(frozen)]
    return {named for document in documents for named in _named_in(document)}


def _corrections(session: Session) -> set[Named]:
    """Return the artifacts of the corrections in force: the latest of each source."""
    newest = select(func.max(CorrectionRow.id)).group_by(
        CorrectionRow.workflow, CorrectionRow.source
    )
    query = select(CorrectionRow.ref).where(CorrectionRow.id.in_(newest))
    return {named for document in session.scalars(query) for named in _named_in(document)}


def _inputs_of_makers(session: Session, artifacts: Sequence[Named]) -> set[Named]:
    """Return what the latest execution that made each artifact has read."""
    found: set[Named] = set()
    identity = tuple_(ExecutionRow.key, ExecutionRow.output_digest)
    for chunk in _chunks(artifacts):
        makers = select(func.max(ExecutionRow.id)).where(identity.in_(chunk))
        makers = makers.group_by(ExecutionRow.key, ExecutionRow.output_digest)
        query = select(InputRow.key, InputRow.digest).where(InputRow.execution_id.in_(makers))
        found |= _pairs(session.execute(query))
    return found


def _named_in(value: Any) -> Iterator[Named]:
    """Yield every reference in a JSON value, however deep."""
    if isinstance(value, Mapping):
        key, digest = value.get("key"), value.get("digest")
        if isinstance(key, str) and isinstance(digest, str):
            yield key, digest
        for item in value.values():
            yield from _named_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named_in(item)


def _pairs(rows: Iterable[Any]) -> set[Named]:
    return {(key, digest) for key, digest in rows}


def _chunks(values: Collection[Any]) -> Iterator[list[Any]]:
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]
