"""`discreet`: a job on identified input says nothing of it: not in errors, logs or warnings.

What is kept of an error is its sentence and its remedy, which are written in the source; places,
expected and received values may quote data.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from millrace.errors import MillraceError

_WITHHELD = "withheld: it may quote identified input"
_OURS = ("millrace.jobs", "millrace.artifacts", "millrace.orchestration", "millrace.catalog")


@contextmanager
def discreet(stage: str) -> Iterator[None]:
    """Let nothing of what the block reads come out of it by an error, a log line or a warning.

    Args:
        stage: that the errors name.

    Raises:
        MillraceError: of the kind of the block's error, without what it quoted.
    """
    earlier = logging.getLogRecordFactory()

    def make(*arguments: Any, **more: Any) -> logging.LogRecord:
        return _without_texts(earlier(*arguments, **more))

    logging.setLogRecordFactory(make)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MillraceError as error:
        raise _without_quotes(error, stage) from None
    except Exception as error:
        raise MillraceError(
            f"{type(error).__name__} in a stage; what it said is withheld",
            where=_place(error, stage),
            remedy="Run the stage on invented records of the same form to see all of it.",
        ) from None
    finally:
        logging.setLogRecordFactory(earlier)


def _without_quotes(error: MillraceError, stage: str) -> MillraceError:
    quoted = (error.where, error.expected, error.received)
    received = None if quoted == (None, None, None) else _WITHHELD
    return type(error)(
        error.problem, where=f"stage {stage}", received=received, remedy=error.remedy
    )


def _place(error: BaseException, stage: str) -> str:
    """Return where in the code an error was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return f"stage {stage}"
    return f"stage {stage}, {frame.tb_frame.f_code.co_name}, line {frame.tb_lineno}"


def _without_texts(record: logging.LogRecord) -> logging.LogRecord:
    """Return a log record whose texts are replaced; numbers stay."""
    if record.name.startswith(_OURS):
        return record
    if record.name.startswith("millrace."):
        record.args = _masked(record.args)
    else:
        record.msg, record.args = _WITHHELD, ()
    record.exc_info = record.exc_text = None
    return record


def _masked(values: Any) -> Any:
    if isinstance(values, tuple):
        return tuple(_masked(value) for value in values)
    if isinstance(values, dict):
        return {name: _masked(value) for name, value in values.items()}
    return values if values is None or isinstance(values, (bool, int, float)) else "…"
