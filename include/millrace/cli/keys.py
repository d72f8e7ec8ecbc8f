"""Make, check and exchange the master keys that open encrypted stores.

A workflow with `encryption: true` needs a master key: MILLRACE_MASTER_KEY, a file named by
MILLRACE_MASTER_KEY_FILE, or the password of the Airflow connection `millrace_master_key`. Keep a
copy in a safe place: what is encrypted is lost without it.

To exchange it, set the new key before the old one, with a comma between, wherever the old one is
set; run `keys rotate`; when `keys check` lists the new one only, take the old one away. No data is
written anew. Copies of a store from before, backups too, open with the old key for ever.

Examples:
  millrace keys new          a new key, to be set as MILLRACE_MASTER_KEY
  millrace keys check        which keys the stores need; the exit code is 65 where one is missing
  millrace keys rotate       wrap every data key by the first master key
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from millrace.errors import ExitCode

if TYPE_CHECKING:
    from millrace.artifacts.backend import Backend
    from millrace.artifacts.sealing.rotation import KeyState
    from millrace.settings import Settings

_SHOWN = 5  # names of damaged documents


def add(parser: argparse.ArgumentParser) -> None:
    """Add the one action."""
    parser.add_argument("action", choices=["new", "check", "rotate"], help="what to do")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.action == "new":
        return _new()
    from millrace.settings import Settings

    settings = Settings.load()
    return _check(settings) if arguments.action == "check" else _rotate(settings)


def _new() -> int:
    from millrace.artifacts.sealing.master_keys import new_key
    from millrace.cli.console import console

    console().print(new_key())
    return ExitCode.DONE


def _check(settings: Settings) -> int:
    from millrace.artifacts.sealing.master_keys import MasterKeys
    from millrace.artifacts.sealing.rotation import check

    keys = MasterKeys.load()
    found = {title: check(backend, keys) for title, backend in _backends(settings)}
    for title, state in found.items():
        _show(title, state)
    return ExitCode.DONE if all(state.good for state in found.values()) else ExitCode.DATA


def _show(title: str, state: KeyState) -> None:
    from millrace.cli.console import console
    from millrace.cli.tables import table

    out = console()
    out.print(title, style="bold")
    if not state.documents:
        out.print("Nothing is encrypted.")
    else:
        rows = table("master key", "", "data keys")
        for name, count in state.documents.items():
            rows.add_row(name, _standing(name, state), f"{count:,}")
        out.print(rows)
    if state.wrong:
        more = "" if len(state.wrong) <= _SHOWN else f" and {len(state.wrong) - _SHOWN:,} more"
        out.print(f"Damaged: {', '.join(state.wrong[:_SHOWN])}{more}.")
    if state.checkpoints:
        out.print(
            f"Checkpoints of unfinished trainings: {state.checkpoints:,}. They keep the master key "
            "they were written with.",
        )


def _standing(name: str, state: KeyState) -> str:
    if name not in state.known:
        return "not known here"
    return "current" if name == state.known[0] else "old"


def _rotate(settings: Settings) -> int:
    from millrace.artifacts.sealing.master_keys import MasterKeys
    from millrace.artifacts.sealing.rotation import rotate
    from millrace.cli.console import console, working

    keys = MasterKeys.load()
    current = keys.current
    for title, backend in _backends(settings):
        with working("Wrapping data keys"):
            changed = rotate(backend, keys, settings.home / "cache" / "sealed")
        console().print(f"{title}: {changed:,} data keys are now wrapped by {current}.")
    return ExitCode.DONE


def _backends(settings: Settings) -> Iterator[tuple[str, Backend]]:
    """Yield the stores of the installation that may hold something encrypted, with their names."""
    from millrace.artifacts.restricted import RestrictedStore
    from millrace.artifacts.store import Store
    from millrace.errors import redact

    yield redact(settings.store), Store(settings.store, settings.home / "cache").backend
    restricted = RestrictedStore.load(settings.home / "restricted")
    if restricted is not None:
        yield f"{redact(restricted.uri)} (restricted)", restricted.backend
