"""The DAG `store_gc` with Airflow's own task runner."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def garbage(home: Path) -> Path:
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    path = home / "store" / "objects" / "ab" / ".part-abandoned"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    os.utime(path, (time.time() - 48 * 3600,) * 2)
    return path


@pytest.fixture(scope="module")
def dag() -> Any:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    folder.mkdir(exist_ok=True)
    (folder / "store_gc.py").write_text((PROJECT / "dags" / "store_gc.py").read_text())
    initdb()
    bag = DagBag(dag_folder=str(folder / "store_gc.py"))
    assert bag.import_errors == {}
    return bag.dags["store_gc"]


def test_a_run_by_hand_removes_only_when_told_to(dag: Any, garbage: Path) -> None:
    run = dag.test()
    assert run.state == "success"
    assert {t.task_id: t.state for t in run.get_task_instances()} == {
        "report": "success",
        "remove": "skipped",
    }
    assert garbage.exists()
    run = dag.test(run_conf={"dry_run": False})
    assert {t.task_id: t.state for t in run.get_task_instances()} == {
        "report": "success",
        "remove": "success",
    }
    assert not garbage.exists()
