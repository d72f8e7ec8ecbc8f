"""Keys: the digest of all that decides a stage's result, and why two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from millrace.artifacts.digests import digest_value
from millrace.artifacts.reference import ArtifactRef
from millrace.errors import shorten
from millrace.jobs.code import code_digests
from millrace.jobs.environment import environment
from millrace.jobs.stages import Stage, plugins
from millrace.jobs.stages import packages as packages_of

Inputs = Mapping[str, Sequence[ArtifactRef]]
_SHOWN = 4  # differences named in one explanation


def key_parts(
    stage: Stage,
    params: Mapping[str, Any],
    inputs: Inputs,
    packages: Mapping[str, str] | None = None,
    sensitivity: str = "",
) -> dict[str, Any]:
    """Return what a key is made of: stage, code, params, inputs and environment, as JSON values.

    Args:
        stage, params, inputs: of the job.
        packages: versions by name where the job is performed; else those installed here.
        sensitivity: label of what it reads outside the store; a part only where there is one.
    """
    modules = [stage.module, *(path.partition(":")[0] for path in plugins(stage, params))]
    labelled = {"sensitivity": sensitivity} if sensitivity else {}
    return {
        "stage": stage.name,
        "code": code_digests(modules),
        "params": dict(params),
        "inputs": {role: [ref.digest for ref in refs] for role, refs in sorted(inputs.items())},
        "environment": environment(packages_of(stage, params), packages or {}),
        **labelled,
    }


def key_of(parts: Mapping[str, Any]) -> str:
    """Return the key: the SHA-256 of the parts' canonical JSON."""
    return digest_value(parts)


def explain_miss(parts: Mapping[str, Any], previous: Mapping[str, Any] | None) -> str:
    """Say which parts differ from the last execution of the same stage."""
    if previous is None:
        return "first execution of this stage"
    found = list(differences(previous, parts))
    if not found:
        return "nothing changed, but its artifact is no longer in the store"
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "changed: " + "; ".join(found[:_SHOWN]) + more


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a phrase for each part that is not the same."""
    yield from _differences("", old, new)


def _differences(place: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differences(f"{place}.{name}".strip("."), old.get(name), new.get(name))
        return
    if place.startswith("code."):
        yield f"code of {place.removeprefix('code.')}"
    elif place.startswith("inputs."):
        yield f"input {place.removeprefix('inputs.')}"
    else:
        yield f"{place} {shorten(_plain(old), 40)} -> {shorten(_plain(new), 40)}"


def _plain(value: Any) -> str:
    return "nothing" if value is None else str(value)
