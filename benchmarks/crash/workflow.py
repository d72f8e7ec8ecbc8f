"""The workflow that is disturbed: real digits, no download, about ten seconds of training."""

from __future__ import annotations

from pathlib import Path

NAME = "crash"

_SPEC = """\
version: 1
name: crash
description: The workflow that the crash matrix disturbs
task: image_classification
runtime: {runtime}
sources:
  - {{name: digits, kind: sklearn, partition_rows: 900}}
transform: {{size: [8, 8], channels: 1}}
model: {{kind: cnn, residual: true, width: 32, stages: 1}}
train: {{epochs: {epochs}, batch_size: 32, learning_rate: 0.003}}
baseline: {{kind: logistic, rows: 200}}
gate: {{accuracy: 0.5}}
"""

_DAG_FILE = '''\
"""The Airflow DAGs of `crash`."""
from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("crash"))
'''


def spec(runtime: str, epochs: int) -> str:
    """Return the workflow.

    Args:
        runtime: of the training. epochs: of the training; each takes some tenths of a second.
    """
    return _SPEC.format(runtime=runtime, epochs=epochs)


def write_workflow(folder: Path, runtime: str, epochs: int) -> None:
    """Write ``dags/`` and ``workflows/`` into `folder`; for the rest see `spec`."""
    for name in ("dags", "workflows"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "dags" / f"{NAME}.py").write_text(_DAG_FILE)
    (folder / "workflows" / f"{NAME}.yaml").write_text(spec(runtime, epochs))
