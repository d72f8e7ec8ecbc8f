"""`FolderFiles`: a folder as an artifact's files."""

from __future__ import annotations

from pathlib import Path


class FolderFiles:
    """What readers of an artifact ask for: whether a file is there, and where.

    Args:
        folder: with the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def path(self, name: str) -> Path:
        return self._folder / name
