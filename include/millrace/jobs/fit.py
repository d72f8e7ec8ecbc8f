"""Whether this installation is the one that a request was made for: same code, same versions."""

from __future__ import annotations

from millrace.errors import SpecError
from millrace.jobs.keys import differences, key_parts
from millrace.jobs.request import JobRequest
from millrace.jobs.stages import stage_named

_SHOWN = 4  # differences that the error names


def check_fit(request: JobRequest) -> None:
    """Refuse a request whose result would be kept under a key that does not describe it.

    Raises:
        SpecError: this installation, most likely an image, has other code or other versions, or
            lacks what the stage needs.
    """
    here = key_parts(stage_named(request.stage), request.params, {})
    absent = [name for name, version in here["environment"].items() if version == "absent"]
    if absent:
        raise SpecError(
            "packages that the stage needs are not installed here",
            where=f"stage {request.stage}",
            received=f"no {', '.join(absent)}",
            remedy="Perform it in the trainer image (runtime: docker, or MILLRACE_RUNTIME), or "
            "install requirements.txt.",
        )
    wanted = {part: request.key_parts.get(part) for part in ("code", "environment")}
    found = list(differences(wanted, {part: here[part] for part in wanted}))
    if found:
        raise SpecError(
            "the request was made for another installation",
            where=f"stage {request.stage}",
            expected="the code and the versions of whoever wrote the request",
            received="; ".join(found[:_SHOWN]),
            remedy="Where it is an image, build it anew from the same checkout: make images. Else "
            "the installation changed meanwhile: start the run again.",
        )
