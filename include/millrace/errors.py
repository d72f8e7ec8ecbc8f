"""The one error tree, split by the question "would a retry help?".

Every error is a sentence a person can act on: what went wrong, where, what was expected, what was
received, what to do. It stays short however large the data. No other module defines an exception
that leaves its own package.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

_LONGEST_FIELD = 300  # characters; keeps a log line readable whatever the data held


_USERINFO = re.compile(  # a password may hold a slash that nobody escaped
    r"(?<=://)(?!<user>:<password>@)"  # of an example
    r"(?:[^/\s'\"]{1,200}|[^/@:\s'\"]{1,200}:(?!\d{1,5}/)[^\s'\"]{1,200})@"
)
_UNSEEN = re.compile(  # what moves a terminal's cursor, hides, or reverses what follows
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_QUERY = re.compile(r"(://[^\s?'\"]{1,500})\?[^\s'\"]{1,2000}")


_UNTRUSTED = re.compile(  # as OpenSSL, libpq and the clients of S3 say it
    r"certificate.verify.failed|root certificate file|does not match host name"
    r"|alert unknown ca|server does not support SSL|TLS CA certificate bundle"
    r"|no certificate or crl found",
    re.IGNORECASE,
)
_CAUSES = 10  # of an error that are looked at


class ExitCode(IntEnum):
    """Exit codes of ``python -m millrace.jobs`` (the values of BSD ``sysexits.h``)."""

    DONE = 0
    SPEC = 64
    DATA = 65
    BUG = 70
    RETRY = 75


def redact(text: str) -> str:
    """Return `text` without the user names, passwords and query strings of URIs in it."""
    return _QUERY.sub(r"\1?…", _USERINFO.sub("…@", text))


def visible(text: str) -> str:
    """Return `text` with what controls a terminal, and what nobody sees, written as escapes."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def shorten(value: object, longest: int = _LONGEST_FIELD) -> str:
    """Return `value` as redacted text of at most `longest` characters, noting what was cut.

    What is not `visible` is, so a little more.
    """
    text = redact(value if isinstance(value, str) else repr(value))
    if len(text) <= longest:
        return visible(text)
    return f"{visible(text[:longest])}… ({len(text):,} characters)"


def distrusted(error: BaseException) -> bool:
    """Whether an error, or what caused it, says that TLS was asked for and cannot be trusted.

    Libraries tell it in words only.
    """
    seen: BaseException | None = error
    for _ in range(_CAUSES):
        if seen is None:
            return False
        if _UNTRUSTED.search(str(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


class MillraceError(Exception):
    """A failure that Millrace understands.

    Args:
        problem: what went wrong, a sentence without a final full stop.
        where: file, line, field, source, row or URI.
        expected: what would have been right.
        received: what was there instead; shortened.
        remedy: what the reader should do.
    """

    exit_code = ExitCode.BUG

    def __init__(
        self,
        problem: str,
        *,
        where: object = None,
        expected: object = None,
        received: object = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = shorten(problem, 2 * _LONGEST_FIELD)
        self.where = None if where is None else shorten(str(where))
        self.expected = None if expected is None else shorten(str(expected))
        self.received = None if received is None else shorten(received)
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.problem if self.where is None else f"{self.where}: {self.problem}"]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.received is not None:
            parts.append(f"received {self.received}")
        sentence = "; ".join(parts) + "."
        return sentence if self.remedy is None else f"{sentence} {self.remedy}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.to_document()))

    def to_document(self) -> dict[str, Any]:
        """Return the error as JSON values, to cross a process border."""
        return {
            "type": type(self).__name__,
            "problem": self.problem,
            "where": self.where,
            "expected": self.expected,
            "received": self.received,
            "remedy": self.remedy,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> MillraceError:
        """Rebuild the error that `to_document` described; an unknown type becomes a plain one."""
        kind = _TYPES.get(str(document.get("type")), MillraceError)
        return _rebuild(kind, document)


class SpecError(MillraceError):
    """The request is wrong: a spec, a parameter, a setting. A retry cannot help."""

    exit_code = ExitCode.SPEC


class DataError(MillraceError):
    """The data is wrong: truncated, mismatched, exhausted budget, NaN loss. A retry cannot help."""

    exit_code = ExitCode.DATA


class BudgetExceeded(DataError):  # noqa: N818
    """More records were refused than the workflow allows. A retry cannot help."""


class IntegrityError(DataError):
    """A stored object is not what its digest says. A retry cannot help; a recomputation can."""


class Withheld(DataError):  # noqa: N818
    """What was asked for is made from identified input. A retry cannot help."""


class TransientError(MillraceError):
    """The surroundings failed: network, lock, killed process. A retry may help."""

    exit_code = ExitCode.RETRY


class ChampionChanged(TransientError):  # noqa: N818
    """Another run moved the champion between evaluation and decision. A retry evaluates anew."""


def _rebuild(kind: type[MillraceError], document: dict[str, Any]) -> MillraceError:
    error = kind("")
    error.problem = str(document.get("problem"))
    for field in ("where", "expected", "received", "remedy"):  # shortened when it was raised
        setattr(error, field, document.get(field))
    error.args = (str(error),)
    return error


_TYPES: dict[str, type[MillraceError]] = {
    kind.__name__: kind
    for kind in (
        MillraceError,
        SpecError,
        DataError,
        BudgetExceeded,
        IntegrityError,
        Withheld,
        TransientError,
        ChampionChanged,
    )
}

__all__ = [
    "BudgetExceeded",
    "ChampionChanged",
    "DataError",
    "ExitCode",
    "IntegrityError",
    "MillraceError",
    "SpecError",
    "TransientError",
    "Withheld",
    "redact",
    "shorten",
    "visible",
]
