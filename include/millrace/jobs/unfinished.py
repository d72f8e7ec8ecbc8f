"""`Unfinished`: what a removal has still to do, kept in the store until it is done.

Once the first tables are gone nobody can tell any more which records were somebody's. So all that
is to go is written down before anything goes, and a removal that was killed ends when it is
repeated. It holds pseudonyms and names that the store has anyway, and goes last.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from millrace.artifacts.store import Store
from millrace.errors import IntegrityError, SpecError
from millrace.jobs.privacy_key import EVERYWHERE

FORMAT = 1


@dataclass(frozen=True)
class Unfinished:
    """What is to go of one person.

    Attributes:
        records: workflow and record id. manifests: names of files of the store.
        objects: as `millrace.artifacts.sweep.Item.digest` has them. keys: of the artifacts.
        models: that were trained on it, for whoever is told.
    """

    records: frozenset[tuple[str, str]] = frozenset()
    manifests: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __or__(self, other: Unfinished) -> Unfinished:
        return Unfinished(**{name: value | vars(other)[name] for name, value in vars(self).items()})


def read(store: Store, pseudonym: str, workflow: str | None) -> Unfinished:
    """Return what an earlier removal has left; nothing where it was done.

    Raises:
        SpecError: another version of Millrace wrote it. IntegrityError: it is damaged.
    """
    name = _name(pseudonym, workflow)
    data = store.read_document(name)
    if data is None:
        return Unfinished()
    try:
        values = json.loads(data)
        if values["format"] != FORMAT:
            raise SpecError(
                "what was begun to be forgotten has an unknown format",
                where=name,
                expected=FORMAT,
                received=values["format"],
                remedy="End it with the version of Millrace that began it.",
            )
        sets = {key: values[key] for key in vars(Unfinished())}
        records = frozenset((str(one), str(two)) for one, two in sets.pop("records"))
        return Unfinished(records, **{key: frozenset(map(str, sets[key])) for key in sets})
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            "what was begun to be forgotten is damaged",
            where=name,
            remedy="Remove it, and repeat `millrace forget`; then look with `millrace gc` for "
            "what is left.",
        ) from error


def write(store: Store, pseudonym: str, workflow: str | None, what: Unfinished) -> None:
    """Write down what is to go; encrypted where the store encrypts."""
    document = {"format": FORMAT, **{name: sorted(value) for name, value in vars(what).items()}}
    store.write_document(_name(pseudonym, workflow), json.dumps(document).encode(), private=True)


def done(store: Store, pseudonym: str, workflow: str | None) -> None:
    """Say that nothing is left to do."""
    store.backend.remove([f"documents/{_name(pseudonym, workflow)}"])


def _name(pseudonym: str, workflow: str | None) -> str:
    return f"forgetting/{workflow or EVERYWHERE}/{pseudonym}.json"
