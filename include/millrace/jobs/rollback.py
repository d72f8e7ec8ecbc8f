"""Make an earlier champion the champion again. History is only ever added to.

Nothing is recomputed here: who rolls back also starts what depends on the champion.
"""

from __future__ import annotations

from collections.abc import Iterable

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.models import Models
from millrace.catalog.records import ModelVersion, Promotion
from millrace.errors import DataError, SpecError

_FORGOTTEN = "its bundle was collected at this moment"


def roll_back(
    catalog: Catalog, store: Store, workflow: str, to: int | None, reason: str, actor: str
) -> Promotion:
    """Crown version `to`, or the champion before the present one, and return the decision.

    Args:
        reason: a sentence for the history. actor: who decides.

    Raises:
        SpecError: there is no champion, none before it, the version was never champion or is
            champion already, or there is no reason.
        DataError: the version's bundle is gone or damaged.
        ChampionChanged: the champion changed meanwhile.
    """
    if not reason.strip():
        raise SpecError("a rollback needs a reason", where=workflow)
    models = catalog.models
    champion = models.champion(workflow)
    if champion is None:
        raise SpecError(
            "there is no champion to roll back from",
            where=workflow,
            remedy="`millrace show model` with the workflow's name lists its versions.",
        )
    version = models.get(workflow, to) if to is not None else _before(models, champion)
    if version.version == champion.version:
        raise SpecError("it is the champion already", where=workflow, received=version.version)
    _check_crowned(models, version)
    _check_bundle(store, version)
    decision = models.decide(
        workflow, version.version, "rolled_back", reason.strip(), actor, None, champion.version
    )
    if store.find(version.bundle.key) is None:  # collected between the look and the decision
        models.decide(
            workflow,
            champion.version,
            "rolled_back",
            _FORGOTTEN,
            actor,
            None,
            version.version,
        )
        _check_bundle(store, version)
    return decision


def fallen_reason(models: Models, version: ModelVersion) -> str | None:
    """Return why the version was rolled back from, or None where it was not, or reigned since."""
    reason = None
    for made in models.promotions(version.workflow):
        if made.term is None:
            continue
        if made.version == version.version:
            reason = None
        elif made.decision == "rolled_back" and made.replaced == version.version:
            reason = made.reason
    return reason


def _before(models: Models, champion: ModelVersion) -> ModelVersion:
    """Return the champion before the present one, as if rollbacks had never been promoted."""
    line = _line(models.promotions(champion.workflow))
    if len(line) < 2:
        raise SpecError(
            "there was no champion before this one",
            where=champion.workflow,
            received=f"version {champion.version}",
        )
    return models.get(champion.workflow, line[-2])


def _line(promotions: Iterable[Promotion]) -> list[int]:
    """Return the champions that stand behind each other; the present one is last."""
    line: list[int] = []
    for made in promotions:
        if made.term is None:
            continue
        if made.version in line:
            line = line[: line.index(made.version)]
        line.append(made.version)
    return line


def _check_crowned(models: Models, version: ModelVersion) -> None:
    reigns = [made for made in models.promotions(version.workflow) if made.term is not None]
    former = sorted({made.version for made in reigns})
    if version.version not in former:
        raise SpecError(
            "a rollback goes to a version that was champion before",
            where=version.workflow,
            expected=", ".join(map(str, former)),
            received=version.version,
            remedy="The gate alone makes new champions.",
        )


def _check_bundle(store: Store, version: ModelVersion) -> None:
    """Read every file of the bundle; raise `DataError` where one is gone or damaged."""
    where = f"{version.workflow} version {version.version}"
    if store.find(version.bundle.key) is None:
        raise DataError(
            "the bundle of this version is no longer in the store",
            where=where,
            remedy="It was collected as garbage, see MILLRACE_KEEP_VERSIONS. Run the workflow with "
            "the parameters of that version's run to train it again.",
        )
    bundle = store.get(version.bundle)
    for name in bundle.manifest.files:
        bundle.path(name)
