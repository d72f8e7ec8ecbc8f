"""The names of a workflow's Airflow assets; importing this needs no Airflow."""

from __future__ import annotations


def champion_name(workflow: str) -> str:
    """Return the name of the asset that changes when another version becomes champion."""
    return f"{workflow}_champion"
