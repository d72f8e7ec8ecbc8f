"""The Airflow assets of a workflow: its champion and its predictions."""

from __future__ import annotations

from airflow.sdk import Asset, AssetAlias

from millrace.orchestration.asset_names import champion_name


def champion_asset(workflow: str) -> Asset:
    """Return the asset that changes when a challenger becomes champion."""
    return Asset(name=champion_name(workflow), uri=f"millrace://{workflow}/champion")


def champion_alias(workflow: str) -> AssetAlias:
    """Return the outlet through which `promote` says so, only when it happened."""
    return AssetAlias(name=f"{workflow}_promotions")


def predictions_alias(workflow: str) -> AssetAlias:
    """Return the outlet through which the last task says that predictions were delivered."""
    return AssetAlias(name=f"{workflow}_deliveries")


def predictions_asset(workflow: str) -> Asset:
    """Return the asset that changes when predictions were delivered."""
    return Asset(name=f"{workflow}_predictions", uri=f"millrace://{workflow}/predictions")
