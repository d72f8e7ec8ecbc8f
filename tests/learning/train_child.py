"""A process that runs the stage `train` and prints its reports: something to kill.

Usage: ``train_child.py STORE KEY PARAMS FOLDER``; PARAMS is a JSON document, FOLDER keeps the
checkpoints and the output.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from millrace.artifacts.store import Store
from millrace.learning import train
from millrace.workflow.stage import StageContext


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def save(self, name: str, path: Path) -> None:
        part = self._folder / f"{name}.part"
        shutil.copyfile(path, part)
        part.replace(self._folder / name)

    def load(self, name: str, path: Path) -> bool:
        if not (self._folder / name).exists():
            return False
        shutil.copyfile(self._folder / name, path)
        return True


def _say(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main() -> None:
    uri, key, params, folder = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), Path(sys.argv[4])
    dataset = Store(uri).find(key)
    for part in ("output", "scratch"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    context = StageContext(
        params=params,
        locations={},
        inputs={"dataset": [dataset]},
        output=folder / "output",
        scratch=folder / "scratch",
        checkpoints=_Folder(folder / "checkpoints"),
        report=lambda document: _say(dict(document)),
    )
    _say({"digest": train.run(context).facts["network_digest"]})


if __name__ == "__main__":
    main()
