"""`WorkflowSpec`: one problem, described by one YAML file, as a frozen value.

What is said here holds for every modality; the sections about contents are of its subclasses, which
`millrace.workflow.tasks` lists.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from millrace.settings import RuntimeName
from millrace.workflow.base import Name, Value
from millrace.workflow.contents import Cleaning
from millrace.workflow.decision import Decision
from millrace.workflow.learning import Gate, Model, Split, Training
from millrace.workflow.resources import Placeable, Resources
from millrace.workflow.sources import AnySource, unique_names


class AssetSchedule(Value):
    """Run whenever these assets are updated.

    Attributes:
        assets: names of Airflow assets, for example ``digits_champion``.
    """

    assets: tuple[str, ...] = Field(min_length=1, strict=False)


_PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@yearly")


def _known_schedule(value: str) -> str:
    """Refuse what Airflow would only refuse when it parses the DAG."""
    from croniter import croniter

    if value.startswith("@") and value not in _PRESETS:
        raise ValueError(f"a preset of {', '.join(_PRESETS)}")
    if not value.startswith("@") and not croniter.is_valid(value):
        raise ValueError("a cron expression such as '0 3 * * *', a preset, assets, or null")
    return value


Timetable = Annotated[str, AfterValidator(_known_schedule)]
Schedule = Timetable | AssetSchedule | None


class Predict(Value):
    """Where predictions go, and of what.

    Attributes:
        table: SQL table that receives one row a record and model version.
        sources: what the `<workflow>_predict` DAG scores; empty: the workflow's own sources.
        schedule: of the `<workflow>_predict` DAG: cron, preset, assets, ``champion`` (on every new
            champion) or null (by hand and by REST only).
    """

    table: Name = "predictions"
    sources: tuple[AnySource, ...] = Field((), strict=False)
    schedule: Literal["champion"] | Schedule = "champion"

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[AnySource, ...]) -> tuple[AnySource, ...]:
        unique_names(sources)
        return sources


class WorkflowSpec(Value):
    """One workflow. See `include/workflows/digits.yaml` for a commented example.

    Attributes:
        modality: what its records' contents are; the implementations have it in the registry.
        version: of this format. name: DAG id, folder and table prefix.
        labels: the classes, in order; empty: the sorted labels that the data holds.
        schedule: cron, preset (``@daily``), assets or null.
        runtime: where training runs; the installation's (``MILLRACE_RUNTIME``) by default.
        runtimes: where further tasks run, by name; in a process of their worker by default.
    """

    modality: ClassVar[str]
    version: Literal[1]
    name: Name
    description: str = ""
    task: str
    schedule: Schedule = None
    labels: tuple[str, ...] = Field((), strict=False)
    sources: tuple[AnySource, ...] = Field(min_length=1, strict=False)
    clean: Cleaning
    transform: Value
    split: Split = Split()
    model: Model
    augment: Value
    train: Training = Training()
    decision: Decision = Decision()
    baseline: Value
    gate: Gate = Gate()
    predict: Predict = Predict()
    runtime: RuntimeName | None = None
    runtimes: dict[Placeable, RuntimeName] = {}
    resources: Resources = Resources()

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[AnySource, ...]) -> tuple[AnySource, ...]:
        unique_names(sources)
        return sources

    @field_validator("labels")
    @classmethod
    def _unique_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) != len(labels):
            raise ValueError("labels must be unique")
        if len(labels) == 1:
            raise ValueError("a classification needs at least two labels")
        return labels

    @model_validator(mode="after")
    def _has_a_test_side(self) -> WorkflowSpec:
        if self.split.test == 0 and not any(s.split == "test" for s in self.sources):
            raise ValueError("no test records: give split.test a share or a source `split: test`")
        return self

    @model_validator(mode="after")
    def _can_be_decided(self) -> WorkflowSpec:
        problem = self.decision.problem(self.labels) if self.labels else None
        if problem is not None:
            raise ValueError(f"a decision between the classes of `labels`: {problem}")
        missing = self.gate.of_a_positive_class() if self.decision.positive is None else ()
        if missing:
            raise ValueError(f"`decision.positive`, which the gate's {', '.join(missing)} need")
        return self

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        rules = self.clean.model_dump(mode="json", exclude={"budget", "near_conflicts"})
        return {"modality": self.modality, "rules": rules}

    def place_of(self, task: str, default: RuntimeName) -> RuntimeName:
        """Return where a task runs; `default` is the installation's place for training."""
        if task in self.runtimes:
            return self.runtimes[task]
        return (self.runtime or default) if task == "train" else "local"
