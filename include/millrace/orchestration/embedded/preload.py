"""`preload`: import in the scheduler, before LocalExecutor forks, what every task needs.

A task then starts in a tenth of a second instead of one. Not on the list: what starts threads that
a fork would lose (TensorFlow, ONNX Runtime), and the stages themselves, so that a stage which was
edited while Airflow runs is executed as it is on disk, which is what its key says.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

MODULES: tuple[str, ...] = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.empty",
    "numpy",
    "pyarrow.compute",
    "pyarrow.parquet",
    "PIL.Image",
    "sqlalchemy.dialects.sqlite",
    "millrace.orchestration.builder",
    "millrace.orchestration.tasks",
    "millrace.catalog.catalog",
    "millrace.jobs.promotion",
    "millrace.jobs.steps",
)

SETTINGS_FILE = '''"""Written by `millrace up`: what all tasks need, loaded before workers fork."""

from millrace.orchestration.embedded.preload import preload as _preload

_preload()
'''


def preload() -> None:
    """Import `MODULES` where this process is the scheduler; do nothing in the other components."""
    if sys.argv[1:2] != ["scheduler"]:
        return
    for name in MODULES:
        import_module(name)
    gc.collect()
