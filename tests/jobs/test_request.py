from __future__ import annotations

import json

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.errors import SpecError
from millrace.jobs.request import JobRequest

REF = ArtifactRef("records", "k" * 64, "d" * 64, "file:///m.json", 3, 100)
REQUEST = JobRequest("clean", "a" * 64, {"stage": "clean"}, {"x": 1}, {"records": [REF]})


def test_a_request_comes_back_as_it_was() -> None:
    assert JobRequest.from_bytes(REQUEST.to_bytes(), "here") == REQUEST


def test_a_request_of_another_format_is_refused() -> None:
    document = {**json.loads(REQUEST.to_bytes()), "format": 2}
    with pytest.raises(SpecError, match="unknown request format"):
        JobRequest.from_bytes(json.dumps(document).encode(), "here")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(SpecError):
        JobRequest.from_bytes(data, "here")
