"""How the end of a container is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from millrace.artifacts.store import Store
from millrace.errors import MillraceError, TransientError
from millrace.jobs.runtimes.docker.watch import Ended


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [(0, MillraceError, "published nothing"), (137, TransientError, "ran out of memory")],
)
def test_out_of_memory_is_a_failure_only_of_a_job_that_failed(
    request_for: Callable[..., Any], store: Store, code: int, kind: type[MillraceError], text: str
) -> None:
    state = {"ExitCode": code, "OOMKilled": True}
    with pytest.raises(kind, match=text):
        Ended(request_for(), store, state, (), doubted=False).result(None)
