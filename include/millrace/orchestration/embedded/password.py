"""`password`: the generated password of the embedded Airflow's one user.

It lies in a file that only its owner can read, and is never put on a command line or in a log.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from millrace.orchestration.embedded.installation import USER


def password(file: Path) -> str:
    """Return the password in `file`, generating both where they are missing or damaged."""
    known = _read(file)
    if known is not None:
        file.chmod(0o600)
        return known
    made = secrets.token_urlsafe(12)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump({USER: made}, stream)
    os.replace(part, file)
    return made


def _read(file: Path) -> str | None:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    found = document.get(USER) if isinstance(document, dict) else None
    return found if isinstance(found, str) and found else None
