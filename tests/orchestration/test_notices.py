"""Who is told of what; that telling fails harms nobody; what the checks find before an event."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from file_notifier import told
from millrace.cli import main
from millrace.errors import SpecError
from millrace.orchestration import notices
from millrace.orchestration.notices import Notice, tell
from millrace.orchestration.notices_check import check_notices
from millrace.orchestration.notices_setting import notice_rules
from millrace.settings import Settings

pytestmark = pytest.mark.airflow

NOTICE = Notice("failure", "tiny", "tiny", "r1", "tiny: run r1 failed", "A disk is full.")


class Setting:
    """MILLRACE_NOTIFY in an installation with the workflow `tiny`."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        self.file = folder / "told"
        (folder / "workflows").mkdir()
        (folder / "workflows" / "tiny.yaml").write_text(tiny_workflow.SPEC)
        patch.setenv("MILLRACE_HOME", str(folder / "home"))
        patch.setenv("MILLRACE_WORKFLOWS", str(folder / "workflows"))

    def rule(self, kind: str = "FileNotifier", **changes: Any) -> dict[str, Any]:
        arguments = {"path": str(self.file), **changes.pop("arguments", {})}
        rule = {"notifier": f"file_notifier.{kind}", "arguments": arguments, "events": ["failure"]}
        return {**rule, **changes}

    def set(self, *rules: dict[str, Any]) -> None:
        self.patch.setenv("MILLRACE_NOTIFY", json.dumps(rules))


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(tmp_path, monkeypatch)


def test_nothing_is_set_and_nobody_is_told(setting: Setting) -> None:
    tell(NOTICE, {})
    assert check_notices(Settings.load()) == 0


def test_a_notifier_is_told_with_its_templates_filled(setting: Setting) -> None:
    text = "{{ notice.event }} in {{ notice.workflow }}: {{ notice.text }}"
    setting.set(setting.rule(arguments={"text": text}))
    tell(NOTICE, {})
    assert [line["shown"] for line in told(setting.file)] == ["failure in tiny: A disk is full."]


def test_the_setting_may_be_a_file(setting: Setting) -> None:
    file = setting.folder / "notices.yaml"
    file.write_text(
        f"- notifier: file_notifier.FileNotifier\n  events: [failure]\n"
        f"  arguments: {{path: {setting.file}}}\n"
    )
    setting.patch.setenv("MILLRACE_NOTIFY", str(file))
    tell(NOTICE, {})
    assert len(told(setting.file)) == 1


def test_only_who_asked_for_event_and_workflow_is_told(setting: Setting) -> None:
    setting.set(
        setting.rule(events=["promoted_champion"]),
        setting.rule(workflows=["digits"]),
        setting.rule(workflows=["tiny"], arguments={"text": "me"}),
    )
    tell(NOTICE, {})
    assert [line["shown"] for line in told(setting.file)] == ["me"]


def test_one_that_fails_is_a_warning_and_the_others_are_told(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.set(setting.rule("FailingNotifier"), setting.rule())
    tell(NOTICE, {})
    assert len(told(setting.file)) == 1
    assert "FailingNotifier was not told" in caplog.text
    assert "millrace validate" in caplog.text


def test_one_that_hangs_is_given_up(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notices, "PATIENCE", 0.3)
    setting.set(setting.rule("HangingNotifier"))
    began = time.monotonic()
    tell(NOTICE, {})
    assert time.monotonic() - began < 5
    assert "no answer within" in caplog.text


def test_a_secret_from_a_variable_is_in_no_log(
    setting: Setting,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CHAT_TOKEN", "hunter2-hunter2")
    setting.set(setting.rule("FailingNotifier", arguments={"secret": "Bearer ${CHAT_TOKEN}"}))
    tell(NOTICE, {})
    shown = capsys.readouterr()
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("millrace")]
    assert "no login with Bearer …" in ours[-1]
    assert "hunter2" not in "".join([*ours, shown.out, shown.err])


def test_a_wrong_setting_is_a_warning_at_the_event(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.patch.setenv("MILLRACE_NOTIFY", '[{"notifier": 3}]')
    tell(NOTICE, {})
    assert "Nobody was told" in caplog.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"notifier": "no.such.Notifier"}, "cannot be imported"),
        ({"notifier": "pathlib.Path"}, "not an Airflow notifier"),
        ({"notifier": "Path"}, r"MILLRACE_NOTIFY\[0\].notifier"),
        ({"arguments": {"colour": "red"}}, "refuses its arguments"),
        ({"arguments": {"text": "{{ notice.title"}}, "a template is wrong"),
        ({"arguments": {"text": "${NOT_SET_HERE}"}}, "NOT_SET_HERE is not set"),
        ({"events": ["explosion"]}, "refused_challenger"),
        ({"events": []}, "events"),
        ({"events": ["late_run"]}, "late_after"),
        ({"late_after": 5}, "late_run"),
        ({"events": ["late_run"], "late_after": -1}, "greater than 0"),
        ({"workflows": ["tinny"]}, "no such workflow"),
        ({"evnts": ["failure"]}, "Did you mean events"),
    ],
)
def test_a_wrong_rule_is_found_before_any_event(
    setting: Setting, changes: dict[str, Any], sentence: str
) -> None:
    setting.set(setting.rule(**changes))
    with pytest.raises(SpecError, match=sentence):
        check_notices(Settings.load())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nowhere.yaml", "cannot be read"),
        ("[{", "not YAML"),
        ("[1]", "MILLRACE_NOTIFY"),
        ("- 1", "MILLRACE_NOTIFY"),
    ],
)
def test_a_setting_that_is_no_list_of_rules_is_refused(
    setting: Setting, text: str, sentence: str
) -> None:
    setting.patch.setenv("MILLRACE_NOTIFY", text)
    with pytest.raises(SpecError, match=sentence):
        check_notices(Settings.load())


def test_a_wrong_argument_does_not_show_a_secret(setting: Setting) -> None:
    setting.patch.setenv("CHAT_TOKEN", "hunter2-hunter2")
    setting.set(setting.rule(arguments={"text": 3, "${CHAT_TOKEN}": "${CHAT_TOKEN}"}))
    with pytest.raises(SpecError) as caught:
        check_notices(Settings.load())
    assert "hunter2" not in str(caught.value)


def test_validate_says_what_is_wrong(setting: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    setting.set(setting.rule())
    assert main(["validate"]) == 0
    assert "ok, 1 rule" in capsys.readouterr().out
    setting.set(setting.rule(notifier="no.such.Notifier"))
    assert main(["validate"]) == 64
    assert "cannot be imported" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    "rule",
    [
        {"notifier": "a.b.C", "arguments": {"password": "hunter2"}, "events": ["late_run"]},
        {"notifier": "a.b.C", "arguments": "hunter2", "events": ["failure"]},
        "hunter2",
    ],
)
def test_a_wrong_rule_is_told_without_its_values(rule: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFY", json.dumps([rule]))
    with pytest.raises(SpecError, match=r"MILLRACE_NOTIFY\[0\]") as raised:
        notice_rules()
    assert "hunter2" not in str(raised.value)
