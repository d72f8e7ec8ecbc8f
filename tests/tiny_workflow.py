"""The small workflow on real digits that several tests run, and its DAG file."""

SPEC = """\
version: 1
name: tiny
description: Small, for the tests
task: image_classification
sources:
  - {name: digits, kind: sklearn, partition_rows: 250}
transform: {size: [8, 8], channels: 1}
model: {kind: mlp, hidden: [32]}
train: {epochs: 6, batch_size: 16, learning_rate: 0.01}
baseline: {kind: logistic, rows: 200}
gate: {accuracy: 0.5}
"""

DAG_FILE = '''\
"""The Airflow DAGs of `tiny`."""
from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("tiny"))
'''
