"""Perform a request: run the stage, check its counts, put its files, publish its manifest.

Needs the store and nothing else, so it works in the task's process, a child process, a container.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from millrace import __version__
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.failures import disk_answers, disk_failure, disk_is_full
from millrace.artifacts.manifest import FileEntry, Manifest
from millrace.artifacts.store import Store
from millrace.errors import MillraceError, redact
from millrace.jobs.discretion import discreet
from millrace.jobs.environment import machine
from millrace.jobs.keys import key_of
from millrace.jobs.progress import Event, ProgressWriter
from millrace.jobs.request import JobRequest
from millrace.jobs.sensitivity import check_facts, label_after, label_of, refuse_labelled
from millrace.jobs.stages import Stage, stage_named
from millrace.machine import peak_memory
from millrace.workflow.stage import Hold, StageContext, StageResult
from millrace.workflow.variables import expand


@dataclass(frozen=True)
class _StoredCheckpoints:
    """Checkpoints of one key in the store."""

    store: Store
    key: str

    def save(self, name: str, path: Path) -> None:
        """Store a file; the newest wins."""
        self.store.save_checkpoint(self.key, name, path)

    def load(self, name: str, path: Path) -> bool:
        """Fetch a file; False where there is none."""
        return self.store.load_checkpoint(self.key, name, path)


def perform(
    request: JobRequest,
    store: Store,
    scratch: Path,
    report: Callable[[Event], None] | None = None,
    hold: Hold = nullcontext,
) -> Artifact:
    """Execute a request and return its published artifact.

    Args:
        request: what to do.
        store: of the inputs and of the result.
        scratch: folder for temporary files; made where missing.
        report: also called with every progress event.
        hold: of the stage's context.

    Raises:
        MillraceError: of the kind that tells whether a retry may help.
    """
    stage = stage_named(request.stage)
    write = ProgressWriter(store, request.key, stage.name)

    def tell(event: Event) -> None:
        write(event)
        if report is not None:
            report(event)

    with disk_answers(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=scratch, prefix=f"{stage.name}-"))
    try:
        artifact = store.publish(_make(request, store, folder, tell, hold), replace=request.replace)
    except MillraceError:
        raise
    except Exception as error:
        if isinstance(error, OSError) or disk_is_full(error):
            where = getattr(error, "filename", None) or folder
            raise disk_failure(error, f"{stage.name}: {where}") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    store.drop_checkpoints(request.key)
    return artifact


def _make(
    request: JobRequest, store: Store, folder: Path, report: Callable[[Event], None], hold: Hold
) -> Manifest:
    """Run the stage, put its files, and return the manifest to publish."""
    stage = stage_named(request.stage)
    context = _context(request, store, folder, report, hold)
    label = label_of(request.sensitivity, context.inputs)
    if label and stage.shows:
        refuse_labelled((one for found in context.inputs.values() for one in found), stage.shows)
    started = time.monotonic()
    with discreet(stage.name) if label else nullcontext():
        result = _run(stage, context)
        if label:
            check_facts(result.facts, request.locations)
    manifest = _manifest(request, store, stage, result, context.output, time.monotonic() - started)
    return replace(manifest, sensitivity=label_after(stage, label, result, context.output))


def _context(
    request: JobRequest, store: Store, folder: Path, report: Callable[[Event], None], hold: Hold
) -> StageContext:
    output, scratch = folder / "output", folder / "scratch"
    output.mkdir()
    scratch.mkdir()
    return StageContext(
        params=request.params,
        locations=expand(request.locations, os.environ),
        inputs={role: [store.get(ref) for ref in refs] for role, refs in request.inputs.items()},
        output=output,
        scratch=scratch,
        checkpoints=_StoredCheckpoints(store, request.key),
        report=report,
        hold=hold,
    )


def _run(stage: Stage, context: StageContext) -> StageResult:
    result: StageResult = import_module(stage.module).run(context)
    counts = result.counts
    if counts is None:
        return result
    if not counts.reconciles:
        raise MillraceError(
            "a stage lost or invented records",
            where=stage.name,
            expected="received = accepted + quarantined + duplicates",
            received=counts.to_document(),
            remedy="This is a bug of the stage; please report it.",
        )
    return replace(result, facts={**result.facts, "counts": counts.to_document()})


def _manifest(
    request: JobRequest,
    store: Store,
    stage: Stage,
    result: StageResult,
    output: Path,
    seconds: float,
) -> Manifest:
    parts = dict(request.key_parts)
    if stage.volatile:
        parts["found"] = dict(result.facts)
    return Manifest(
        kind=result.kind,
        key=key_of(parts) if stage.volatile else request.key,
        files=_put_files(store, output, result, again=request.replace),
        facts=result.facts,
        rows=result.rows,
        key_parts=parts,
        provenance=_provenance(request, result, seconds),
    )


def _put_files(
    store: Store, output: Path, result: StageResult, *, again: bool
) -> dict[str, FileEntry]:
    paths = sorted(path for path in output.rglob("*") if path.is_file())
    files = {}
    for path, entry in zip(paths, store.put_all(paths, again=again), strict=True):
        name = path.relative_to(output).as_posix()
        derived = any(fnmatch.fnmatch(name, pattern) for pattern in result.derived)
        files[name] = replace(entry, derived=derived)
    return files


def _provenance(request: JobRequest, result: StageResult, seconds: float) -> Mapping[str, Any]:
    """Say who made an artifact, from where, when and at what cost. Never part of its digest."""
    inputs = {role: [ref.to_document() for ref in refs] for role, refs in request.inputs.items()}
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "attempt": request.attempt,
        "host": socket.gethostname(),
        "machine": machine(),
        "version": __version__,
        "seconds": round(seconds, 3),
        "peak_memory_bytes": peak_memory(),
        "metrics": dict(result.metrics),
        "locations": json.loads(redact(json.dumps(dict(request.locations)))),
        "inputs": inputs,
    }
