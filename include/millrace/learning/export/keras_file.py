"""The canonical ``.keras`` file: equal networks give equal bytes.

Keras writes the date, the time of each member and identities of Python objects into its file. Here
they are replaced by constants, and the file loads as before.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from millrace.artifacts.digests import canonical_json, digest_bytes, digest_value

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can hold


def save_keras(model: Any, path: Path, scratch: Path) -> None:
    """Write `model` to `path` in the canonical form."""
    draft = scratch / "draft.keras"
    model.save(draft)
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            target.writestr(zipfile.ZipInfo(name, _DATE), _canonical(name, source.read(name)))
    draft.unlink()


def network_digest(model: Any) -> str:
    """Return the digest of a model: its configuration and the bytes of its weights."""
    config = _renumbered(json.loads(model.to_json()), {})
    weights = [
        [str(w.dtype), list(w.shape), digest_bytes(w.numpy().tobytes())] for w in model.weights
    ]
    return digest_value({"config": config, "weights": weights})


def _canonical(name: str, data: bytes) -> bytes:
    if name == "metadata.json":
        return canonical_json({**json.loads(data), "date_saved": "1980-01-01@00:00:00"})
    if name == "config.json":
        return canonical_json(_renumbered(json.loads(data), {}))
    return data


def _renumbered(value: Any, numbers: dict[Any, int]) -> Any:
    """Return `value` with every ``shared_object_id`` replaced by the order of its first use."""
    if isinstance(value, dict):
        return {
            key: numbers.setdefault(item, len(numbers) + 1)
            if key == "shared_object_id"
            else _renumbered(item, numbers)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_renumbered(item, numbers) for item in value]
    return value
