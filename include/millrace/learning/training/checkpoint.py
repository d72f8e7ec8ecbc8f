"""`Progress`: all that a training run knows after an epoch, and its file.

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

FORMAT = 1
_NAME = "training.npz"
_log = logging.getLogger(__name__)

Arrays = list[npt.NDArray[Any]]


@dataclass
class Progress:
    """The state between two epochs.

    Attributes:
        epoch: epochs done.
        history: a JSON document an epoch.
        best_epoch: with the lowest validation loss so far; 0 is none yet.
        best_loss: its validation loss.
        stopped: early stopping has ended the training.
        weights: of the network. optimizer: its variables. average: of the weights, or empty.
        best: weights of the best epoch, or empty.
        seconds: spent training so far; of no influence on the result.
    """

    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = float("inf")
    stopped: bool = False
    seconds: float = 0.0
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    average: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)

    def save(self, checkpoints: Checkpoints, scratch: Path) -> None:
        """Store the state durably; a reader sees the old one or the new one."""
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


_FACTS = ("epoch", "history", "best_epoch", "best_loss", "stopped", "seconds")
_GROUPS = ("weights", "optimizer", "average", "best")
