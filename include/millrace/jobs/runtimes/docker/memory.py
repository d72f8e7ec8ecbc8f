"""`Memory`: what the next follower of a container is told. This one forgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Memory:
    """A small JSON object that may outlive this process."""

    def load(self) -> Mapping[str, Any]:
        """Return what `save` was given last, in this or an earlier process."""
        return {}

    def save(self, note: Mapping[str, Any]) -> None:
        """Keep it, if that can be done; never raises."""
