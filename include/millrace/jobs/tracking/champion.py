"""`champion_changed`: let MLflow's alias `champion` name the catalog's champion."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from millrace.catalog.catalog import Catalog
from millrace.jobs.tracking import found
from millrace.jobs.tracking.guard import Clock, unharmed
from millrace.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from millrace.catalog.records import ModelVersion

ALIAS = "champion"
log = logging.getLogger(__name__)


def champion_changed(settings: Settings, catalog: Catalog, workflow: str) -> bool:
    """Move the alias to the champion that reigns now; return whether it is there.

    To be called after every promotion and rollback; in whichever order such calls arrive, the last
    one is right. Where MLflow is not set, or fails, nothing but a warning comes of it.
    """
    champion = catalog.models.champion(workflow)
    if champion is None:
        return False
    what = f"the champion of {workflow}"
    return unharmed(settings, what, lambda client, _: move_alias(client, champion))


def move_alias(client: MlflowClient, champion: ModelVersion, clock: Clock | None = None) -> None:
    """Set the alias where it is not set yet; a champion that was never logged is a warning."""
    if clock is not None:
        clock.check()
    known = found.version(client, champion.workflow, champion.bundle.digest)
    if known is None:
        log.warning(
            "MLflow has no version of the champion of %s, version %d: clear the task `promote` of "
            "the run that made it, and it is logged.",
            champion.workflow,
            champion.version,
        )
    elif ALIAS not in (known.aliases or ()):
        client.set_registered_model_alias(champion.workflow, ALIAS, known.version)
