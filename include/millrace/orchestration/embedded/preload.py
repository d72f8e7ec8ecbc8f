"""`preload`: import in the scheduler, before LocalExecutor forks, what every task needs.

A task then starts in a tenth of a second instead of one. Nothing here may start a thread, hold a
lock or open a connection (fork would break it), so deep-learning frameworks are not on the list.
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
    "pydantic",
    "yaml",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.sqlite",
    "numpy",
    "pyarrow.parquet",
    "millrace.artifacts.store",
    "millrace.artifacts.tables",
    "millrace.workflow.spec",
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
