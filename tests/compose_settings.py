"""What docker-compose.yml sets for Airflow, for tests that run it as processes."""

from __future__ import annotations

import re

from compose_stack import PROJECT, as_written
from stack.environment import parse
from stack.rules import SECRETS, generate

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}")


def airflow_environment() -> dict[str, str]:
    """Return the variables of Airflow's containers, filled as `make stack` does."""
    values = parse((PROJECT / ".env.example").read_text())
    values |= {"S3_PREFIX": "tests", **{name: generate(name) for name in SECRETS}}

    def filled(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        value = values.get(name, "")
        if not value and kind == "?":
            raise KeyError(f"docker-compose.yml needs {name}")
        return value or (default if kind == "-" else "")

    settings = as_written()["x-airflow-environment"]
    return {name: _VARIABLE.sub(filled, str(value)) for name, value in settings.items()}
