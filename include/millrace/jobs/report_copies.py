"""`copy_folder`: where commands put copies of reports and cards for people of this machine."""

from __future__ import annotations

from pathlib import Path

_DIGITS = 16  # of the digest


def copy_folder(home: Path, digest: str) -> Path:
    """Return the folder for the copies of an artifact; whoever removes that removes them, too.

    Args:
        home: of the installation. digest: of the artifact.
    """
    return home / "reports" / digest[:_DIGITS]
