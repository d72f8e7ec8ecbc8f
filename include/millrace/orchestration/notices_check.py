"""`check_notices`: find what is wrong with ``MILLRACE_NOTIFY`` before an event does.

Nothing is sent, and nothing is connected to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from millrace.errors import SpecError
from millrace.orchestration.notices_setting import SETTING, NoticeRule, notice_rules
from millrace.settings import Settings
from millrace.workflow.loader import spec_files


def check_notices(settings: Settings) -> int:
    """Check the setting and return the number of its rules.

    Raises:
        SpecError: a rule is wrong: its keys, notifier, arguments, templates, or workflows.
    """
    rules = notice_rules(settings)
    if not rules:
        return 0
    from millrace.orchestration.notices import notifier_of  # Airflow, seconds

    known = {path.stem for path in spec_files(settings.workflows)}
    for number, rule in enumerate(rules):
        where = f"{SETTING}[{number}]"
        _check_workflows(rule, known, where)
        _check_templates(rule, where)
        notifier_of(rule, where)
    return len(rules)


def _check_workflows(rule: NoticeRule, known: set[str], where: str) -> None:
    unknown = sorted(set(rule.workflows) - known)
    if unknown:
        raise SpecError(
            "there is no such workflow",
            where=f"{where}.workflows",
            expected=", ".join(sorted(known)),
            received=unknown,
        )


def _check_templates(rule: NoticeRule, where: str) -> None:
    from jinja2 import Environment, TemplateSyntaxError

    parser = Environment(autoescape=True)
    for place, text in _texts(rule.arguments, f"{where}.arguments"):
        try:
            parser.parse(text)
        except TemplateSyntaxError as error:
            raise SpecError(
                "a template is wrong", where=place, expected="Jinja", received=error.message
            ) from error


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield all strings of a JSON value with their places."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")
