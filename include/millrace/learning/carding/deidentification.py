"""`deidentification_card`: the certificates of all batches of a run, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from millrace.learning.carding.card import CardDocument, Section, Table
from millrace.learning.carding.words import count
from millrace.privacy.certificate import has_passed

_ACTIONS = ("removed", "replaced", "shifted", "cleaned", "kept")

Document = Mapping[str, Any]


def sentence(certificates: Sequence[Document], batches: int) -> str:
    """Return what is to be said of de-identification in one sentence.

    Args:
        certificates: documents of the batches that were de-identified. batches: of the run.
    """
    if not certificates:
        return (
            "No batch was de-identified: the workflow says that its sources hold nothing by which "
            "a person can be told (privacy.input)."
        )
    failed = sum(not has_passed(one) for one in certificates)
    whole = f"{count(len(certificates))} of {count(batches)} batches were de-identified"
    if failed:
        return f"{whole}; {count(failed)} of them did not pass their checks."
    stored = sum(one["records"]["stored"] for one in certificates)
    return f"{whole}, all checks passed: {count(stored)} records."


def deidentification_card(
    name: str, certificates: Sequence[Document], batches: int
) -> CardDocument:
    """Return the summary.

    Args:
        name: of the workflow. certificates, batches: see `sentence`.
    """
    said = sentence(certificates, batches)
    data = _added(certificates)
    sections = [Section("Result", (said,), _facts(data))]
    if certificates:
        sections += [_checks(data), _attributes(data)]
    return CardDocument(
        name="deidentification",
        title=f"De-identification: {name}",
        sections=sections,
        data={"batches": batches, "sentence": said, **data},
        notice=None if data["passed"] in (None, True) else said,
    )


def _added(certificates: Sequence[Document]) -> dict[str, Any]:
    """Return the sums over all certificates; ``passed`` is None where there are none."""
    withheld: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    attributes: dict[str, Counter[str]] = {}
    checks: dict[str, Counter[str]] = {}
    for one in certificates:
        withheld.update(one["records"]["withheld"])
        actions.update(one["actions"])
        for name, counts in one["attributes"].items():
            attributes.setdefault(name, Counter()).update(counts)
        for name, counts in one["checks"].items():
            checks.setdefault(name, Counter()).update(counts)
    return {
        "passed": all(map(has_passed, certificates)) if certificates else None,
        "certificates": len(certificates),
        "profiles": sorted({str(one["profile"]) for one in certificates}),
        "options": sorted({str(o) for one in certificates for o in one["options"]}),
        "keys": sorted({str(one["key"]) for one in certificates}),
        "stored": sum(one["records"]["stored"] for one in certificates),
        "withheld": dict(sorted(withheld.items())),
        "actions": dict(sorted(actions.items())),
        "attributes": {name: dict(sorted(c.items())) for name, c in sorted(attributes.items())},
        "checks": {name: dict(sorted(c.items())) for name, c in sorted(checks.items())},
    }


def _facts(data: Document) -> list[tuple[str, str]]:
    if not data["certificates"]:
        return []
    withheld = ", ".join(f"{reason} {count(n)}" for reason, n in data["withheld"].items())
    return [
        ("Passed", "yes" if data["passed"] else "no"),
        ("Profile", ", ".join(data["profiles"])),
        ("Options", ", ".join(data["options"]) or "none"),
        ("Key (fingerprint)", ", ".join(data["keys"])),
        ("Records stored", count(data["stored"])),
        ("Contents withheld", withheld or "none"),
        ("Actions", ", ".join(f"{name} {count(n)}" for name, n in data["actions"].items())),
    ]


def _checks(data: Document) -> Section:
    rows = [
        [name, count(counts.get("passed", 0)), count(counts.get("failed", 0))]
        for name, counts in data["checks"].items()
    ]
    return Section("Checks", tables=[Table(["Check", "Records passed", "Records failed"], rows)])


def _attributes(data: Document) -> Section:
    found = list(dict.fromkeys([*_ACTIONS, *data["actions"]]))
    shown = [action for action in found if action in data["actions"]]
    rows = [
        [name, *(count(counts.get(action, 0)) for action in shown)]
        for name, counts in data["attributes"].items()
    ]
    return Section("Attributes", tables=[Table(["Attribute", *shown], rows)])
