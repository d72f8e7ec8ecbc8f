"""Look at the records that cleaning refused, correct them, and give them to the next run.

RUN is a run's number (`millrace runs` lists them) or a workflow, which means its latest training
run. A run that failed because too much was refused has its quarantine, too.

Examples:
  millrace quarantine                            of the latest run: how many, why, from where
  millrace quarantine digits --reason blank      of one reason
  millrace quarantine show digits -o sheet.png   a sheet of the records
  millrace quarantine export digits mended       the records and records.csv, to be corrected
  millrace quarantine replay digits mended --dry-run
  millrace quarantine replay digits mended       corrected records, from the next run on
  millrace quarantine corrections digits         the corrections in force
  millrace quarantine corrections digits --withdraw uci/000000042

To correct records: export them; in records.csv change labels, and replace files by better ones of
any name (then change the column `file`); leave or delete what should stay refused; replay.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from millrace.errors import SpecError

_WORDS = {
    "list": "[RUN]",
    "show": "[RUN] -o SHEET.png",
    "export": "RUN FOLDER",
    "replay": "WORKFLOW FOLDER",
    "corrections": "WORKFLOW",
}
_OPTIONS = {
    "reason": ("list", "show", "export"),
    "source": ("list", "show", "export"),
    "limit": ("list", "show", "export"),
    "json": ("list",),
    "output": ("show",),
    "dry_run": ("replay",),
    "withdraw": ("corrections",),
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their options."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[ACTION] RUN",
        help="list (where no action is named), show, export, replay or corrections; and of what",
    )
    parser.add_argument("--reason", help="only records refused for this reason")
    parser.add_argument("--source", help="only records of this source")
    parser.add_argument("--limit", type=_count, metavar="N", help="at most N records")
    parser.add_argument("--json", action="store_true", help="list: as JSON, with all fields")
    parser.add_argument("-o", "--output", metavar="FILE", help="show: the sheet, a PNG file")
    parser.add_argument("--dry-run", action="store_true", help="replay: check, record nothing")
    parser.add_argument(
        "--withdraw",
        nargs="+",
        metavar="RECORD",
        help="corrections: take those of these records (or `all`) out of force",
    )


def run(arguments: argparse.Namespace) -> int:
    """Do the action that the first word names."""
    words: list[str] = list(arguments.words)
    action = words.pop(0) if words and words[0] in _WORDS else "list"
    for option, actions in _OPTIONS.items():
        if getattr(arguments, option) and action not in actions:
            raise SpecError(
                f"--{option.replace('_', '-')} means nothing here",
                where=f"millrace quarantine {action}",
                expected=f"millrace quarantine {' or '.join(actions)}",
            )
    wanted = _WORDS[action].split(" -")[0].split()
    least = sum(not word.startswith("[") for word in wanted)
    if not least <= len(words) <= len(wanted):
        raise SpecError(
            "these words are not understood",
            expected=f"millrace quarantine {action} {_WORDS[action]}",
            received=" ".join(words) or "nothing",
        )
    module = import_module(f"millrace.cli.quarantining.{action}")
    return int(module.run(words, arguments) or 0)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1, not {text!r}")
    return int(text)
