"""The step `explain`: what spoke for the answers to test records, before a person is asked."""

from __future__ import annotations

import logging
from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.jobs.execute import Job
from millrace.jobs.fitting import devices
from millrace.jobs.step import Reference
from millrace.jobs.workflow_run import WorkflowRun

log = logging.getLogger(__name__)


def explain(
    run: WorkflowRun, dataset: Reference, bundle: Reference, evaluated: Reference
) -> Reference:
    """Explain mistakes about test records, and a sample of the other answers.

    Args:
        run: of the task. dataset, bundle: what was evaluated. evaluated: what `evaluate` made.
    """
    decides, locations = devices(run.spec.resources)
    params: dict[str, Any] = {"modality": run.spec.modality, "explain": run.spec.explanation()}
    given = {"dataset": dataset, "bundle": bundle, "evaluation": evaluated}
    inputs = {role: [ArtifactRef.from_document(one)] for role, one in given.items()}
    made = run.executor.execute(Job("explain", params | decides, inputs, locations))
    for sentence in made.facts["sentences"]:
        log.info("%s", sentence)
    return made.ref.to_document()
