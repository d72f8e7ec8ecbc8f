"""`quiet`: pydicom and its decoders without warnings and logs, which repeat what they read."""

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
    settings = config.settings
    for name in ("pydicom", "pylibjpeg", "openjpeg", "rle"):
        log = logging.getLogger(name)  # and those below it
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL + 1)
    for mode in ("reading_validation_mode", "writing_validation_mode"):
        stack.callback(setattr, settings, mode, getattr(settings, mode))
        setattr(settings, mode, config.IGNORE)
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    return stack
