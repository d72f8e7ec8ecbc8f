"""An artifact: what it is, what made it of what, and what was made of it."""

from __future__ import annotations

import json

from millrace.artifacts.artifact import Artifact
from millrace.cli.console import console
from millrace.cli.showing.sources import SHORT, Sources, named, section, title
from millrace.errors import SpecError, shorten
from millrace.wording import size


def show(prefix: str) -> None:
    """Print the artifact whose key or digest begins with `prefix`."""
    with Sources() as sources:
        artifact = _one(sources, prefix)
        _describe(artifact)
        digest = artifact.ref.digest
        made = sources.catalog.executions.producing(digest)
        section("Made by", (f"{title(one)}, {one.state}" for one in made))
        section("From", (f"{i.role}: {named(i.ref)}" for one in made for i in one.inputs))
        used = sources.catalog.executions.consuming(digest)
        section("Used by", (title(one) for one in used))
        outputs = (named(one.output) for one in used if one.output is not None)
        section("Made of it", outputs)
        batches = sources.catalog.batches.containing(digest)
        section(
            "Predictions",
            (f"{b.rows:,} rows by {b.workflow} version {b.model_version}" for b in batches),
        )


def _one(sources: Sources, prefix: str) -> Artifact:
    """Return the artifact; equal content under several keys is one artifact."""
    found = {artifact.ref.digest: artifact for artifact in sources.matching(prefix)}
    if len(found) == 1:
        return next(iter(found.values()))
    raise SpecError(
        "there is no such artifact" if not found else "more than one artifact begins so",
        where=sources.settings.store,
        expected="the beginning of a key or a digest",
        received=prefix if not found else ", ".join(digest[:SHORT] for digest in found),
        remedy="`millrace show run ID` lists the digests of a run, and which were collected.",
    )


def _describe(artifact: Artifact) -> None:
    out = console()
    ref = artifact.ref
    out.print(ref.kind, style="bold", end="")
    out.print(f" {ref.digest}")
    out.print(f"Key: {ref.key}")
    rows = "" if ref.rows is None else f"{ref.rows:,} rows, "
    out.print(f"Size: {rows}{size(artifact.manifest.size)}")
    facts = json.dumps(dict(artifact.facts), sort_keys=True)
    out.print(f"Facts: {shorten(facts, 2_000)}")
    entries = artifact.manifest.files.items()
    section("Files", (f"{name} ({size(entry.bytes)})" for name, entry in entries))
