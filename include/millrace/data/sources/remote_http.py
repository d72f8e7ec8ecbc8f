"""`http_version` and `http_download`: files of web servers; a download goes on where it broke off.

What was fetched stays beside the target with the validator of its version (ETag or Last-Modified);
the rest is asked for on the condition that the file is still that one (RFC 9110, If-Range). Any
doubt starts the file anew.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from millrace.data.sources.remote_errors import PAUSES, failures, status_failure
from millrace.errors import TransientError

log = logging.getLogger(__name__)

_CONNECT, _READ = 30.0, 60.0  # seconds of silence
_MOST_ATTEMPTS = 1_000  # of a download that goes on a little each time
_SAY_EVERY = 10.0  # seconds
_VERSION = ("etag", "content-md5", "digest", "repr-digest", "last-modified", "content-length")
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_NO_HEAD = (400, 403, 405, 501)  # statuses of servers that answer GET alone


def http_version(uri: str) -> Mapping[str, str]:
    """Return the headers that change when the file does."""
    with failures(uri), _client() as client:
        response = client.head(uri)
        if response.status_code in _NO_HEAD:
            with client.stream("GET", uri) as response:
                pass
        if response.status_code >= 400:
            raise status_failure(uri, response.status_code)
        return {name: response.headers[name] for name in _VERSION if name in response.headers}


def http_download(uri: str, part: Path) -> None:
    """Fetch the file at `uri` into `part`, where an earlier attempt may have left its beginning.

    Raises:
        DataError: it is not there, or may not be read.
        TransientError: the server or the network failed again and again; `part` is kept.
    """
    failed = 0
    for _ in range(_MOST_ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            with failures(uri), _client() as client:
                _attempt(client, uri, part)
                return
        except TransientError as error:
            grown = part.exists() and part.stat().st_size > before
            failed = 0 if grown else failed + 1
            if failed > len(PAUSES):
                raise
            log.warning("%s; trying again", error)
            time.sleep(PAUSES[max(failed - 1, 0)])
    raise TransientError("a source's download breaks off again and again", where=uri)


@dataclass(frozen=True)
class _Body:
    """What a response holds: bytes from `start` on, `length` of the whole (None: unknown)."""

    start: int
    length: int | None


def _attempt(client: httpx.Client, uri: str, part: Path) -> None:
    """Fetch what is missing of `part`."""
    note = part.with_name(f"{part.name}.json")
    headers = {"Accept-Encoding": "identity", **_condition(part, note)}
    with client.stream("GET", uri, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            raise TransientError("a source's server has less than before", where=uri)
        if response.status_code >= 300:
            raise status_failure(uri, response.status_code)
        body = _body(uri, response, part)
        note.write_text(json.dumps(_validator(response.headers)))
        _receive(response, part, body)
    size = part.stat().st_size
    if body.length not in (None, size):
        part.unlink()
        raise TransientError(
            "a source came with another length than its server said",
            where=uri,
            expected=f"{body.length} bytes",
            received=f"{size} bytes",
        )
    note.unlink()


def _condition(part: Path, note: Path) -> dict[str, str]:
    """Return the headers that ask for the rest of `part`; none where that cannot be asked for."""
    try:
        validator = json.loads(note.read_text())
        size = part.stat().st_size
    except (OSError, ValueError):
        return {}
    if not (size and isinstance(validator, str)):
        return {}
    return {"Range": f"bytes={size}-", "If-Range": validator}


def _validator(headers: httpx.Headers) -> str | None:
    """Return what names the version of a file exactly enough to go on with it."""
    tag: str | None = headers.get("etag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    date: str | None = headers.get("last-modified")
    return date


def _body(uri: str, response: httpx.Response, part: Path) -> _Body:
    """Return what is about to come; a whole file where the server does not go on."""
    match = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if response.status_code == httpx.codes.PARTIAL_CONTENT and match is not None:
        start = int(match[1])
        if part.exists() and start == part.stat().st_size:
            return _Body(start, None if match[2] == "*" else int(match[2]))
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        part.unlink(missing_ok=True)
        raise TransientError("a source's server sent another part than asked for", where=uri)
    length = response.headers.get("content-length", "")
    return _Body(0, int(length) if length.isdigit() else None)


def _receive(response: httpx.Response, part: Path, body: _Body) -> None:
    """Write what comes, and say from time to time how far it is."""
    done, said = body.start, time.monotonic()
    with part.open("r+b" if body.start else "wb") as file:
        file.seek(body.start)
        for chunk in response.iter_raw():
            file.write(chunk)
            done += len(chunk)
            if time.monotonic() - said > _SAY_EVERY:
                said = time.monotonic()
                log.info("%s: %d of %s bytes", response.url.host, done, body.length or "unknown")


@contextmanager
def _client() -> Iterator[httpx.Client]:
    timeout = httpx.Timeout(_READ, connect=_CONNECT)
    with httpx.Client(follow_redirects=True, timeout=timeout) as client:
        yield client
