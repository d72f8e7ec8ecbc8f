"""How Airflow's engines connect to SQLite: `CONNECT_ARGS`, which an Airflow option names.

Only values live here: every component imports this module when it starts.
"""

from __future__ import annotations

from typing import Any

_PATIENCE = 60.0  # seconds to wait for another process's write

CONNECT_ARGS: dict[str, Any] = {"timeout": _PATIENCE}
ASYNC_CONNECT_ARGS: dict[str, Any] = {"timeout": _PATIENCE}
