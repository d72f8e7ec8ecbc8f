"""The JSON schema of a workflow file, for completion and checks in an editor."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter

from millrace.workflow.tasks import TASKS


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) that workflow files obey, by their `task`."""
    kinds: Any = reduce(or_, TASKS.values())
    several: Any = Annotated[kinds, Discriminator("task")] if len(TASKS) > 1 else kinds
    schema = TypeAdapter(several).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Millrace workflow",
        **{key: value for key, value in schema.items() if key != "title"},
    }
