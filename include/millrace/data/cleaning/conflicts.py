"""`conflict_details`: what to say of records whose equals carry other labels."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SHOWN_LABELS = 10
"""Labels that a detail names, at most."""


def conflict_details(
    digests: npt.NDArray[np.bytes_], labels: pa.Array, conflicting: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return, for conflicting records, which labels their equals carry; None for the others."""
    rows = np.flatnonzero(conflicting).tolist()
    carried: dict[bytes, set[str]] = {}
    for row in rows:
        carried.setdefault(bytes(digests[row]), set()).add(labels[row].as_py() or "(none)")
    texts = {digest: _detail(found) for digest, found in carried.items()}
    details = np.full(len(digests), None, object)
    for row in rows:
        details[row] = texts[bytes(digests[row])]
    return details


def _detail(labels: Collection[str]) -> str:
    shown = ", ".join(sorted(labels)[:SHOWN_LABELS])
    more = len(labels) - SHOWN_LABELS
    return f"equal contents carry the labels {shown}" + (f" and {more} more" if more > 0 else "")
