"""`provide_keys`: keys that Airflow's connections hold, put where jobs look for keys.

A connection's password is the key. What the environment of the worker says comes first. The value
lives in the environment of this task's process and of the jobs that it starts, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from millrace.workflow.spec import WorkflowSpec

PRIVACY = "millrace_privacy"
"""Id of the connection whose password is the key of pseudonyms."""


def provide_keys(
    spec: WorkflowSpec, conf: Mapping[str, Any] | None = None, *, forgets: bool = False
) -> None:
    """Put the keys that a run needs into the environment, as far as connections hold them.

    Args:
        spec: of the run, or of the workflow where the run is not there yet.
        conf: of the run, which may bring sources.
        forgets: whether people are to be left out of what the task collects.
    """
    from millrace.artifacts.sealing import master_keys
    from millrace.privacy import keys as privacy
    from millrace.workflow.params import kinds_read

    identified = spec.sensitivity(kinds_read(spec, conf or {}))
    if spec.encryption or (identified and spec.privacy.originals == "restricted"):
        _provide(master_keys.CONNECTION, master_keys.VARIABLE, master_keys.FILE_VARIABLE)
    if identified or forgets:
        _provide(PRIVACY, privacy.VARIABLE, privacy.FILE_VARIABLE)


def _provide(connection: str, variable: str, file_variable: str) -> None:
    if os.environ.get(variable) or os.environ.get(file_variable):
        return
    try:
        password = Connection.get(connection).password
    except AirflowNotFoundException:  # there is no such connection: whoever needs the key says so
        return
    if password:
        os.environ[variable] = password
