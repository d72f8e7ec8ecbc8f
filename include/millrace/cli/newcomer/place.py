"""`place_of`: a path or URI of the command line, in the form that works wherever a task runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from millrace.errors import SpecError
from millrace.settings import Settings


@dataclass(frozen=True)
class Place:
    """Where data is.

    Attributes:
        uri: as a spec has it. path: on this machine; None where it is remote.
    """

    uri: str
    path: Path | None


def checked(text: str) -> str:
    """Return a path or URI; refuse what a spec cannot hold.

    Raises:
        SpecError: it is empty, is not UTF-8, or would be taken for a variable.
    """
    problem = None
    if not text.strip():
        problem = "an empty path"
    elif "${" in text:
        problem = "a path with ${, which a workflow would take for a variable"
    elif any("\ud800" <= c <= "\udfff" or c == "\0" for c in text):
        problem = "a path with characters that a workflow cannot hold"
    if problem is None:
        return text
    shown = text.encode("utf-8", "backslashreplace").decode()
    raise SpecError(problem, where="--from", received=shown, remedy="Rename or link it.")


def place_of(text: str) -> Place:
    """Return the place of a path, a ``file:`` URI or another URI.

    An absolute path stays as it was given. A relative one becomes relative to the project where it
    lies there, so that the project can be moved, and absolute elsewhere: tasks run in other
    folders than this shell.
    """
    if "://" in text and not text.startswith("file:"):
        return Place(text, None)
    if text.startswith("file:"):
        from millrace.data.sources.files import local_path

        return Place(text, local_path(text))
    path = Path(text).expanduser()
    if path.is_absolute():
        return Place(str(path), path)
    path = path.absolute()
    real, project = Path(os.path.realpath(path)), Settings.load().project.resolve()
    if real.is_relative_to(project) and ".." not in path.parts:
        return Place(str(real.relative_to(project)), path)
    return Place(str(real if ".." in path.parts else path), path)
