"""`build_conf`: from the command line's words to the conf of a run, and `check_conf`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from millrace.errors import SpecError
from millrace.settings import Settings
from millrace.workflow.graph import purpose_of
from millrace.workflow.loader import spec_files
from millrace.workflow.params import predict_params, run_params


def build_conf(params: Iterable[str], force: list[str], limit: int | None) -> dict[str, Any]:
    """Return the conf; a name with dots, as ``sources.train.images``, goes into nested mappings.

    Raises:
        SpecError: a parameter without ``=``, or one given as a value and as a mapping.
    """
    conf: dict[str, Any] = {}
    for word in params:
        name, equals, text = word.partition("=")
        if not name or not equals:
            raise SpecError(
                "not a parameter", where="--param", expected="NAME=VALUE", received=word
            )
        _put(conf, name.split("."), _value(text))
    if force or "force" in conf:
        conf["force"] = [*_listed(conf.get("force")), *force]
    if limit is not None:
        conf["limit"] = limit
    return conf


def check_conf(settings: Settings, dag_id: str, conf: dict[str, Any]) -> None:
    """Refuse a conf that the run's first task would refuse; a foreign DAG's is its own matter.

    Raises:
        SpecError: an unknown key or a bad value.
    """
    known = purpose_of(dag_id, {path.stem for path in spec_files(settings.workflows)})
    if known is not None:
        check = run_params if known[1] == "training" else predict_params
        check(conf)


def _put(conf: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        conf = conf.setdefault(step, {})
        if not isinstance(conf, dict):
            raise SpecError("a parameter is both a value and a mapping", where=".".join(path))
    conf[path[-1]] = value


def _listed(value: Any) -> list[Any]:
    """Return a parameter that may be one thing or several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _value(text: str) -> Any:
    """Return the JSON value that `text` is, else `text` itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
