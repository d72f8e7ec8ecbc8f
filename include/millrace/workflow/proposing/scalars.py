"""Values and comments as YAML. Text from data is quoted, or made harmless."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_LONGEST = 60  # characters of a name in a comment
_WIDTH = 98  # characters of a line of comment


def scalar(value: object) -> str:
    """Return a value as YAML on one line that reads back as it is; text is always quoted."""
    style = '"' if isinstance(value, str) else None
    text = yaml.safe_dump(
        value,
        default_style=style,
        default_flow_style=True,
        allow_unicode=True,
        width=float("inf"),
    )
    return str(text).removesuffix("\n").removesuffix("\n...")


def plain(text: str) -> str:
    """Return a word as YAML: quoted where it would be read as something else, such as ``yes``."""
    return text if yaml.safe_load(text) == text else scalar(text)


def harmless(text: object) -> str:
    """Return text from data for a comment: one short line, whatever it holds."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Yield a comment in lines of at most 98 characters."""
    start = f"{indent}# "
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False
    )


def flow(values: Mapping[str, Any]) -> str:
    """Return a mapping on one line; keys are words of Millrace's own, values texts of YAML."""
    return "{" + ", ".join(f"{name}: {_word(value)}" for name, value in values.items()) + "}"


def key(name: str) -> str:
    """Return a name as a key of a mapping."""
    return name if name.isidentifier() else scalar(name)


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return flow(value)
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
