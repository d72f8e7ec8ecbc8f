from __future__ import annotations

import subprocess
import sys

from millrace.machine import peak_memory, usable_cores

_OWN = "from millrace.machine import peak_memory; print(peak_memory())"


def test_a_process_does_not_count_the_memory_of_its_parent() -> None:
    held = bytearray(400 << 20)
    assert peak_memory() > len(held)
    child = subprocess.run([sys.executable, "-c", _OWN], capture_output=True, check=True)
    assert 1 << 20 < int(child.stdout) < 200 << 20


def test_there_is_a_core() -> None:
    assert usable_cores() >= 1
