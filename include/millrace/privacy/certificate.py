"""`Certificate`: what de-identification did to a batch, as counts; it holds no value of the batch.

It is passed only where every check of every record that was stored was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millrace.errors import SpecError

FORMAT = 1
FILE = "certificate.json"
"""Name of the certificate in the artifact that it is of."""


@dataclass
class Certificate:
    """Counts what is done, record by record.

    Attributes:
        profile: by which the batch is de-identified. options: of the profile, in words.
        key: fingerprint of the key that pseudonyms were made with.
        stored: records whose content was kept. withheld: number of others, by reason.
        actions: how often each was done, by attribute and action.
        limits: what was not looked for, or cannot be found, in words.
        checks: by name, how many stored records passed and failed.
    """

    profile: str
    options: Sequence[str]
    key: str
    stored: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    checks: dict[str, list[int]] = field(default_factory=dict)
    limits: Sequence[str] = ()

    def store(
        self, actions: Mapping[tuple[str, str], int], checks: Iterable[tuple[str, bool]]
    ) -> None:
        """Count a record that was de-identified, and what its checks said."""
        self.stored += 1
        self.actions.update(actions)
        for name, passed in checks:
            self.checks.setdefault(name, [0, 0])[0 if passed else 1] += 1

    def withhold(self, reason: str) -> None:
        """Count a record whose content was not stored."""
        self.withheld[reason] += 1

    @property
    def passed(self) -> bool:
        """Whether every stored record went through every check, and none failed."""
        whole = all(sum(counts) == self.stored for counts in self.checks.values())
        failed = sum(counts[1] for counts in self.checks.values())
        return whole and failed == 0 and (self.stored == 0 or bool(self.checks))

    def to_document(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        totals: Counter[str] = Counter()
        attributes: dict[str, dict[str, int]] = {}
        for (attribute, action), count in sorted(self.actions.items()):
            totals[action] += count
            attributes.setdefault(attribute, {})[action] = count
        return {
            "format": FORMAT,
            "passed": self.passed,
            "profile": self.profile,
            "options": list(self.options),
            "limits": list(self.limits),
            "key": self.key,
            "records": {"stored": self.stored, "withheld": dict(sorted(self.withheld.items()))},
            "actions": dict(sorted(totals.items())),
            "attributes": attributes,
            "checks": {
                name: {"passed": counts[0], "failed": counts[1]}
                for name, counts in sorted(self.checks.items())
            },
        }


def has_passed(document: Mapping[str, Any]) -> bool:
    """Whether a certificate's document says that it passed.

    Raises:
        SpecError: it is of a format that this version does not know.
    """
    if document.get("format") != FORMAT:
        raise SpecError(
            "a certificate of de-identification has an unknown format",
            expected=FORMAT,
            received=document.get("format"),
            remedy="Use the version of Millrace that wrote it, or collect the source again.",
        )
    return document.get("passed") is True
