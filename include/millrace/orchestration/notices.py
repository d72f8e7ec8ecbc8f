"""`tell`: tell people of an event through Airflow's notifiers, as the setting says.

A notifier that fails, hangs or cannot be made is a warning in the log; no task and no run is ever
the worse for it. What a notifier was given from ``${VARIABLE}``s never reaches a log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from millrace.errors import MillraceError, SpecError, shorten
from millrace.orchestration.notices_setting import SETTING, Event, NoticeRule, notice_rules
from millrace.workflow.variables import expand

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

PATIENCE = 30.0  # seconds that a notifier may take
_HIDDEN = 4  # characters; shorter values of variables are no secrets, and would blot out the text
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """What is told: ``{{ notice.title }}`` and so on in a notifier's templates.

    Attributes:
        event: of the setting. workflow, dag_id, run_id: where it happened.
        title: a line. text: sentences.
    """

    event: Event
    workflow: str
    dag_id: str
    run_id: str
    title: str
    text: str


def tell(notice: Notice, context: Mapping[str, Any], limit: float | None = None) -> None:
    """Tell everybody who wants to know.

    Args:
        notice: what happened.
        context: Airflow's, as far as there is one, for the notifiers' templates.
        limit: of a late run, seconds: only those are told who set it.
    """
    try:
        rules = notice_rules()
    except MillraceError as error:
        log.warning("Nobody was told of %r: %s", notice.title, error)
        return
    for rule in rules:
        if rule.concerns(notice.workflow, notice.event) and limit in (None, rule.late_after):
            _tell(rule, notice, context)


def notifier_of(rule: NoticeRule, where: str = SETTING) -> BaseNotifier:
    """Return the notifier that a rule describes.

    Raises:
        SpecError: there is no such notifier, a variable is not set, or its arguments do not fit.
    """
    kind = _class(rule.notifier, where)
    arguments = expand(rule.arguments, os.environ, f"{where}.arguments")
    try:
        made: BaseNotifier = kind(**arguments)
    except Exception as error:
        raise SpecError(
            "the notifier refuses its arguments",
            where=f"{where}.arguments",
            received=hide(f"{type(error).__name__}: {error}", rule),
        ) from None
    return made


def hide(text: str, rule: NoticeRule) -> str:
    """Return a text, cut, without what came into the rule's arguments from variables."""
    for value in _secrets(rule):
        text = text.replace(value, "…")
    return shorten(text)


def _tell(rule: NoticeRule, notice: Notice, context: Mapping[str, Any]) -> None:
    try:
        with _masked(rule), _patience():
            _call(notifier_of(rule), {**context, "notice": asdict(notice)})
    except (Exception, AirflowTaskTimeout) as error:
        log.warning(
            "%s was not told of %r: %s. The run goes on; check %s with `millrace validate`.",
            rule.notifier,
            notice.title,
            hide(f"{type(error).__name__}: {error}", rule),
            SETTING,
        )


def _call(notifier: BaseNotifier, context: Mapping[str, Any]) -> None:
    """Call a notifier and raise its error, which Airflow would first write to the log as it is."""
    errors: list[Exception] = []
    send = notifier.notify

    def guarded(filled: Any) -> None:
        try:
            send(filled)
        except Exception as error:
            errors.append(error)

    notifier.notify = guarded  # type: ignore[method-assign, assignment]
    notifier(context)
    if errors:
        raise errors[0]


def _patience() -> AbstractContextManager[Any]:
    sentence = f"no answer within {PATIENCE:.0f} s"
    limit: AbstractContextManager[Any] = timeout(PATIENCE, sentence)  # type: ignore[no-untyped-call]
    return limit


@contextmanager
def _masked(rule: NoticeRule) -> Iterator[None]:
    """Keep a notifier's own log from showing what came from variables."""
    from airflow.sdk.log import mask_secret

    for value in _secrets(rule):
        mask_secret(value)
    yield


def _secrets(rule: NoticeRule) -> list[str]:
    """Return the values of variables in the rule's arguments, the longest first."""
    seen: dict[str, str] = {}

    class Watched(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            value = super().get(name, default)
            if isinstance(value, str) and len(value) >= _HIDDEN:
                seen[name] = value
            return value

    try:
        expand(rule.arguments, Watched(os.environ))
    except SpecError:
        return []
    return sorted(seen.values(), key=len, reverse=True)


def _class(path: str, where: str) -> type[BaseNotifier]:
    from airflow.sdk import BaseNotifier

    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:
        raise SpecError(
            "the notifier cannot be imported",
            where=f"{where}.notifier",
            expected="package.module.Class; the folder `include/` is on the path",
            received=f"{path} ({type(error).__name__}: {error})",
            remedy="Check its name; install its provider.",
        ) from error
    if isinstance(found, type) and issubclass(found, BaseNotifier):
        return found
    raise SpecError(
        "not an Airflow notifier",
        where=f"{where}.notifier",
        expected="a class made from airflow.sdk.BaseNotifier",
        received=path,
    )
