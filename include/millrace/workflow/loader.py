"""From a YAML file to a `WorkflowSpec`. Every mistake is named with its file, line and field."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from millrace.errors import SpecError
from millrace.workflow.base import Value
from millrace.workflow.document import Document, Place, read_document
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import kind_of

SUFFIXES = (".yaml", ".yml")


def load_file(path: Path) -> WorkflowSpec:
    """Return the workflow that a file describes.

    Raises:
        SpecError: it cannot be read, is not YAML, or breaks the spec's rules.
    """
    document = read_document(path)
    model: type[Value] = Value
    try:
        model = kind_of(document.value)
        spec = model.model_validate(document.value)
    except ValidationError as error:
        raise _explain(document, error.errors(include_url=False), model) from None
    if spec.name != path.stem:
        raise SpecError(
            "a workflow is named like its file",
            where=document.where(("name",)),
            expected=path.stem,
            received=spec.name,
        )
    return spec


def load_named(folder: Path, name: str) -> WorkflowSpec:
    """Return the workflow `name` of a folder.

    Raises:
        SpecError: there is none, there are two, or it is wrong.
    """
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    found = [path for path in found if path.exists()]
    if len(found) > 1:
        raise SpecError(
            "two workflows have one name",
            where=folder,
            received=[path.name for path in found],
            remedy="Remove or rename one of the files.",
        )
    if not found:
        names = [path.stem for path in spec_files(folder)]
        close = difflib.get_close_matches(name, names, 1)
        raise SpecError(
            "there is no such workflow",
            where=folder,
            expected=", ".join(names) or "a .yaml file",
            received=name,
            remedy=f"Did you mean {close[0]}?" if close else None,
        )
    return load_file(found[0])


def load_all(folder: Path) -> dict[str, WorkflowSpec]:
    """Return all workflows of a folder by name; raise `SpecError` for the first that is wrong."""
    specs: dict[str, WorkflowSpec] = {}
    for path in spec_files(folder):
        specs[path.stem] = load_named(folder, path.stem)
    for name in specs:
        if f"{name}_predict" in specs:
            raise SpecError(
                "a workflow has the name of another's prediction DAG",
                where=folder,
                received=f"{name}_predict",
                remedy="Rename it.",
            )
    return specs


def spec_files(folder: Path) -> list[Path]:
    """Return the spec files of a folder, sorted; raise `SpecError` where there is no folder."""
    if not folder.is_dir():
        raise SpecError(
            "the folder of the workflows is missing",
            where=folder,
            remedy="Set MILLRACE_WORKFLOWS, or MILLRACE_PROJECT to your checkout.",
        )
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)


def check(document: Any, model: type[Value], where: str) -> Any:
    """Validate JSON values that did not come from a file, such as a run's conf.

    Raises:
        SpecError: naming the field below `where`.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        source = Document(Path(where), document, {})
        raise _explain(source, error.errors(include_url=False), model) from None


def _explain(document: Document, errors: Sequence[ErrorDetails], model: type[Value]) -> SpecError:
    """Turn pydantic's errors into one of ours: the first in full, the places of the others."""
    first = errors[0]
    place = _place(document.value, first["loc"])
    others = "; ".join(
        f"{document.where(_place(document.value, error['loc']))}" for error in errors[1:6]
    )
    remedy = f"{len(errors) - 1} more: {others}." if others else None
    where = document.where(place) if document.lines else f"{document.path}.{_dotted(place)}"
    if first["type"] == "extra_forbidden":
        return _unknown_key(first, place, where, model, remedy)
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    received = None if first["type"] == "missing" else first["input"]
    problem = "a field is missing" if first["type"] == "missing" else "a value is wrong"
    if not place and first["type"] == "value_error":  # found when all parts were read
        problem, received = "parts of the workflow do not fit each other", None
        where = str(document.path)
    return SpecError(
        problem,
        where=where,
        expected=None if first["type"] == "missing" else expected,
        received=received,
        remedy=remedy,
    )


def _unknown_key(
    error: ErrorDetails, place: Place, where: str, model: type[Value], remedy: str | None
) -> SpecError:
    allowed = list(_model_at(model, error["loc"][:-1]).model_fields)
    close = difflib.get_close_matches(str(place[-1]), allowed, 1)
    hints = [f"Did you mean {close[0]}?" if close else None, remedy]
    return SpecError(
        "unknown key",
        where=where,
        expected=", ".join(allowed),
        received=place[-1],
        remedy=" ".join(hint for hint in hints if hint) or None,
    )


def _place(value: Any, loc: tuple[int | str, ...]) -> Place:
    """Return pydantic's location without the union tags, which no document has."""
    place: list[int | str] = []
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(value, dict) and part not in value and not last:
            continue
        if isinstance(value, (dict, list)):
            place.append(part)
            value = _child(value, part)
    return tuple(place)


def _child(value: Any, part: int | str) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(part, int) and part < len(value) else None


def _model_at(model: type[Value], loc: tuple[int | str, ...]) -> type[Value]:
    """Return the model class that pydantic's location `loc` names."""
    candidates = [model]
    for part in loc:
        if isinstance(part, int):
            continue
        if len(candidates) > 1:
            tagged = [c for c in candidates if _kind(c) == part]
            candidates = tagged or [c for c in candidates if _kind(c) is None]
            continue
        field = candidates[0].model_fields.get(part)
        found = _models_in(field.annotation) if field is not None else []
        candidates = found or candidates
    return candidates[0]


def _kind(model: type[Value]) -> str | None:
    """Return the literal value of a model's `kind`, or None for a user's own."""
    values = get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()
    return values[0] if values else None


def _models_in(annotation: Any) -> list[type[Value]]:
    """Return the `Value` classes that stand anywhere in a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)
