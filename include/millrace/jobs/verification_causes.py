"""Two results that should be one: where they differ, and what else is different from then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.catalog.records import ExecutionRecord
from millrace.errors import shorten
from millrace.jobs.environment import machine
from millrace.jobs.keys import explain_miss, key_parts
from millrace.jobs.stages import stage_named

_SHOWN = 4  # differences named
_LONGEST = 60  # characters of a value
_DIGEST = 12  # characters


def differences(
    execution: ExecutionRecord, original: Artifact | None, made: Artifact
) -> tuple[str, ...]:
    """Return in which files and facts the artifact made now differs from the recorded one."""
    if original is None:
        recorded = execution.output.digest[:_DIGEST] if execution.output else "nothing"
        now = made.ref.digest[:_DIGEST]
        return (f"digest {recorded} then, {now} now; that of then is no longer in the store",)
    found = [*_files(original.manifest, made.manifest), *_facts(original, made)]
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return (*found[:_SHOWN], *more)


def causes(execution: ExecutionRecord, original: Artifact | None) -> tuple[str, ...]:
    """Return what of code, packages and machine is not as it was then."""
    same = "code, parameters, inputs and package versions are those of then"
    found = [outdated(execution) or same]
    made = {} if original is None else original.manifest.provenance
    before, now = made.get("machine") or {}, machine()
    found += [
        f"{name} was {before[name]}, is {now[name]}"
        for name in now
        if name in before and before[name] != now[name]
    ]
    return tuple(found)


def outdated(execution: ExecutionRecord) -> str | None:
    """Say which parts of the key are not as they were; None where all are.

    Raises:
        SpecError: the code that made it cannot be found any more.
    """
    recorded = execution.key_parts
    inputs: dict[str, list[Any]] = {}
    for one in execution.inputs:
        inputs.setdefault(one.role, []).append(one.ref)
    now = key_parts(stage_named(execution.stage), recorded["params"], inputs)
    before = {name: recorded.get(name) for name in now}
    return None if now == before else explain_miss(now, before)


def _files(original: Manifest, made: Manifest) -> Iterator[str]:
    before = {name: entry for name, entry in original.files.items() if not entry.derived}
    after = {name: entry for name, entry in made.files.items() if not entry.derived}
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"file {name} is missing now"
        elif name not in before:
            yield f"file {name} is new"
        elif before[name].sha256 != after[name].sha256:
            was, now = before[name], after[name]
            yield (
                f"file {name}: {was.sha256[:_DIGEST]} ({was.bytes:,} bytes) then, "
                f"{now.sha256[:_DIGEST]} ({now.bytes:,} bytes) now"
            )


def _facts(original: Artifact, made: Artifact) -> Iterator[str]:
    if original.manifest.sensitivity or made.manifest.sensitivity:
        return iter(["facts"] if original.facts != made.facts else [])
    return _changed("fact", original.facts, made.facts)


def _changed(place: str, before: Any, after: Any) -> Iterator[str]:
    """Yield the innermost values that differ, each with its place."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _changed(f"{place}.{name}", before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changed(f"{place}[{number}]", one, other)
    else:
        was, now = shorten(str(before), _LONGEST), shorten(str(after), _LONGEST)
        yield f"{place}: {was} then, {now} now"
