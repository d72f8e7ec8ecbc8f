"""A workflow's model versions, or one of them: its data, its run, who decided what about it."""

from __future__ import annotations

from millrace.catalog.records import ModelVersion, Promotion
from millrace.cli.console import console
from millrace.cli.showing.sources import SHORT, Sources, named, section, title
from millrace.cli.tables import table
from millrace.errors import SpecError

_MORE = {
    "f1": "F1",
    "average_precision": "Average precision",
    "matthews": "Matthews correlation",
}


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
    of_a_class = ["f1"] if any("f1" in one.metrics for one in versions) else []
    titles = (_MORE[name] for name in of_a_class)
    rows = table("version", "", "accuracy", *titles, "bundle", "run", "made")
    for one in versions:
        reigns = champion is not None and champion.version == one.version
        gone = sources.store.find(one.bundle.key) is None
        rows.add_row(
            str(one.version),
            " ".join([*(["champion"] if reigns else []), *(["collected"] if gone else [])]),
            *(figure(one, name) for name in ("accuracy", *of_a_class)),
            one.bundle.digest[:SHORT],
            "" if one.run is None else str(one.run),
            f"{one.created_at:%Y-%m-%d %H:%M}",
        )
    console().print(rows)
    section("Decisions", (_decision(one) for one in models.promotions(workflow)))


def _version(sources: Sources, version: ModelVersion) -> None:
    catalog = sources.catalog
    console().print(f"{version.workflow} version {version.version}", style="bold")
    console().print(f"Accuracy: {figure(version, 'accuracy') or 'not recorded'}")
    for name, words in _MORE.items():
        if name in version.metrics:
            console().print(f"{words}: {figure(version, name)}")
    made = catalog.executions.producing(version.bundle.digest)
    section("Bundle", [named(version.bundle)])
    section("Trained by", (title(one) for one in made))
    section("From", (f"{i.role}: {named(i.ref)}" for one in made for i in one.inputs))
    decisions = catalog.models.promotions(version.workflow)
    section("Decisions", (_decision(d) for d in decisions if d.version == version.version))
    batches = catalog.batches.of_version(version.workflow, version.version)
    section("Predicted", (f"{b.rows:,} rows of {b.source_digest[:SHORT]}" for b in batches))


def figure(version: ModelVersion, name: str) -> str:
    """Return a figure of the version on its test split, or "" where none was recorded."""
    value = version.metrics.get(name)
    return f"{value:.4f}" if isinstance(value, float) else ""


def _decision(one: Promotion) -> str:
    moment = f"{one.decided_at:%Y-%m-%d %H:%M}"
    instead = "" if one.term is None or one.replaced is None else f" instead of {one.replaced}"
    back = one.decision == "rolled_back"
    by = f", by {one.actor}" if back else ""
    what = "champion again" if back else one.decision
    return f"{moment} version {one.version} {what}{instead}{by}: {one.reason}"
