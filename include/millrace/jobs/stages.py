"""The table of stages: what implements each, and what its result depends on besides its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from millrace.errors import SpecError
from millrace.workflow.registry import PACKAGES, implementation

_TABLES = ("numpy", "pyarrow")
_SCORING = (*_TABLES, "onnxruntime", "scikit-learn")


@dataclass(frozen=True)
class Stage:
    """A kind of work.

    Attributes:
        name: of the stage.
        module: whose ``run(context)`` does it.
        packages: distributions whose versions may change the result.
        side: of modalities that it uses, ``data`` or ``learning``.
        volatile: looks at the world outside the store (sources, the time an answer takes), so it
            is executed every time.
        deidentifies: a certificate that passed (see `millrace.privacy.certificate`) makes its
            result of identified input one without a label.
        shows: what its result is where it is for people or leaves the store, ``a report``: it
            refuses labelled input.
        heavy: executed by the workflow's runtime (a child process or a container), because it
            needs a deep-learning framework.
    """

    name: str
    module: str
    packages: tuple[str, ...] = ()
    side: str | None = None
    volatile: bool = False
    heavy: bool = False
    deidentifies: bool = False
    shows: str = ""


STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("discover", "millrace.data.discover", volatile=True),
        Stage("collect", "millrace.data.collect", _TABLES, deidentifies=True),
        Stage("clean", "millrace.data.clean", _TABLES, "data"),
        Stage("transform", "millrace.data.transform", _TABLES, "data"),
        Stage("integrate", "millrace.data.integrate", _TABLES, "data"),
        Stage(
            "train",
            "millrace.learning.train",
            (*_TABLES, "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime"),
            "learning",
            heavy=True,
        ),
        Stage("baseline", "millrace.learning.baseline", (*_TABLES, "scikit-learn"), "learning"),
        Stage("choose", "millrace.learning.choose", _SCORING, "learning", shows="a comparison"),
        Stage("folds", "millrace.data.folds", _TABLES),
        Stage("fold", "millrace.data.fold", _TABLES),
        Stage(
            "cross_validate",
            "millrace.learning.cross_validate",
            _SCORING,
            "learning",
            shows="a report",
        ),
        Stage(
            "shortcuts",
            "millrace.learning.shortcuts",
            (*_TABLES, "scikit-learn"),
            shows="a report",
        ),
        Stage(
            "evaluate",
            "millrace.learning.evaluate",
            (*_SCORING, "matplotlib"),
            "learning",
            shows="a report",
        ),
        Stage(
            "explain",
            "millrace.learning.explain",
            (*_SCORING, "tensorflow", "keras", "matplotlib"),
            "learning",
            heavy=True,
            shows="a report",
        ),
        Stage("cards", "millrace.learning.cards", shows="a card"),
        Stage(
            "gate",
            "millrace.learning.gate",
            _SCORING,
            "learning",
            volatile=True,
            shows="a decision on a model",
        ),
        Stage("predict", "millrace.learning.predict", _SCORING, "learning", shows="a prediction"),
    )
}


def stage_named(name: str) -> Stage:
    """Return a stage; raise `SpecError` for a name that is none."""
    if name not in STAGES:
        raise SpecError("unknown stage", expected=", ".join(STAGES), received=name)
    return STAGES[name]


def packages(stage: Stage, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the distributions whose versions may change what the stage makes."""
    written = ("onnx", "onnxruntime") if params.get("export") else ()
    of_contents = (PACKAGES.get(params.get(name, ""), ()) for name in ("modality", "kind"))
    return (*stage.packages, *written, *chain.from_iterable(of_contents))


def plugins(stage: Stage, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the import paths of the implementations that the parameters name."""
    if stage.side is not None:
        yield implementation(f"{stage.side} modality", params["modality"])
    if stage.name == "collect":
        yield implementation("source", params["kind"])
        if (params.get("read", {}).get("privacy") or {}).get("input") == "identified":
            yield implementation("door", "identified")
    if stage.name == "clean":
        yield from params["rules"]["rules"]
    if stage.name == "transform" and params["transform"].get("custom"):
        yield params["transform"]["custom"]
    if stage.name == "train":
        yield implementation("model", params["model"]["kind"])
