"""`notice_rules`: who is told of what, read from the setting ``MILLRACE_NOTIFY``.

Light, since DAG parsing asks for deadlines: no notifier is imported and no variable resolved here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, field_validator, model_validator

from millrace.errors import SpecError
from millrace.settings import Settings
from millrace.workflow.base import Name, Value
from millrace.workflow.loader import check

SETTING = "MILLRACE_NOTIFY"

Event = Literal[
    "failure",
    "budget_exceeded",
    "promoted_champion",
    "refused_challenger",
    "approval_wanted",
    "late_run",
]
"""What somebody may be told of."""


class NoticeRule(Value):
    """Tell of some events through one Airflow notifier.

    Attributes:
        notifier: import path of its class, ``package.module.Class``.
        arguments: of its constructor; ``${VARIABLE}``s are resolved when it is used, Airflow's
            templates see ``notice`` besides the usual context.
        events: of which to tell.
        workflows: of which workflows; empty: of all.
        late_after: seconds after which a queued run is late; with the event ``late_run`` only.
    """

    notifier: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    arguments: dict[str, Any] = {}
    events: tuple[Event, ...] = Field(min_length=1, strict=False)
    workflows: tuple[Name, ...] = Field((), strict=False)
    late_after: Annotated[float, Field(gt=0)] | None = None

    @field_validator("events", mode="before")
    @classmethod
    def _known(cls, events: Any) -> Any:
        for event in events if isinstance(events, (list, tuple)) else ():
            if event not in get_args(Event):
                raise ValueError(f"events of {', '.join(get_args(Event))}")
        return events

    @model_validator(mode="after")
    def _late_has_a_limit(self) -> NoticeRule:
        if ("late_run" in self.events) != (self.late_after is not None):
            raise ValueError("the event late_run and its limit late_after (seconds) together")
        return self

    def concerns(self, workflow: str, event: str) -> bool:
        """Whether the rule tells of an event of a workflow."""
        return event in self.events and workflow in (self.workflows or (workflow,))


def notice_rules(settings: Settings | None = None) -> tuple[NoticeRule, ...]:
    """Return the rules of an installation; none where the setting is empty.

    Raises:
        SpecError: the setting is not a list of rules, or its file cannot be read.
    """
    settings = settings or Settings.load()
    if not settings.notify:
        return ()
    document = _parse(*_text(settings))
    return tuple(_rule(item, f"{SETTING}[{number}]") for number, item in enumerate(document))


def _rule(item: Any, where: str) -> NoticeRule:
    """Return a rule; what is wrong with it is told without its values: one may be a password."""
    try:
        rule: NoticeRule = check(item, NoticeRule, where)
    except SpecError as error:
        place = str(error.where).rstrip(".")
        raise SpecError(
            error.problem, where=place, expected=error.expected, remedy=error.remedy
        ) from None
    return rule


def _text(settings: Settings) -> tuple[str, str]:
    """Return the YAML text and where it stands."""
    if settings.notify.startswith(("[", "-")):
        return settings.notify, SETTING
    path = settings.project / Path(settings.notify).expanduser()
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, ValueError) as error:
        raise SpecError(
            "the file with the notices cannot be read",
            where=SETTING,
            expected="a list in YAML or JSON, or the path of a file that holds one",
            received=error,
        ) from error


def _parse(text: str, where: str) -> Sequence[Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        raise SpecError(
            "the notices are not YAML",
            where=f"{where}{line}",
            received=getattr(error, "problem", None),  # the text itself may hold a password
        ) from None
    if isinstance(document, list):
        return document
    raise SpecError(
        "the notices are not a list",
        where=where,
        expected="- notifier: package.module.Class …",
        received=type(document).__name__,
    )
