"""Checkpoints in a folder, for child processes of the tests."""

from __future__ import annotations

from pathlib import Path


class FolderCheckpoints:
    """What a stage keeps, as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, path: Path) -> None:
        (self._folder / name).write_bytes(path.read_bytes())

    def load(self, name: str, path: Path) -> bool:
        if not (self._folder / name).exists():
            return False
        path.write_bytes((self._folder / name).read_bytes())
        return True
