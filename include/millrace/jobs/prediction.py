"""Score records with a model version and deliver the predictions to SQL."""

from __future__ import annotations

import logging
from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.records import ModelVersion
from millrace.errors import DataError, SpecError
from millrace.jobs.keys import differences
from millrace.jobs.promotion import champion_of
from millrace.jobs.sensitivity import refuse_labelled
from millrace.jobs.step import Partition, Reference, execute
from millrace.jobs.workflow_run import WorkflowRun

log = logging.getLogger(__name__)

_SHOWN = 3  # differences named


def predict(
    run: WorkflowRun, records: Reference, file: str, partition: Partition | None = None
) -> dict[str, Any] | None:
    """Score records with the champion and deliver them.

    Args:
        run: of the task.
        records: of a dataset, or of a transformed partition.
        file: the table of that artifact to score.
        partition: where the task is mapped.

    Returns:
        The predictions' reference, with ``delivered`` rows; None where there is no champion that
        fits a training run's records.

    Raises:
        DataError: the records of a prediction run do not fit the model.
    """
    version = _version(run)
    if version is None:
        log.info("There is no champion yet")
        return None
    misfit = _misfit(run, version, records)
    if misfit is not None and run.labelled:
        log.info("The champion stays, but cannot score these records: %s", misfit)
        return None
    if misfit is not None:
        raise DataError(
            "the records do not fit the model",
            where=f"version {version.version}",
            received=misfit,
            remedy="Train a model with the workflow's present transform, or name another version.",
        )
    inputs: dict[str, list[Reference]] = {
        "records": [records],
        "bundle": [version.bundle.to_document()],
    }
    reference = execute(
        run, "predict", {"modality": run.spec.modality, "file": file}, inputs, partition
    )
    return {**reference, "delivered": _deliver(run, version, records, reference)}


def _version(run: WorkflowRun) -> ModelVersion | None:
    """Return the model version to predict with: the one asked for, or the run's champion."""
    wanted = getattr(run.params, "model_version", None)
    if wanted is None:
        return champion_of(run)
    versions = run.catalog.models.versions(run.identity.workflow)
    found = [version for version in versions if version.version == wanted]
    if not found:
        raise SpecError(
            "there is no such model version",
            where="conf.model_version",
            expected=", ".join(str(v.version) for v in versions) or "a trained model",
            received=wanted,
        )
    return found[0]


def _misfit(run: WorkflowRun, version: ModelVersion, records: Reference) -> str | None:
    """Say in which way records are not what a bundle was trained on, or None."""
    bundle = run.store.get(version.bundle).facts
    facts = run.store.get(ArtifactRef.from_document(records)).facts
    if bundle["records"] != facts["records"]:
        return f"records of {facts['records']}, not {bundle['records']}"
    known = bundle.get("transform")
    if known is None or known == facts.get("transform"):
        return None
    found = list(differences({"transform": known}, {"transform": facts.get("transform")}))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more


def _deliver(
    run: WorkflowRun, version: ModelVersion, records: Reference, reference: Reference
) -> int:
    """Deliver predictions to SQL and record the batch; return its rows."""
    from millrace.data.delivery import deliver

    artifact = run.store.get(ArtifactRef.from_document(reference))
    refuse_labelled([artifact], "a delivery of predictions")
    delivered = deliver(
        artifact.path("predictions.parquet"),
        run.settings.predictions,
        run.spec.predict.table,
        workflow=run.identity.workflow,
        run_id=run.identity.run_id,
        model_version=version.version,
        model_digest=version.bundle.digest,
        batch_key=artifact.ref.key,
    )
    log.info("Delivered %d predictions, %d of them new", delivered.rows, delivered.new_rows)
    run.catalog.batches.record(
        workflow=run.identity.workflow,
        run=run.id,
        key=artifact.ref.key,
        source_digest=records["digest"],
        model_version=version.version,
        rows=delivered.rows,
        table=run.spec.predict.table,
        predictions=artifact.ref,
    )
    return delivered.rows
