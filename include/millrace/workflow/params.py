"""What a run may change of its workflow: the conf of a trigger, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from millrace.errors import SpecError
from millrace.workflow.base import Value
from millrace.workflow.graph import FORCIBLE, Purpose
from millrace.workflow.learning import Seed
from millrace.workflow.loader import check
from millrace.workflow.source_contents import check_contents
from millrace.workflow.sources import AnySource, unique_names
from millrace.workflow.spec import WorkflowSpec

_TRAINING = ("epochs", "learning_rate", "batch_size", "seed")


class RunParams(Value):
    """Parameters of a training run; null leaves the spec's value.

    Attributes:
        epochs, learning_rate, batch_size, seed: of `train`, of every candidate.
        limit: records a source, at most.
        force: stages to recompute though they are in the cache.
        sources: fields of a source to replace, by source name.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=65_536)] | None = None
    seed: Seed | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    force: tuple[str, ...] | None = Field((), strict=False)
    sources: dict[str, dict[str, Any]] | None = None


class PredictParams(Value):
    """Parameters of a prediction run.

    Attributes:
        sources: what to score instead of the spec's sources, each a source as in a spec.
        model_version: the version to use instead of the champion.
        limit, force: as in `RunParams`.
    """

    sources: tuple[AnySource, ...] | None = Field(None, min_length=1, strict=False)
    model_version: Annotated[int, Field(ge=1)] | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    force: tuple[str, ...] | None = Field((), strict=False)

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[AnySource, ...] | None) -> tuple[AnySource, ...] | None:
        unique_names(sources or ())
        return sources


def run_params(conf: Mapping[str, Any]) -> RunParams:
    """Check the conf of a training run; raise `SpecError` for unknown keys and bad values."""
    params: RunParams = check(dict(conf), RunParams, "conf")
    _check_force(params.force, "training")
    return params


def predict_params(conf: Mapping[str, Any], spec: WorkflowSpec | None = None) -> PredictParams:
    """Check the conf of a prediction run.

    Args:
        spec: of its workflow, for whose model the sources are; None does not ask.

    Raises:
        SpecError: unknown keys, bad values, or sources of other contents than the spec's.
    """
    params: PredictParams = check(dict(conf), PredictParams, "conf")
    _check_force(params.force, "prediction")
    if spec is not None:
        try:
            check_contents(params.sources or (), spec.modality)
        except ValueError as error:
            raise SpecError("a value is wrong", where="conf.sources", expected=error) from None
    return params


def kinds_read(spec: WorkflowSpec, conf: Mapping[str, Any]) -> set[str]:
    """Return the kinds of sources that a run may read: the spec's, and those that its conf brings.

    Args:
        conf: of either purpose, checked or not.
    """
    given = conf.get("sources") or ()
    brought = given.values() if isinstance(given, Mapping) else given
    kinds = {str(one["kind"]) for one in brought if isinstance(one, Mapping) and "kind" in one}
    return kinds | {source.kind for source in (*spec.sources, *spec.predict.sources)}


def check_trust(spec: WorkflowSpec, conf: Mapping[str, Any]) -> None:
    """Refuse a conf that would reach further than the workflow's file does.

    Whoever may trigger a DAG is not thereby allowed to run code of their choice or to read the
    worker's environment: a source of one's own kind must stand in the spec, variables are
    resolved in files only, and so are credentials used only for what a file asks with them.

    Raises:
        SpecError: a kind ``package.module:name`` that the spec does not name, a ``${…}``, or a
            connection, or a query of a database whose URI is not given, that it does not name.
    """
    named = (*spec.sources, *spec.predict.sources)
    own = {source.kind for source in named}
    given = conf.get("sources") or ()
    for source in given.values() if isinstance(given, Mapping) else given:
        kind = source.get("kind") if isinstance(source, Mapping) else None
        if isinstance(kind, str) and ":" in kind and kind not in own:
            raise SpecError(
                "a run may not bring a kind of source of its own",
                where="conf.sources",
                received=kind,
                remedy="Name it in the workflow's file first.",
            )
        if "${" in str(source):
            raise SpecError(
                "variables are resolved in workflow files only",
                where="conf.sources",
                expected="a URI as it is",
                received=source,
            )
        _check_credentials(source, named)


def _check_credentials(source: Any, named: Sequence[Any]) -> None:
    """Refuse what would be asked with the credentials of another's file."""
    given = source if isinstance(source, Mapping) else {}
    for field in ("connection", "query"):
        value = given.get(field)
        known = [getattr(one, field, None) for one in named]
        own_database = field == "query" and given.get("uri") is not None
        if value is not None and not own_database and value not in known:
            raise SpecError(
                f"a run may not bring a {field} of its own",
                where="conf.sources",
                received=value,
                remedy="Name it in the workflow's file first.",
            )


def apply(spec: WorkflowSpec, params: RunParams) -> WorkflowSpec:
    """Return the spec as the run wants it, checked again.

    Raises:
        SpecError: a source that the workflow does not have, or a changed source that is wrong.
    """
    document = spec.model_dump(mode="json")
    asked = {name: getattr(params, name) for name in _TRAINING}
    for network in (document, *document["candidates"].values()):
        network["train"] |= {name: value for name, value in asked.items() if value is not None}
    by_name = {source["name"]: source for source in document["sources"]}
    for name, fields in (params.sources or {}).items():
        if name not in by_name:
            raise SpecError(
                "the workflow has no such source",
                where=f"conf.sources.{name}",
                expected=", ".join(by_name),
                received=name,
            )
        by_name[name].update(fields)
    changed: WorkflowSpec = check(document, type(spec), "conf")
    return changed


def _check_force(force: tuple[str, ...] | None, purpose: Purpose) -> None:
    unknown = sorted(set(force or ()) - set(FORCIBLE[purpose]))
    if unknown:
        raise SpecError(
            "unknown stage",
            where="conf.force",
            expected=", ".join(FORCIBLE[purpose]),
            received=unknown,
        )
