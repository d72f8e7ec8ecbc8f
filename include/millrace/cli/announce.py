"""`announce`: tell the Airflow that runs here that a workflow has another champion."""

from __future__ import annotations

from millrace.cli.console import console
from millrace.errors import MillraceError


def announce(workflow: str, version: int) -> bool:
    """Update the champion's asset, so that what is scheduled on it runs.

    The champion stands whether that works or not.

    Returns:
        Whether Airflow knows the asset.
    """
    from millrace.orchestration.asset_names import champion_name
    from millrace.orchestration.embedded.address import running_client
    from millrace.orchestration.embedded.installation import Installation

    asset = champion_name(workflow)
    try:
        with running_client(Installation.load()) as airflow:
            known = airflow.update_asset(asset, {"version": version})
    except MillraceError as error:
        console().print(f"Airflow was not told: {error}")
        return False
    if known:
        console().print(
            f"The asset {asset} was updated; what is scheduled on it and not paused runs now."
        )
    return known
