"""An installation with a fake Airflow behind it, and a way to call `millrace` in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fake_airflow import FakeAirflow, serve
from millrace.artifacts.digests import digest_value
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.artifacts.tables import write_table
from millrace.catalog.catalog import Catalog
from millrace.cli import main
from millrace.cli.console import console
from millrace.orchestration.embedded.process import ManagedProcess, kill
from millrace.settings import Settings

Millrace = Callable[..., tuple[int, str, str]]


@pytest.fixture
def millrace(home: Path, capsys: pytest.CaptureFixture[str]) -> Millrace:
    """Call `millrace` with these words; return exit code, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        console.cache_clear()
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def airflow(home: Path) -> Iterator[FakeAirflow]:
    """A fake Airflow that this installation takes for its own."""
    with serve() as fake:
        (home / "run").mkdir(parents=True)
        port = int(fake.url.rpartition(":")[2])
        (home / "run" / "address.json").write_text(json.dumps({"port": port}))
        (home / "passwords.json").write_text(json.dumps({"admin": fake.password}))
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        server = ManagedProcess.start("api-server", command, os.environ, home, home / "log")
        server.write(home / "run" / "api-server.json")
        yield fake
        kill(server.members())


@pytest.fixture
def history(home: Path, tmp_path: Path) -> dict[str, ArtifactRef]:
    """A finished run of `digits` in the catalog and the store: three records, one model."""
    settings = Settings.load()
    home.mkdir(exist_ok=True)
    store = Store(settings.store)
    made = {
        "partitions": _publish(store, tmp_path, "partitions", {}, None, partitions=_PARTITIONS),
        "dataset": _publish(store, tmp_path, "dataset", {"test.parquet": _RECORDS}, 3),
        "bundle": _publish(store, tmp_path, "bundle", {"bundle.json": b"{}"}, None),
        "evaluation": _publish(
            store, tmp_path, "evaluation", {"report.json": b"{}", "plots/curves.png": b"x"}, 3
        ),
        "predictions": _publish(
            store, tmp_path, "predictions", {"predictions.parquet": _PREDICTIONS}, 3
        ),
    }
    with Catalog(settings.catalog) as catalog:
        catalog.migrate()
        _record(catalog, made)
    return made


_PARTITIONS = [{"source": "uci", "index": 0}, {"source": "uci", "index": 1}]
_RECORDS = pa.table(
    {"record_id": ["digits/0", "digits/1", "digits/2"], "label": ["3", "1", "4"],
     "split": ["test"] * 3}
)  # fmt: skip
_PREDICTIONS = pa.table(
    {"record_id": ["digits/0", "digits/1", "digits/2"], "label": ["3", "1", "4"],
     "predicted": ["3", "1", "9"], "probability": [0.99, 0.98, 0.51]}
)  # fmt: skip


def _publish(
    store: Store,
    folder: Path,
    kind: str,
    files: dict[str, pa.Table | bytes],
    rows: int | None,
    **facts: Any,
) -> ArtifactRef:
    entries = {}
    for name, content in files.items():
        path = folder / "work" / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            write_table(path, content.schema, [content])
        entries[name] = store.put(path)
    manifest = Manifest(
        kind, digest_value({"key of": kind}), entries, {"kind": kind, **facts}, rows
    )
    return store.publish(manifest).ref


def _record(catalog: Catalog, made: dict[str, ArtifactRef]) -> None:
    run = catalog.runs.start(
        run_id="r1", workflow="digits", dag_id="digits", spec={"name": "digits"},
        spec_digest="ab" * 32, params={"epochs": 3}, trigger="manual", version="0.1.0",
    )  # fmt: skip
    steps = (
        ("integrate", "dataset", {}, {}),
        ("train", "bundle", {"dataset": "dataset"}, {}),
        ("evaluate", "evaluation", {"bundle": "bundle", "dataset": "dataset"}, FIGURES),
        ("predict", "predictions", {"records": "dataset", "bundle": "bundle"}, {}),
    )
    for stage, output, inputs, metrics in steps:
        documents = [{**made[kind].to_document(), "role": role} for role, kind in inputs.items()]
        execution = catalog.executions.begin(
            run=run.id, stage=stage, partition=None, key=made[output].key, key_parts={},
            inputs=documents, attempt=1, host="here",
        )  # fmt: skip
        catalog.executions.finish(
            execution, "done", reason="first execution", output=made[output], metrics=metrics,
            seconds=1.5, peak_memory_bytes=2**28,
        )  # fmt: skip
    version = catalog.models.register("digits", made["bundle"], run.id, FIGURES)
    catalog.models.decide(
        "digits", version.version, "promoted", "all checks passed", "gate", run.id, None
    )
    catalog.batches.record(
        "digits", run.id, made["predictions"].key, made["dataset"].digest, 1, 3, "predictions",
        made["predictions"],
    )  # fmt: skip
    catalog.runs.finish(run.id, "done")


FIGURES = {"accuracy": 0.9917, "accuracy_low": 0.98, "accuracy_high": 0.997,
           "baseline_accuracy": 0.98}  # fmt: skip
