"""`runtimes_used`: where the jobs of an installation's workflows are performed."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from millrace.errors import SpecError
from millrace.settings import RuntimeName
from millrace.workflow.loader import load_file, spec_files
from millrace.workflow.resources import Placeable


def runtimes_used(folder: Path, default: RuntimeName) -> frozenset[RuntimeName]:
    """Return the runtimes of all tasks of all workflows of a folder, and the default one.

    A workflow that is wrong is passed over: its own DAG file says so.

    Args:
        folder: of the specs; may be missing. default: the installation's runtime.
    """
    used = {default}
    try:
        files = spec_files(folder)
    except SpecError:
        return frozenset(used)
    for path in files:
        try:
            spec = load_file(path)
        except SpecError:
            continue
        used.update(spec.place_of(task, default) for task in get_args(Placeable))
    return frozenset(used)
