"""`quiet`: pydicom without its warnings and its log, which repeat values of what it reads."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_LOCK = threading.Lock()
_STATE: dict[str, ExitStack] = {}
_HOLDERS: list[int] = []


@contextmanager
def quiet() -> Iterator[None]:
    """Keep values of a file out of logs, and take values as they are, however wrong.

    May be entered by several threads at once: the first in and the last out switch.
    """
    with _LOCK:
        if not _HOLDERS:
            _STATE["was"] = _silenced()
        _HOLDERS.append(threading.get_ident())
    try:
        yield
    finally:
        with _LOCK:
            _HOLDERS.remove(threading.get_ident())
            if not _HOLDERS:
                _STATE.pop("was").close()


def _silenced() -> ExitStack:
    """Silence pydicom; closing what is returned undoes it."""
    from pydicom import config

    stack = ExitStack()
    settings, log = config.settings, logging.getLogger("pydicom")
    stack.callback(setattr, log, "disabled", log.disabled)
    for mode in ("reading_validation_mode", "writing_validation_mode"):
        stack.callback(setattr, settings, mode, getattr(settings, mode))
        setattr(settings, mode, config.IGNORE)
    log.disabled = True
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    return stack
