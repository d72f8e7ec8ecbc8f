"""A workflow's model versions, or one of them: its data, its run, who decided what about it."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.catalog.records import ModelVersion, Promotion
from millrace.cli.console import console
from millrace.cli.showing.sources import SHORT, Sources, named, section, title
from millrace.cli.tables import table
from millrace.errors import SpecError
from millrace.workflow.figures import SHOWN, TITLES, written_figure


def show(name: str) -> None:
    """Print the versions of the workflow `name`, or the version `<workflow>:<number>`."""
    workflow, colon, number = name.partition(":")
    with Sources() as sources:
        if not colon:
            _versions(sources, workflow)
        elif number.isdecimal():
            _version(sources, sources.catalog.models.get(workflow, int(number)))
        else:
            raise SpecError("not a model version", expected="<workflow>:<number>", received=name)


def _versions(sources: Sources, workflow: str) -> None:
    models = sources.catalog.models
    versions = models.versions(workflow)
    if not versions:
        console().print(f"{workflow} has no model yet.")
        return
    champion = models.champion(workflow)
    titles = columns(versions)
    rows = table("version", "", *titles.values(), "bundle", "run", "made")
    for one in versions:
        reigns = champion is not None and champion.version == one.version
        gone = sources.store.find(one.bundle.key) is None
        rows.add_row(
            str(one.version),
            " ".join([*(["champion"] if reigns else []), *(["collected"] if gone else [])]),
            *(figure(one, name) for name in titles),
            one.bundle.digest[:SHORT],
            "" if one.run is None else str(one.run),
            f"{one.created_at:%Y-%m-%d %H:%M}",
        )
    console().print(rows)
    section("Decisions", (_decision(one) for one in models.promotions(workflow)))


def _version(sources: Sources, version: ModelVersion) -> None:
    catalog = sources.catalog
    console().print(f"{version.workflow} version {version.version}", style="bold")
    known = [name for name in TITLES if name in version.metrics]
    for name in known or ["accuracy"]:
        console().print(f"{TITLES[name]}: {figure(version, name) or 'not recorded'}")
    made = catalog.executions.producing(version.bundle.digest)
    section("Bundle", [named(version.bundle)])
    section("Trained by", (title(one) for one in made))
    section("From", (f"{i.role}: {named(i.ref)}" for one in made for i in one.inputs))
    decisions = catalog.models.promotions(version.workflow)
    section("Decisions", (_decision(d) for d in decisions if d.version == version.version))
    batches = catalog.batches.of_version(version.workflow, version.version)
    section("Predicted", (f"{b.rows:,} rows of {b.source_digest[:SHORT]}" for b in batches))


def columns(versions: Sequence[ModelVersion]) -> dict[str, str]:
    """Return the figures that a table of versions shows, with their titles: accuracy at least."""
    known = {name for version in versions for name in version.metrics}
    found = [name for name in SHOWN if name in known] or ["accuracy"]
    return {name: "accuracy" if name == "accuracy" else TITLES[name] for name in found}


def figure(version: ModelVersion, name: str) -> str:
    """Return a figure of the version on its test split, or "" where none was recorded."""
    value = version.metrics.get(name)
    return written_figure(value) if isinstance(value, float) else ""


def _decision(one: Promotion) -> str:
    moment = f"{one.decided_at:%Y-%m-%d %H:%M}"
    instead = "" if one.term is None or one.replaced is None else f" instead of {one.replaced}"
    back = one.decision == "rolled_back"
    by = f", by {one.actor}" if back else ""
    if one.approver is not None and one.approved_at is not None:
        by = f", answered by {one.approver} at {one.approved_at:%Y-%m-%d %H:%M}"
    what = "champion again" if back else one.decision
    return f"{moment} version {one.version} {what}{instead}{by}: {one.reason}"
