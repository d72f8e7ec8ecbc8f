"""`await_dag`: a DAG whose file is new; Airflow looks for files only now and then."""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from millrace.cli.console import console
from millrace.errors import SpecError
from millrace.workflow.graph import purpose_of
from millrace.workflow.loader import spec_files

if TYPE_CHECKING:
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.rest import AirflowClient

_PATIENCE = 90.0  # seconds; new files are found within 30, and read
_POLL = 1.0  # seconds


def await_dag(airflow: AirflowClient, installation: Installation, dag_id: str) -> None:
    """Return when Airflow knows the DAG; at once where no file of ours would make it.

    Raises:
        SpecError: Airflow cannot load the file, or did not find it in time.
    """
    workflows = {path.stem for path in spec_files(installation.settings.workflows)}
    known = purpose_of(dag_id, workflows)
    if known is None or not (file := installation.dags / f"{known[0]}.py").exists():
        return
    deadline = time.monotonic() + _PATIENCE
    told = False
    while (missing := _missing(airflow, dag_id)) is not None:
        broken = next((e for e in airflow.import_errors() if _is_of(e, file.name)), None)
        if broken is not None or time.monotonic() > deadline:
            raise missing
        if not told:
            console().print(f"{file.name} is new: waiting until Airflow has read it.")
        told = True
        time.sleep(_POLL)


def _missing(airflow: AirflowClient, dag_id: str) -> SpecError | None:
    try:
        airflow.dag(dag_id)
    except SpecError as error:
        return error
    return None


def _is_of(error: dict[str, Any], name: str) -> bool:
    return PurePath(str(error["filename"])).name == name
