"""`connection_url`: a connection as Airflow keeps it in the environment. Imports no Airflow.

See "Storing connections in environment variables" in Airflow's documentation: a URI, or JSON.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, make_url

from millrace.errors import SpecError

_PREFIX = "AIRFLOW_CONN_"
_DRIVERS = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql+pymysql"}
_OWN = ("__extra__", "extra__")  # options that are Airflow's, not the driver's


def connection_url(name: str, where: str) -> URL:
    """Return the URL of the connection `name`.

    Raises:
        SpecError: the environment has no such connection, or it cannot be read.
        ValueError: its URI is none.
    """
    variable = f"{_PREFIX}{name.upper()}"
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SpecError(
            "the environment has no such connection",
            where=f"{where}, connection {name}",
            expected=f"the variable {variable}, such as postgres://<user>:<password>@host/db",
            remedy="Set it where the job runs; connections in Airflow's database are not read.",
        )
    url = _of_json(value) if value.startswith("{") else _of_uri(value)
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _of_uri(value: str) -> URL:
    url = make_url(value)
    if url.drivername == "sqlite" and url.host and not url.database:
        return URL.create("sqlite", database=unquote(url.host))
    return url.difference_update_query([key for key in url.query if key.startswith(_OWN)])


def _of_json(value: str) -> URL:
    found: dict[str, Any] = json.loads(value)
    extra = found.get("extra") or {}
    options = json.loads(extra) if isinstance(extra, str) else extra
    kind = str(found.get("conn_type"))
    if kind == "sqlite":
        return URL.create(kind, database=found.get("schema") or found.get("host"))
    return URL.create(
        kind,
        username=found.get("login"),
        password=found.get("password"),
        host=found.get("host"),
        port=None if found.get("port") is None else int(found["port"]),
        database=found.get("schema"),
        query={key: str(option) for key, option in options.items() if not key.startswith(_OWN)},
    )
