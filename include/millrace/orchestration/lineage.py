"""What a task read and made, as data sets with names, for OpenLineage and whoever else asks.

An artifact is named by its digest below the store's URI, so that the tasks of all runs connect by
content. Places outside the store are named as OpenLineage does; no name holds a password.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from millrace.errors import MillraceError, redact

if TYPE_CHECKING:
    from millrace.artifacts.reference import ArtifactRef
    from millrace.jobs.execute import Job
    from millrace.jobs.workflow_run import WorkflowRun


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes:
        namespace: where it lives, ``s3://bucket/millrace``. name: within it, ``bundle/<digest>``.
        rows: records. bytes: size of all files.
    """

    namespace: str
    name: str
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Lineage:
    """What a task read and made, each once."""

    inputs: tuple[DataSet, ...] = ()
    outputs: tuple[DataSet, ...] = ()


def lineage_of(run: WorkflowRun) -> Lineage:
    """Return what a task has read and made by now.

    Args:
        run: as the task opened it; its executor knows what was executed or taken from the store.
    """
    inputs: list[DataSet] = []
    outputs: list[DataSet] = []
    for job, made in run.executor.done:
        inputs += [_artifact(run, ref) for refs in job.inputs.values() for ref in refs]
        inputs += _sources(job)
        outputs.append(_artifact(run, made))
        if job.stage == "predict":
            outputs.append(_table(run, made.rows))
    return Lineage(_unique(inputs, outputs), _unique(outputs, ()))


def _artifact(run: WorkflowRun, ref: ArtifactRef) -> DataSet:
    scheme, host, path = _parts(run.store.uri)
    namespace = f"{scheme}://{host}/{path}".rstrip("/")
    return DataSet(namespace, f"{ref.kind}/{ref.digest}", ref.rows, ref.bytes)


def _sources(job: Job) -> Iterator[DataSet]:
    """Yield the places that `discover` and `collect` looked at."""
    from millrace.workflow.variables import expand

    documents = job.locations.get("sources") or [job.locations.get("source")]
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        try:
            resolved = expand(document, os.environ)
        except MillraceError:
            resolved = document
        places = [_place(text) for text in _texts(resolved) if "://" in text or text[:1] == "/"]
        yield from places or [DataSet(str(document["kind"]), str(document["name"]))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def _place(uri: str) -> DataSet:
    """Return a URI or an absolute path as a data set."""
    scheme, host, path = _parts(uri)
    return DataSet(f"{scheme}://{host}" if host else scheme, path)


def _parts(uri: str) -> tuple[str, str, str]:
    """Return scheme, host and path of a URI, without credentials and query."""
    parts = urlsplit(redact(uri) if "://" in uri else f"file://{uri}")
    return parts.scheme, parts.netloc.rpartition("@")[2], parts.path.strip("/")


def _table(run: WorkflowRun, rows: int | None) -> DataSet:
    """Return the SQL table of the predictions, named as OpenLineage names tables."""
    from sqlalchemy import make_url

    url = make_url(run.settings.predictions)
    name = f"{url.database or ''}.{run.spec.predict.table}".strip("./")
    if url.get_backend_name() == "sqlite":
        return DataSet("file", name, rows)
    return DataSet(f"postgres://{url.host or 'localhost'}:{url.port or 5432}", name, rows)


def _unique(found: Iterable[DataSet], without: Iterable[DataSet]) -> tuple[DataSet, ...]:
    left_out = set(without)
    return tuple(item for item in dict.fromkeys(found) if item not in left_out)
