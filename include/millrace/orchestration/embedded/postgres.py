"""How Airflow's engines connect to PostgreSQL: `CONNECT_ARGS`, which an Airflow option names.

Only values live here: every component imports this module when it starts.
"""

from __future__ import annotations

from typing import Any

_PATIENCE = 10  # seconds for a connection to be made

CONNECT_ARGS: dict[str, Any] = {"connect_timeout": _PATIENCE, "application_name": "millrace"}
ASYNC_CONNECT_ARGS: dict[str, Any] = {"timeout": _PATIENCE}
