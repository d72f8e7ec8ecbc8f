"""`united_groups`: families and the groups that sources gave, united where they share a record."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from millrace.data.integration.ledger import Ledger
from millrace.data.integration.records import Hashes, drawn_share

UNITED = pa.schema([("team", pa.uint64()), ("head", pa.uint64()), ("share", pa.float64())])
"""A group's hash, the hash of what it was united with, and the share drawn from the latter."""

_SHARED = """SELECT DISTINCT family, team, "group" IS NULL AS own
    FROM kin JOIN kept USING (row) ORDER BY family, team"""


def united_groups(ledger: Ledger, seed: int) -> None:
    """Fill the table ``united``, see `UNITED`, from ``kin`` and ``kept``.

    Memory holds a few numbers a record that has near duplicates.
    """
    found = [*ledger.answer(_SHARED)]
    if not found:
        return
    pairs = pa.concat_tables(found)
    teams = pairs["team"].to_numpy()
    parts = _parts(pairs["family"].to_numpy(), teams)
    order = np.lexsort((teams, pairs["own"].to_numpy(), parts))
    _, first = np.unique(parts[order], return_index=True)
    heads: Hashes = teams[order[first]][parts]
    chosen = np.unique(teams, return_index=True)[1]
    columns = [teams[chosen], heads[chosen], drawn_share(heads[chosen], seed)]
    ledger.add("united", pa.table([pa.array(c) for c in columns], schema=UNITED))


def _parts(families: np.ndarray, teams: Hashes) -> np.ndarray:
    """Return which connected part, 0 to n - 1, each pair of family and group belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, left = np.unique(families, return_inverse=True)
    _, right = np.unique(teams, return_inverse=True)
    count = int(left.max()) + 1
    nodes = count + int(right.max()) + 1
    edges = coo_array((np.ones(len(left), np.int8), (left, count + right)), (nodes, nodes))
    parts: np.ndarray = connected_components(edges, directed=False)[1]
    return parts[left]
