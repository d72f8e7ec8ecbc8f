"""Airflow notifiers of the tests: one that writes to a file, and some that fail."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class FileNotifier(BaseNotifier):
    """Appends a JSON line to a file."""

    template_fields = ("text",)

    def __init__(self, path: str, text: str = "{{ notice.title }}", secret: str = "") -> None:
        super().__init__()
        self.path = path
        self.text = text
        self.secret = secret

    def notify(self, context: Mapping[str, Any]) -> None:
        line = json.dumps({**context["notice"], "shown": self.text})
        with Path(self.path).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


class FailingNotifier(FileNotifier):
    """Fails, and says its secret."""

    def notify(self, context: Mapping[str, Any]) -> None:
        raise ConnectionError(f"no login with {self.secret}")


class HangingNotifier(FileNotifier):
    """Never answers."""

    def notify(self, context: Mapping[str, Any]) -> None:
        time.sleep(60)


def told(path: Path) -> list[dict[str, Any]]:
    """Return what a `FileNotifier` wrote."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
