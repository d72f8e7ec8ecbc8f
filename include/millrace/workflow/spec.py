"""`WorkflowSpec`: one problem, described by one YAML file, as a frozen value.

What is said here holds for every modality and every target; the sections about contents and about
what is learnt are of its subclasses, which `millrace.workflow.tasks` lists.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from millrace.settings import RuntimeName
from millrace.workflow.base import Name, Value
from millrace.workflow.candidates import Candidate, completed
from millrace.workflow.card import Card
from millrace.workflow.contents import Cleaning
from millrace.workflow.learning import AnyBaseline, AnyGate, Model, Split, Training
from millrace.workflow.privacy import Privacy
from millrace.workflow.resources import TRAINER_TASKS, Placeable, Resources
from millrace.workflow.source_contents import check_contents
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


_IDENTIFYING = {"dicom"}  # kinds of sources whose records name people unless one says otherwise

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
        schedule: cron, preset (``@daily``), assets or null.
        candidates: further networks by name; of them, `model` and a `baseline` that is a candidate
            the best on validation goes to the gate.
        runtime: where training runs; the installation's (``MILLRACE_RUNTIME``) by default.
        runtimes: where further tasks run, by name; in a process of their worker by default.
        privacy: of the people in its records. card: what only people can say of its model and
            data. encryption: whether its objects are stored
            encrypted, which needs a master key (``MILLRACE_MASTER_KEY``).
    """

    modality: ClassVar[str]
    version: Literal[1]
    name: Name
    description: str = ""
    task: str
    schedule: Schedule = None
    sources: tuple[AnySource, ...] = Field(min_length=1, strict=False)
    clean: Cleaning
    transform: Value
    split: Split = Split()
    model: Model
    augment: Value
    train: Training = Training()
    candidates: Mapping[Name, Candidate] = {}
    baseline: AnyBaseline
    gate: AnyGate
    predict: Predict = Predict()
    runtime: RuntimeName | None = None
    runtimes: dict[Placeable, RuntimeName] = {}
    resources: Resources = Resources()
    privacy: Privacy = Privacy()
    card: Card = Card()
    encryption: bool = False

    @model_validator(mode="before")
    @classmethod
    def _complete_candidates(cls, document: Any) -> Any:
        return completed(document)

    @field_validator("sources")
    @classmethod
    def _fitting_sources(cls, sources: tuple[AnySource, ...]) -> tuple[AnySource, ...]:
        unique_names(sources)
        check_contents(sources, cls.modality)
        return sources

    @field_validator("predict")
    @classmethod
    def _fitting_predictions(cls, predict: Predict) -> Predict:
        check_contents(predict.sources, cls.modality)
        return predict

    @model_validator(mode="after")
    def _has_a_test_side(self) -> WorkflowSpec:
        if self.split.test == 0 and not any(s.split == "test" for s in self.sources):
            raise ValueError("test records: give split.test a share, or a source `split: test`")
        return self

    @model_validator(mode="after")
    def _candidates_have_names_of_their_own(self) -> WorkflowSpec:
        names = [*self.networks, *self.classical]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"candidates named otherwise than {', '.join(twice)}: `model` and a `baseline` "
                "that is a candidate have their kinds as names"
            )
        return self

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks to train; the first is `model`, named by its kind."""
        return (self.model.name, *self.candidates)

    @property
    def classical(self) -> tuple[str, ...]:
        """Name of the baseline, where it is a candidate."""
        return (self.baseline.kind,) if self.baseline.candidate else ()

    @property
    def competes(self) -> bool:
        """Whether one of several models is chosen."""
        return len(self.networks) + len(self.classical) > 1

    @property
    def folds(self) -> int:
        """Folds of the cross-validation; 0 is none."""
        return 0

    def explanation(self) -> dict[str, Any]:
        """Return how answers to test records are explained, as JSON values; empty: they are not."""
        return {}

    def sensitivity(self, kinds: Iterable[str]) -> str:
        """Return the label of what sources of these kinds hold; see `Manifest.sensitivity`."""
        said = self.privacy.input
        identified = said == "identified" if said else bool({*kinds} & _IDENTIFYING)
        return "identified" if identified else ""

    def documents(self, sources: Iterable[AnySource]) -> list[dict[str, Any]]:
        """Return the documents of sources, their variables unresolved, as readers take them.

        One whose reader de-identifies is told how, and for which workflow.
        """
        privacy = {"privacy": self.privacy.model_dump(mode="json")}
        scans = {**privacy, "workflow": self.name}
        learnt = self.learnt() if self.privacy.input == "identified" else None
        others: dict[str, Any] = {} if learnt is None else {**privacy, "learnt": learnt}
        return [
            source.model_dump(mode="json") | (scans if source.kind in _IDENTIFYING else others)
            for source in sources
        ]

    def learnt(self) -> dict[str, Any] | None:
        """Return what of records is learnt from, for readers that de-identify them.

        None where no reader can: of pictures, whose pixels may show who somebody is.
        """
        return None

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """Return what labels may be, as JSON values: parameters of cleaning and uniting."""

    @abstractmethod
    def answer(self) -> dict[str, Any]:
        """Return what a model answers, as JSON values: parameters of fitting."""

    @abstractmethod
    def label_problem(self, label: str) -> str | None:
        """Say why no record can have a label, or None."""

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        rules = self.clean.model_dump(mode="json", exclude={"budget", "near_conflicts"})
        return {"modality": self.modality, "rules": rules}

    def place_of(self, task: str, default: RuntimeName) -> RuntimeName:
        """Return where a task runs; `default` is the installation's place for training.

        A baseline that becomes a bundle needs what only the trainer's image holds.
        """
        asked = "train" if task in TRAINER_TASKS else task
        if asked in self.runtimes:
            return self.runtimes[asked]
        trained = ("train", "baseline") if self.baseline.candidate else ("train",)
        return (self.runtime or default) if asked in trained else "local"
