"""Names and values in the form that MLflow takes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from millrace.errors import redact

_LONGEST_NAME = 250
_LONGEST_VALUE = 500  # MLflow's oldest limit; newer servers take more
_ODD = re.compile(r"[^\w\-. :/]")

TAG = "millrace."
"""Of our tags: ``millrace.bundle`` and so on."""


def flat(document: Mapping[str, Any]) -> dict[str, str]:
    """Return a spec as parameters: ``train.epochs``, ``sources.digits.kind``.

    Lists of named documents go by their names, other lists are JSON; null is left out, and so are
    the credentials of URIs.
    """
    return {
        _name(name): redact(text)[:_LONGEST_VALUE]
        for name, value in _leaves("", document)
        if (text := value if isinstance(value, str) else json.dumps(value)) != ""
    }


def figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite figures, ``accuracy[digits]`` as ``accuracy/digits``."""
    return {
        _name(name.replace("[", "/").replace("]", "")): float(value)
        for name, value in metrics.items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{prefix}.{name}".strip("."), inner)
    elif isinstance(value, list) and value and all(_named(item) for item in value):
        for item in value:
            yield from _leaves(f"{prefix}.{item['name']}", item)
    elif value is not None:
        yield prefix, value


def _named(item: Any) -> bool:
    return isinstance(item, Mapping) and "name" in item


def _name(name: str) -> str:
    return _ODD.sub("_", name)[:_LONGEST_NAME]
