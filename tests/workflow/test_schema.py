from __future__ import annotations

import json

from millrace.workflow.schema import json_schema


def test_the_schema_is_json_and_closed_for_unknown_keys() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["additionalProperties"] is False
    assert {"name", "sources", "train", "gate"} <= set(schema["properties"])
    assert "batch_size" in schema["$defs"]["Training"]["properties"]
