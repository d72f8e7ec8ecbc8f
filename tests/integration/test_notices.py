"""Every event told by real notifiers through a real scheduler; one of them fails, no run does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from file_notifier import told
from real_airflow import Running, started
from smtp_sink import Sink, sink

pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow]

TESTS = Path(__file__).parents[1]
SECRET = "hunter2-hunter2"
SPEC = (  # of one partition, which Airflow hands over unlike many
    tiny_workflow.SPEC.replace("partition_rows: 250", "partition_rows: 1000")
    + "predict: {schedule: null}\n"
)
STRICT = SPEC.replace("name: tiny", "name: strict").replace(
    "sources:", "labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8']\nsources:"
)  # every tenth record has a label that the workflow does not know


@dataclass
class Told:
    """A running Airflow, and what the notifiers sent."""

    airflow: Running
    file: Path
    mails: Sink

    def of(self, event: str, run_id: str | None = None, seconds: float = 60) -> dict[str, Any]:
        """Return the notice of an event, of a run or of any, as soon as there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [notice for notice in told(self.file) if notice["event"] == event]
            found = [n for n in found if run_id in (None, n["run_id"])]
            if found:
                return found[-1]
            time.sleep(0.2)
        raise AssertionError(f"nobody was told of {event}: {told(self.file)}")


def rules(file: Path) -> list[dict[str, Any]]:
    files = {"path": str(file), "text": "{{ notice.event }}: {{ notice.title }}"}
    events = ["failure", "budget_exceeded", "promoted_champion", "refused_challenger"]
    return [
        {"notifier": "file_notifier.FileNotifier", "events": events, "arguments": files},
        {
            "notifier": "file_notifier.FileNotifier",
            "events": ["late_run"],
            "late_after": 1,
            "workflows": ["tiny"],
            "arguments": files,
        },
        {
            "notifier": "file_notifier.FailingNotifier",
            "events": [*events, "late_run"],
            "late_after": 1,
            "arguments": {"path": "", "secret": "${CHAT_TOKEN}"},
        },
        {
            "notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
            "events": ["failure"],
            "arguments": {
                "from_email": "millrace@example.org",
                "to": "team@example.org",
                "subject": "{{ notice.title }}",
                "html_content": "{{ notice.text }}",
            },
        },
    ]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """An Airflow in which runs were promoted, refused, failed, over budget, and late."""
    folder = tmp_path_factory.mktemp("notices")
    with sink() as mails:
        extra = {"disable_ssl": True, "disable_tls": True, "retry_limit": 1}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": mails.port}
        variables = {
            "MILLRACE_NOTIFY": json.dumps(rules(folder / "told")),
            "CHAT_TOKEN": SECRET,
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps({**connection, "extra": extra}),
            "PYTHONPATH": str(TESTS),
        }
        with started(folder, {"tiny": SPEC, "strict": STRICT}, variables) as airflow:
            assert airflow.run("tiny", "good", {"limit": 400}) == "success"
            assert airflow.run("tiny", "trial", {"limit": 400, "epochs": 1}) == "success"
            assert airflow.run("tiny", "wrong", {"epoch": 3}) == "failed"
            assert airflow.run("strict", "over", {"limit": 300}) == "failed"
            yield Told(airflow, folder / "told", mails)


def test_a_promoted_champion(happened: Told) -> None:
    notice = happened.of("promoted_champion")
    assert (notice["workflow"], notice["run_id"]) == ("tiny", "good")
    assert notice["shown"] == "promoted_champion: tiny: version 1 is champion"


def test_a_refused_challenger(happened: Told) -> None:
    notice = happened.of("refused_challenger")
    assert notice["title"] == "tiny: version 2 was refused"
    assert "trial" in notice["text"]


def test_a_failed_run_that_never_reached_the_catalog(happened: Told) -> None:
    notice = happened.of("failure", "wrong")
    assert notice["title"] == "tiny: run wrong failed"
    assert notice["workflow"] == "tiny"


def test_an_exceeded_budget_says_which(happened: Told) -> None:
    notice = happened.of("budget_exceeded")
    assert (notice["workflow"], notice["run_id"]) == ("strict", "over")
    assert "clean.budget" in notice["text"]


def test_a_late_run_is_told_once_and_not_of_other_workflows(happened: Told) -> None:
    happened.of("late_run")
    late = [n["run_id"] for n in told(happened.file) if n["event"] == "late_run"]
    assert late.count("good") == 1
    assert "over" not in late


def test_a_provider_sends_mail_through_its_connection(happened: Told) -> None:
    happened.of("budget_exceeded")
    deadline = time.monotonic() + 30
    while len(happened.mails.mails) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    subjects = "".join(happened.mails.mails)
    assert "Subject: tiny: run wrong failed" in subjects
    assert "Subject: strict: run over failed" in subjects


def test_a_cleared_promotion_is_not_told_again(happened: Told) -> None:
    happened.of("promoted_champion")
    before = [n["event"] for n in told(happened.file) if n["run_id"] == "good"]
    happened.airflow.clear("tiny", "good", task_ids=["promote"])
    assert happened.airflow.wait("tiny", "good") == "success"
    happened.airflow.settle()
    after = [n["event"] for n in told(happened.file) if n["run_id"] == "good"]
    assert after.count("promoted_champion") == before.count("promoted_champion") == 1


def test_no_log_shows_what_came_from_a_variable(happened: Told) -> None:
    happened.of("late_run")
    home = happened.airflow.installation.settings.home
    logs = [path for path in home.rglob("*.log") if path.is_file()]
    texts = {path: path.read_text(errors="replace") for path in logs}
    assert [path for path, text in texts.items() if SECRET in text] == []
    assert any("FailingNotifier was not told" in text for text in texts.values())
