"""How many records were refused, why, and from where; and some of them."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from millrace.cli.console import console
from millrace.cli.quarantining.cells import cell
from millrace.cli.showing.sources import Sources
from millrace.cli.tables import table
from millrace.data.integration.budget import place
from millrace.errors import redact
from millrace.jobs.refused import Refused, refused_of, run_named

_SHOWN = 10  # records, unless told otherwise
_ORIGINS = 3
_DETAIL = 400  # characters: the fields that a record of a table broke, each with its reason

Row = dict[str, Any]


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """Print the refused records of a run by reason and source."""
    with Sources() as sources:
        record = run_named(words[0] if words else None, sources.catalog)
        refused = refused_of(record, sources.catalog, sources.store)
        counts: Counter[tuple[str, str]] = Counter()
        origins: dict[tuple[str, str], Counter[str]] = {}
        rows: list[Row] = []
        limit = arguments.limit or (None if arguments.json else _SHOWN)
        for row in _rows(refused, arguments):
            kind = (row["reason"], row["source"])
            counts[kind] += 1
            origins.setdefault(kind, Counter())[place(row["origin"])] += 1
            if limit is None or len(rows) < limit:
                rows.append(row)
    if arguments.json:
        console().print(_json(refused, counts, rows))
    else:
        _print(refused, counts, origins, rows)


def _rows(refused: Refused, arguments: argparse.Namespace) -> Iterator[Row]:
    for part in refused.tables(arguments.reason, arguments.source):
        yield from part.to_pylist()


def _json(refused: Refused, counts: Counter[tuple[str, str]], rows: list[Row]) -> str:
    document = {
        "run": refused.run.id,
        "workflow": refused.run.workflow,
        "integrated": refused.integrated,
        "received": refused.received,
        "refused": [
            {"reason": reason, "source": source, "records": count}
            for (reason, source), count in counts.most_common()
        ],
        "records": rows,
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _print(
    refused: Refused,
    counts: Counter[tuple[str, str]],
    origins: dict[tuple[str, str], Counter[str]],
    rows: list[Row],
) -> None:
    out, run, total = console(), refused.run, sum(counts.values())
    share = f" ({total / refused.received:.1%})" if refused.received else ""
    out.print(
        f"Run {run.id} of {run.workflow} refused {total:,} of {refused.received:,} records{share}.",
    )
    if not refused.integrated and run.dag_id == run.workflow:
        out.print("The run did not come to comparing partitions with each other.")
    if not total:
        return
    kinds = table("reason", "source", "records", "most of them in")
    for kind, count in counts.most_common():
        places = origins[kind].most_common(_ORIGINS)
        told = ", ".join(f"{name} ({number:,})" for name, number in places)
        kinds.add_row(*map(cell, kind), f"{count:,}", cell(redact(told)))
    out.print(kinds)
    listed = table("record", "label", "reason", "detail")
    for row in rows:
        listed.add_row(
            cell(row["record_id"]),
            *(cell(row[name] or "") for name in ("label", "reason")),
            cell(row["detail"] or "", _DETAIL),
        )
    out.print(listed)
    if total > len(rows):
        out.print(f"{total - len(rows):,} more: --limit {total}, or --json.")
    out.print(f"To see them: `millrace quarantine show {run.id} -o sheet.png`.")
    out.print(f"To correct them: `millrace quarantine export {run.id} FOLDER`.")
