"""The JSON schema of a workflow file, for completion and checks in an editor."""

from __future__ import annotations

from typing import Any

from millrace.workflow.spec import WorkflowSpec


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) that `WorkflowSpec` obeys."""
    schema = WorkflowSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Millrace workflow",
        **{key: value for key, value in schema.items() if key != "title"},
    }
