"""`LeftOut`: the records of people who were forgotten, taken out of what a source yields."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pyarrow as pa
import pyarrow.compute as pc

from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms


class LeftOut:
    """Leaves records out by the group that they belong to.

    Args:
        pseudonyms: of people. A group is one of them, or an id that becomes one by the key of
            pseudonyms; so none of the other groups can be told from what is kept here.

    Attributes:
        rows: records that were left out by now.

    Raises:
        SpecError: there are pseudonyms, and no key.
    """

    def __init__(self, pseudonyms: Collection[str]) -> None:
        self._names = frozenset(pseudonyms)
        self._made = matcher(self._names) if self._names else None
        self.rows = 0

    def of(self, table: pa.Table) -> pa.Table:
        """Return the rows of a table, with a column `group`, that stay."""
        if self._made is None:
            return table
        groups = [name for name in table["group"].unique().to_pylist() if name is not None]
        gone = [name for name in groups if self._made(name)]
        if not gone:
            return table
        leaves = pc.fill_null(pc.is_in(table["group"], pa.array(gone, pa.string())), False)
        kept = table.filter(pc.invert(leaves))
        self.rows += table.num_rows - kept.num_rows
        return kept


def matcher(names: Collection[str]) -> Callable[[str], bool]:
    """Return what says whether a group is one of some pseudonyms, or becomes one by the key."""
    made = Pseudonyms(load_key())
    return lambda group: group in names or made.patient(group) in names
