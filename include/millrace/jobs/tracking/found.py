"""What MLflow already has of ours: experiment, run and version, found by name and tag, or made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from millrace.jobs.tracking.words import TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

_SQLITE = "sqlite:///"


def experiment(client: MlflowClient, name: str, uri: str) -> str:
    """Return the id of the experiment; another task may make it at the same moment.

    Args:
        client: of the server. name: of the workflow.
        uri: of the server; a bare SQLite file keeps its artifacts beside it.
    """
    from mlflow.exceptions import MlflowException

    known = client.get_experiment_by_name(name)
    if known is None:
        try:
            return str(client.create_experiment(name, artifact_location=_beside(uri)))
        except MlflowException:
            known = client.get_experiment_by_name(name)
            if known is None:
                raise
    return str(known.experiment_id)


def run(client: MlflowClient, experiment_id: str, key: str) -> Run | None:
    """Return the run that carries our key, or None."""
    query = f"tags.`{TAG}key` = '{key}'"
    found = client.search_runs([experiment_id], filter_string=query, max_results=1)
    return found[0] if found else None


def version(client: MlflowClient, name: str, digest: str) -> ModelVersion | None:
    """Return the registered version of a bundle, or None."""
    query = f"name = '{name}' and tags.`{TAG}bundle` = '{digest}'"
    found = client.search_model_versions(query, max_results=1)
    return found[0] if found else None


def register(
    client: MlflowClient, name: str, source: str, run_id: str, tags: Mapping[str, str]
) -> None:
    """Register a version of a bundle that has none."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException:  # it is there already, or the next call says what is wrong
        client.get_registered_model(name)
    client.create_model_version(name, source, run_id, tags=dict(tags), await_creation_for=0)


def _beside(uri: str) -> str | None:
    """Return where a store without a server keeps artifacts; None leaves it to the server."""
    if not uri.startswith(_SQLITE):
        return None
    return (Path(uri.removeprefix(_SQLITE)).absolute().parent / "mlartifacts").as_uri()
