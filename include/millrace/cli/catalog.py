"""Look after the catalog, the database of runs, models and predictions.

Example:
  millrace catalog migrate     make or update its tables; safe to repeat
"""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the one action."""
    parser.add_argument("action", choices=["migrate"], help="make or update the tables")


def run(_: argparse.Namespace) -> int:
    """Migrate the catalog."""
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import console
    from millrace.cli.words import without_password
    from millrace.settings import Settings

    settings = Settings.load()
    settings.home.mkdir(parents=True, exist_ok=True)
    with Catalog(settings.catalog) as catalog:
        catalog.migrate()
    console().print(f"{without_password(settings.catalog)} is up to date.")
    return 0
