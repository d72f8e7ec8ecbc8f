from __future__ import annotations

import json

from millrace.workflow.schema import json_schema
from millrace.workflow.tasks import TASKS


def test_the_schema_is_json_and_closed_for_unknown_keys_of_every_task() -> None:
    schema = json.loads(json.dumps(json_schema()))
    for kind in TASKS.values():
        part = schema["$defs"][kind.__name__]
        assert part["additionalProperties"] is False
        assert {"name", "sources", "train", "gate"} <= set(part["properties"])
    assert "batch_size" in schema["$defs"]["Training"]["properties"]


def test_the_task_tells_which_schema_a_file_obeys() -> None:
    discriminator = json_schema()["discriminator"]
    assert discriminator["propertyName"] == "task"
    assert set(discriminator["mapping"]) == set(TASKS)
