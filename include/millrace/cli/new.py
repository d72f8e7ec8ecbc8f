"""Look at data and write a workflow for it, to be run at once and then improved.

The data is pictures, CT slices, texts, e-mails or a table, each record with a label. It is read as
a run would read it; what was seen is told, and include/workflows/NAME.yaml is written, in which
every choice has its reason beside it, and dags/NAME.py. Nothing is trained and nothing is stored.

Examples:
  millrace new flowers --from /data/flowers         a folder a class
  millrace new scans --from scans.zip               an archive; labels.csv in it or beside it
  millrace new letters --from letters.csv           a label and the pixels in every row
  millrace new shapes --from shapes.npz --dry-run   say what it saw, print the workflow, write none
  millrace new birds --from s3://bucket/birds/
  millrace new sms --from SMSSpamCollection         a text and its label in every row
  millrace new mail --from easy_ham.tar.bz2 --from spam.tar.bz2     a class an archive
  millrace new brain --from folder_with_dicoms      DICOM; the CSV file of labels in it or beside it
  millrace new iris --from iris.csv --label species                 columns of a table
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from millrace.errors import SpecError
from millrace.workflow.registry import BUILT_IN

_SAMPLE = 5_000  # records
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")

DAG_FILE = '''"""The Airflow DAGs `{0}` and `{0}_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("{0}"))
'''


def add(parser: argparse.ArgumentParser) -> None:
    """Add the name and where the data is."""
    parser.add_argument("name", help="of the workflow: a-z, digits and underscores", metavar="NAME")
    parser.add_argument(
        "--from",
        dest="origins",
        required=True,
        action="append",
        metavar="PATH",
        help="a folder, archive, mailbox, table or file of arrays, here or remote; several are one "
        "data set, whose names tell the labels where nothing else does",
    )
    parser.add_argument(
        "--kind",
        choices=sorted(BUILT_IN["survey"]),
        help="what the records are, where several would do",
    )
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="of a table, or of the CSV file beside DICOM images, the label's column: its name, or "
        "0, 1, …",
    )
    parser.add_argument("--to", metavar="FOLDER", help="write only the workflow, into this folder")
    parser.add_argument(
        "--sample",
        type=int,
        default=_SAMPLE,
        metavar="N",
        help=f"look at about N records, spread evenly (default {_SAMPLE:,}; 0 looks at all)",
    )
    parser.add_argument("--force", action="store_true", help="replace a workflow of this name")
    parser.add_argument("--dry-run", action="store_true", help="print the workflow, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Look, propose, tell and write."""
    from millrace.cli.console import console
    from millrace.cli.newcomer.place import checked, place_of
    from millrace.cli.newcomer.progress import looking
    from millrace.cli.newcomer.report import tell
    from millrace.cli.newcomer.write import check_free, write
    from millrace.data.survey.find import find
    from millrace.data.survey.found import Asked
    from millrace.jobs.looking import Look
    from millrace.jobs.proposal import propose

    name = _checked_name(arguments.name)
    if not arguments.dry_run:
        check_free(name, _folder(arguments), force=arguments.force)
    places = [place_of(checked(origin)) for origin in arguments.origins]
    with looking(console()) as follow:
        asked = Asked(arguments.kind, arguments.label)
        found = find([(place.uri, place.path) for place in places], asked)
        with Look(found, max(0, arguments.sample), follow) as look:
            seen = look.seen()
            proposal = propose(name, seen, look)
    tell(console(), seen, proposal)
    if arguments.dry_run:
        console().print(proposal.text)
        return 0
    write(console(), name, proposal.text, _folder(arguments))
    return 0


def _folder(arguments: argparse.Namespace) -> Path | None:
    return None if arguments.to is None else Path(arguments.to)


def _checked_name(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise SpecError(
        "not a name for a workflow",
        where="NAME",
        expected="lower-case letters, digits and underscores, a letter first, at most 60",
        received=name,
    )
