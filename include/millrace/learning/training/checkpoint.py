"""`Progress`: all that a training run knows between two calls of its step, and its file.

The file is an ``.npz`` archive; a damaged or foreign one counts as none.
"""

from __future__ import annotations

import json
import logging
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.workflow.stage import Checkpoints

FORMAT = 2
_NAME = "training.npz"
_log = logging.getLogger(__name__)

Arrays = list[npt.NDArray[Any]]


@dataclass
class Progress:
    """The state after an epoch, or after some batches of one.

    Attributes:
        epoch: epochs done.
        batches: done of the epoch that follows. losses: of each of them. correct: of their records.
        history: a JSON document an epoch.
        best_epoch: with the lowest validation loss so far; 0 is none yet.
        best_loss: its validation loss.
        stopped: early stopping has ended the training.
        weights: of the network. optimizer: its variables. average: of the weights, or empty.
        best: weights of the best epoch, or empty.
        random: states of random layers.
        seconds: spent training so far; of no influence on the result.
    """

    epoch: int = 0
    batches: int = 0
    correct: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = float("inf")
    stopped: bool = False
    seconds: float = 0.0
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    average: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)
    random: Arrays = field(default_factory=list)
    losses: Arrays = field(default_factory=list)

    def add(self, losses: npt.NDArray[Any], correct: int) -> None:
        """Count batches as done: the loss of each, and how many of their records were right."""
        self.losses.append(losses)
        self.batches += len(losses)
        self.correct += correct

    @property
    def mean_loss(self) -> float:
        """Mean loss of the batches done of the epoch under way."""
        return float(np.concatenate(self.losses).astype(np.float64).mean())

    def close(self, facts: dict[str, Any]) -> None:
        """Count the epoch under way as done; `facts` go into the history."""
        self.history.append(facts)
        self.epoch += 1
        self.begin()

    def begin(self) -> None:
        """Stand at the first batch of the epoch that follows."""
        self.batches, self.correct, self.losses = 0, 0, []

    def save(self, checkpoints: Checkpoints, scratch: Path) -> None:
        """Store the state durably; a reader sees the old one or the new one."""
        self.losses = [np.concatenate(self.losses)] if self.losses else []
        facts = {name: getattr(self, name) for name in _FACTS}
        path = scratch / _NAME
        arrays = {
            f"{group}_{index}": array
            for group in _GROUPS
            for index, array in enumerate(getattr(self, group))
        }
        header = np.frombuffer(json.dumps({"format": FORMAT, **facts}).encode(), np.uint8)
        np.savez(path, header=header, **arrays)
        checkpoints.save(_NAME, path)
        path.unlink()

    @classmethod
    def load(cls, checkpoints: Checkpoints, scratch: Path) -> Progress | None:
        """Return the stored state, or None where there is none that can be used."""
        path = scratch / _NAME
        if not checkpoints.load(_NAME, path):
            return None
        try:
            return cls._read(path)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            _log.warning("The checkpoint cannot be used, training starts over: %s", error)
            return None
        finally:
            path.unlink(missing_ok=True)

    @classmethod
    def _read(cls, path: Path) -> Progress:
        with path.open("rb") as file, np.load(file) as archive:
            facts = json.loads(archive["header"].tobytes())
            if facts.pop("format") != FORMAT:
                raise ValueError("it was written by another version of Millrace")
            groups: dict[str, Arrays] = {group: [] for group in _GROUPS}
            for name in archive.files:
                group, _, _ = name.rpartition("_")
                if group in groups:
                    groups[group].append(archive[name])
        fields: dict[str, Any] = {**facts, **groups}
        return cls(**fields)


_FACTS = (
    *("epoch", "batches", "correct", "history"),
    *("best_epoch", "best_loss", "stopped", "seconds"),
)
_GROUPS = ("weights", "optimizer", "average", "best", "random", "losses")
