"""What a second process does to a catalog: `python workers.py URL ACTION [JSON arguments]`.

It prints "ready", waits for a line, acts, and prints the result (or the error's type) as JSON.
"""

from __future__ import annotations

import json
import sys

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError


def migrate(catalog: Catalog) -> str:
    catalog.migrate()
    catalog.check()
    return "migrated"


def start(catalog: Catalog, run_id: str) -> int:
    return catalog.runs.start(run_id, "digits", "digits", {}, "", {}, "manual", "0").id


def register(catalog: Catalog, words: list[str]) -> list[int]:
    made = []
    for word in words:
        bundle = ArtifactRef("bundle", word, word, "file:///x", None, 1)
        made.append(catalog.models.register("digits", bundle, None, {}).version)
    return made


def decide(catalog: Catalog, version: int, run: int | None, expected: int | None) -> int:
    made = catalog.models.decide("digits", version, "promoted", "", "gate", run, expected)
    return made.id


def climb(catalog: Catalog, version: int, times: int) -> int:
    """Promote `version` against whatever champion there is, until it worked `times` times."""
    lost = done = 0
    while done < times:
        champion = catalog.models.champion("digits")
        expected = None if champion is None else champion.version
        try:
            catalog.models.decide("digits", version, "promoted", "", "a person", None, expected)
            done += 1
        except MillraceError:
            lost += 1
    return lost


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    url, action, arguments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    with Catalog(url) as catalog:
        say("ready")
        sys.stdin.readline()
        try:
            say(json.dumps(globals()[action](catalog, *arguments)))
        except MillraceError as error:
            say(json.dumps(type(error).__name__))


if __name__ == "__main__":
    main()
