"""A YAML document with the line of every field, so that an error can say where it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from millrace.errors import SpecError, shorten

Place = tuple[str | int, ...]
"""A path into a document: keys and list positions."""


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its value, and the line (from 1) of every place in it."""

    path: Path
    value: Any
    lines: dict[Place, int]

    def where(self, place: Place) -> str:
        """Return ``file:line: field`` of a place, or of the nearest parent that exists."""
        known = place
        while known not in self.lines and known:
            known = known[:-1]
        line = self.lines.get(known, 1)
        field = field_name(place)
        return f"{self.path}:{line}: {field}" if field else f"{self.path}:{line}"


def field_name(place: Place) -> str:
    """Return a place as people write it: ``sources[0].images``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Parse a YAML file.

    Raises:
        SpecError: it cannot be read, is not YAML, is empty, or has a key twice.
    """
    try:
        with path.open(encoding="utf-8") as file:
            loader = yaml.SafeLoader(file)
            root = loader.get_single_node()
    except OSError as error:
        raise SpecError("cannot be read", where=path, received=error.strerror) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", where=path, received=error) from error
    except yaml.YAMLError as error:
        raise SpecError("is not YAML", where=path, received=shorten(str(error))) from error
    if root is None:
        raise SpecError("is empty", where=path, expected="a workflow")
    lines: dict[Place, int] = {}
    _walk(root, (), lines, path)
    try:
        value = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise SpecError("is not plain YAML", where=path, received=shorten(str(error))) from error
    return Document(path, value, lines)


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines, path)
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            _enter(key, item, place, lines, path)


def _enter(
    key: yaml.Node, item: yaml.Node, place: Place, lines: dict[Place, int], path: Path
) -> None:
    here = (*place, str(key.value))
    if here in lines:
        line = key.start_mark.line + 1
        raise SpecError(
            f"the key {key.value!r} stands twice",
            where=f"{path}:{line}: {field_name(here)}",
            remedy=f"Its first place is line {lines[here]}; keep one.",
        )
    lines[here] = key.start_mark.line + 1
    _walk(item, here, lines, path)
