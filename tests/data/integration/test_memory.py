"""The memory of the machine: a container's limit counts where it is lower."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.data.integration import memory


@pytest.mark.parametrize("text", ["1073741824\n", "max\n"])
def test_a_container_limit_counts(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(text)
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "missing", limit))
    assert (memory.machine_memory() == 1 << 30) == (text != "max\n")
