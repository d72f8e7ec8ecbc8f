"""`forget_rows`: delivered predictions of some records, removed from a SQL table."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, inspect, select

from millrace.data.delivery.database import open_database, translated, writing
from millrace.data.delivery.table import prediction_table

_AT_ONCE = 400  # record ids of a statement


def forget_rows(
    url: str, table: str, workflow: str, records: Collection[str], *, dry_run: bool = False
) -> int:
    """Remove the predictions of a workflow's records; return how many there were.

    Args:
        url: SQLAlchemy URL. table: name; one that is missing holds none.
        records: their ids. dry_run: count only.

    Raises:
        SpecError: the URL or the name cannot be used.
        TransientError: the database does not answer, or stays locked.
    """
    target = prediction_table(table)
    ids = sorted(records)
    engine = open_database(url)
    count = 0
    try:
        with translated(engine, table):
            if not inspect(engine).has_table(table):
                return 0
            with writing(engine, f"{table}/{workflow}/forget") as connection:
                for start in range(0, len(ids), _AT_ONCE):
                    these = target.c.record_id.in_(ids[start : start + _AT_ONCE])
                    wanted = (target.c.workflow == workflow, these)
                    counted = select(func.count()).select_from(target).where(*wanted)
                    count += int(connection.scalar(counted) or 0)
                    if not dry_run:
                        connection.execute(delete(target).where(*wanted))
    finally:
        engine.dispose()
    return count
