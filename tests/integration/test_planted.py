"""People who are planted into scans, mails and tables are found nowhere afterwards.

Each workflow goes whole: to predictions, reports, quarantine, what commands print, and an error.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest

import planted
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.cli import main
from millrace.cli.console import console
from millrace.errors import MillraceError
from millrace.jobs.local_run import run_workflow
from millrace.settings import Settings

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that an installation leaves: home, temporary files; inputs are in `in`."""
    workflows = tmp_path / "workflows"
    workflows.mkdir()
    for name, text in planted.plant(tmp_path / "in").items():
        (workflows / f"{name}.yaml").write_text(text)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(workflows))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", planted.KEY)
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    Catalog(Settings.load().catalog).migrate()
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code of a command, and all that it prints."""
    console.cache_clear()
    code = main(words)
    out, err = capsys.readouterr()
    return code, out + err


def shown(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what commands print of a workflow; they write files into `folder`, too."""
    prints = [
        told(capsys, "runs"),
        told(capsys, "show", "run"),
        told(capsys, "show", "model", name),
    ]
    prints += [told(capsys, "quarantine", name), told(capsys, "quarantine", "list", name, "--json")]
    prints += [told(capsys, "quarantine", "export", name, str(folder / f"{name}-export"))]
    record = predicted(folder, f"{name}_predictions")[0]["record_id"]
    prints += [told(capsys, "show", kind, record) for kind in ("record", "prediction")]
    assert [code for code, _ in prints] == [0] * len(prints)
    return [text for _, text in prints]


def predicted(folder: Path, table: str) -> list[dict[str, Any]]:
    connection = sqlite3.connect(folder / "home" / "predictions.db")
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(f'select * from "{table}"')]
    finally:
        connection.close()


def contents(settings: Settings) -> list[bytes]:
    """Return what every artifact's files hold once they are decrypted."""
    store = Store(settings.store, settings.home / "cache")
    return [
        artifact.path(name).read_bytes()
        for artifact in (store.get(ref) for ref in references(settings))
        for name in artifact.manifest.files
    ]


def references(settings: Settings) -> list[Any]:
    with Catalog(settings.catalog) as catalog:
        runs = catalog.runs.latest(limit=100)
        found = [e.output for run in runs for e in catalog.executions.of_run(run.id)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("word", ["Wunderlichova", "4929123456789014", "Präambel"])
def test_the_search_finds_what_is_packed(word: str) -> None:
    for data in planted.packed(word):
        assert planted.traces(data) == {word}, data[:8]


def test_the_inputs_hold_all_that_is_looked_for(tmp_path: Path) -> None:
    planted.plant(tmp_path / "in")
    found = planted.remains([tmp_path], [])
    words = {word for one in found.values() for word in one}
    assert {*planted.PEOPLE, "pixels", "Hildegunde", "privatnotiz", "Sequenzmann"} <= words | {
        "4929123456789014",  # written with blanks
        "DE89370400440532013000",
    }


@pytest.mark.parametrize("name", ["scans", "mail"])
def test_no_trace_of_people_is_left(
    installed: Path, name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[Any] = []
    outcome = run_workflow(name, {}, lambda task, event: events.append([task, dict(event)]))
    assert outcome["decision"] == "promoted", outcome
    said = [json.dumps(outcome), json.dumps(events, default=str)]
    said += [*shown(installed, name, capsys), failed(installed, name), caplog.text]
    for text in (*said, *capsys.readouterr()):
        assert not planted.traces(text.encode()), text[:500]
    for data in contents(Settings.load()):
        assert not planted.traces(data)
    apart = [installed / "in", installed / "restricted"]
    assert planted.remains([installed], apart) == {}
    if name == "scans":
        assert [path for path in (installed / "restricted").rglob("*") if path.is_file()]
        assert planted.remains([installed / "restricted"], []) == {}


def failed(folder: Path, name: str) -> str:
    """Break a workflow's input, run it again, and return all that its error says."""
    source = {"scans": folder / "in" / "labels.csv", "mail": folder / "in" / "notes.csv"}[name]
    broken = {"scans": "file,Etikettowski\nZweifelstein,spot\n", "mail": "Spaltenbert;x\n\x00"}[
        name
    ]
    source.write_text(broken)
    with pytest.raises(MillraceError) as caught:
        run_workflow(name, {})
    error = caught.value
    return f"{error!r} {error} {json.dumps(error.to_document())} {error.__cause__!r}"
