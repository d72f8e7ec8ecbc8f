"""`conflict_details`: what to say of records whose equals carry other labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def conflict_details(
    digests: npt.NDArray[np.bytes_], labels: pa.Array, conflicting: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return, for conflicting records, which labels their equals carry; None for the others."""
    rows = np.flatnonzero(conflicting).tolist()
    carried: dict[bytes, set[str]] = {}
    for row in rows:
        carried.setdefault(bytes(digests[row]), set()).add(labels[row].as_py() or "(none)")
    details = np.full(len(digests), None, object)
    for row in rows:
        words = ", ".join(sorted(carried[bytes(digests[row])]))
        details[row] = f"equal pixels carry the labels {words}"
    return details
