"""`file_response`: a stored file, verified, of a type that no browser runs.

Only names that the manifest holds are served; no path is ever made from a URL.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from starlette.responses import FileResponse

from millrace.artifacts.artifact import Artifact
from millrace.web.headers import CARD_POLICY, FILE_POLICY

_SHOWN = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
}
"""Shown in place, by suffix; anything else, SVG and HTML too, is only offered for saving: but for
cards, which are Millrace's own."""


def file_response(artifact: Artifact, name: str) -> FileResponse | None:
    """Return the file, or None where the manifest has none of that name.

    Raises:
        IntegrityError: the stored object is not what its digest says.
    """
    if not artifact.has(name):
        return None
    file = PurePosixPath(name)
    card = artifact.manifest.kind == "cards" and file.suffix == ".html"
    shown = "text/html; charset=utf-8" if card else _SHOWN.get(file.suffix.lower())
    return FileResponse(
        artifact.path(name),
        media_type=shown or "application/octet-stream",
        filename=file.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={"Content-Security-Policy": CARD_POLICY if card else FILE_POLICY},
    )
