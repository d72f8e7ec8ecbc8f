"""The trigger form: a run's parameters as typed Airflow params.

Every field may be left empty (null), which keeps the spec's value; Airflow refuses wrong types and
ranges at the trigger, the first task refuses unknown keys.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from millrace.workflow.graph import FORCIBLE
from millrace.workflow.spec import WorkflowSpec

_TRAINING = "Training"
_DATA = "Data"
_CACHE = "Cache"


def training_form(spec: WorkflowSpec) -> dict[str, Param]:
    """Return the params of the workflow's training DAG."""
    train = spec.train
    return {
        "epochs": _integer("Epochs", train.epochs, 1, 10_000, _TRAINING),
        "learning_rate": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            maximum=10,
            title="Learning rate",
            description_md=f"Peak learning rate. The spec says {train.learning_rate:g}.",
            section=_TRAINING,
        ),
        "batch_size": _integer("Batch size", train.batch_size, 1, 65_536, _TRAINING),
        "seed": _integer("Seed", train.seed, 0, 2**31 - 1, _TRAINING),
        "limit": _limit(),
        "sources": Param(
            None,
            type=["null", "object"],
            title="Source overrides",
            description_md='Fields to replace, by source: `{"train": {"images": "s3://…"}}`.',
            section=_DATA,
        ),
        "force": _force(FORCIBLE["training"]),
    }


def prediction_form() -> dict[str, Param]:
    """Return the params of a workflow's prediction DAG."""
    return {
        "sources": Param(
            None,
            type=["null", "array"],
            items={"type": "object"},
            title="Sources to score",
            description_md="Sources as in a spec, instead of the workflow's own.",
            section=_DATA,
        ),
        "limit": _limit(),
        "model_version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Model version",
            description_md="Empty: the champion.",
            section="Model",
        ),
        "force": _force(FORCIBLE["prediction"]),
    }


def _integer(title: str, value: int, low: int, high: int, section: str) -> Param:
    return Param(
        None,
        type=["null", "integer"],
        minimum=low,
        maximum=high,
        title=title,
        description_md=f"{low:,} to {high:,}. The spec says {value:,}.",
        section=section,
    )


def _limit() -> Param:
    return Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Limit",
        description_md="Records a source, at most. Empty: all.",
        section=_DATA,
    )


def _force(stages: tuple[str, ...]) -> Param:
    items: dict[str, Any] = {"type": "string", "enum": list(stages)}
    return Param(
        None,
        type=["null", "array"],
        items=items,
        examples=list(stages),
        title="Force",
        description_md="Stages to compute again though their results are in the store.",
        section=_CACHE,
    )
