"""``${VARIABLE:-default}`` in a spec's strings, resolved when a task runs, never at parse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from millrace.errors import SpecError

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")


def expand(value: Any, environment: Mapping[str, str], where: str = "") -> Any:
    """Return `value` (any JSON value) with the variables in its strings resolved.

    An empty variable counts as unset, as in a shell.

    Raises:
        SpecError: a variable without a default is not set.
    """
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _resolve(match, environment, where), value)
    if isinstance(value, Mapping):
        return {k: expand(v, environment, f"{where}.{k}".strip(".")) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [expand(v, environment, f"{where}[{i}]") for i, v in enumerate(value)]
    return value


def _resolve(match: re.Match[str], environment: Mapping[str, str], where: str) -> str:
    name, default = match.groups()
    value = environment.get(name) or default
    if value is None:
        raise SpecError(
            f"the variable {name} is not set and has no default",
            where=where,
            remedy=f"Set {name}, or write ${{{name}:-default}}.",
        )
    return value
