"""`table`: the one look of tables: plain columns, no frame, readable in a log and by `awk`."""

from __future__ import annotations

from rich.table import Table


def table(*columns: str) -> Table:
    """Return an empty table with these columns."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        rows.add_column(column, overflow="fold")
    return rows
