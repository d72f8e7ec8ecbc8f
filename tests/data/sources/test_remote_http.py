"""Downloads from web servers that break off, change their files, or answer strangely."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from millrace.data.sources.files import open_source
from millrace.errors import DataError, TransientError

DATA = os.urandom(300_000)
SHA = hashlib.sha256(DATA).hexdigest()
CHUNK = 50_000


class Server(BaseHTTPRequestHandler):
    """A server whose every answer breaks off after a chunk, and that goes on where it is asked."""

    data = DATA
    tag: str | None = '"1"'
    date: str | None = None
    ranges = True
    cut = True
    head = 200
    asked: list[tuple[str | None, int]] = []

    def do_HEAD(self) -> None:
        self._start(self.head, len(self.data))

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        validator = self.headers.get("If-Range")
        start = 0
        if wanted and self.ranges and validator in (self.tag, self.date):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        rest = self.data[start:]
        extra = {"Content-Range": f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"}
        self._start(206 if start else 200, len(rest), extra if start else {})
        sent = rest[:CHUNK] if self.cut else rest
        self.asked.append((wanted, len(sent)))
        self.wfile.write(sent)
        self.on_sent()

    def on_sent(self) -> None: ...

    def _start(self, status: int, length: int, extra: Any = None) -> None:
        self.send_response(status)
        headers = {"Content-Length": length, "ETag": self.tag, "Last-Modified": self.date}
        for name, value in {**headers, **(extra or {})}.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return type("Own", (Server,), {"asked": []})


@pytest.fixture
def url(handler: type[Server]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = Thread(target=lambda: http.serve_forever(0.02), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/set.bin"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("date", [None, "Sat, 21 Nov 2026 10:00:00 GMT"])
def test_a_download_goes_on_where_it_broke_off(
    url: str, handler: type[Server], date: str | None
) -> None:
    handler.tag, handler.date = (None, date) if date else ('"1"', None)
    assert open_source(url).path.read_bytes() == DATA
    assert [wanted for wanted, _ in handler.asked] == [
        *(None, *(f"bytes={start}-" for start in range(CHUNK, len(DATA), CHUNK)))
    ]


def test_another_attempt_goes_on_with_what_the_last_one_left(
    url: str, handler: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.data.sources.remote_http._MOST_ATTEMPTS", 2)
    for _ in range(2):
        with pytest.raises(TransientError, match="breaks off"):
            open_source(url)
    assert open_source(url).path.read_bytes() == DATA
    assert sum(length for _, length in handler.asked) == len(DATA)


def test_a_file_that_changed_meanwhile_starts_anew(url: str, handler: type[Server]) -> None:
    new = os.urandom(len(DATA))

    def change(self: Server) -> None:
        type(self).data, type(self).tag, type(self).cut = new, '"2"', False

    handler.on_sent = change  # type: ignore[method-assign]
    assert open_source(url).path.read_bytes() == new
    assert handler.asked == [(None, CHUNK), (f"bytes={CHUNK}-", len(new))]


@pytest.mark.parametrize("kind", ["weak", "none", "no ranges"])
def test_without_a_validator_or_ranges_a_file_starts_anew(
    url: str, handler: type[Server], kind: str
) -> None:
    handler.tag = {"weak": 'W/"1"', "none": None, "no ranges": '"1"'}[kind]
    handler.ranges = kind != "no ranges"

    def whole(self: Server) -> None:
        type(self).cut = False

    handler.on_sent = whole  # type: ignore[method-assign]
    assert open_source(url).path.read_bytes() == DATA
    assert [length for _, length in handler.asked] == [CHUNK, len(DATA)]


def test_a_server_that_always_starts_anew_and_breaks_off_is_given_up(
    url: str, handler: type[Server]
) -> None:
    handler.tag = None
    with pytest.raises(TransientError, match="cannot be reached"):
        open_source(url)
    assert len(handler.asked) <= 8


def test_a_resumed_file_is_verified(url: str, handler: type[Server], tmp_path: Path) -> None:
    assert open_source(url, SHA).path.read_bytes() == DATA
    with pytest.raises(DataError, match="fails its checksum"):
        open_source(url, "0" * 64)
    assert not list((tmp_path / "home").rglob(".partial*"))


def test_a_wrong_range_is_not_believed(
    url: str, handler: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = handler._start

    def wrong(self: Server, status: int, length: int, extra: Any = None) -> None:
        if status == 206:
            extra = {"Content-Range": f"bytes 7-{len(DATA) - 1}/{len(DATA)}"}
            type(self).cut = False
        right(self, status, length, extra)

    monkeypatch.setattr(handler, "_start", wrong)
    assert open_source(url).path.read_bytes() == DATA


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_server_without_head_is_asked_by_get(
    url: str, handler: type[Server], status: int
) -> None:
    handler.head, handler.cut = status, False
    assert open_source(url).path.read_bytes() == DATA


def test_a_new_version_is_fetched_and_the_old_one_stays(url: str, handler: type[Server]) -> None:
    handler.cut = False
    first = open_source(url).path
    handler.data, handler.tag = b"new", '"2"'
    assert open_source(url).path.read_bytes() == b"new"
    assert first.read_bytes() == DATA


def test_two_at_once_fetch_one_file_once(url: str, handler: type[Server]) -> None:
    handler.cut = False
    found: list[bytes] = []
    fetch = lambda: found.append(open_source(url).path.read_bytes())  # noqa: E731
    threads = [Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [DATA, DATA]
    assert len(handler.asked) == 1


def test_silence_is_worth_another_try(
    url: str, handler: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.data.sources.remote_http._READ", 0.2)
    handler.on_sent = lambda self: self.rfile.read(1)  # type: ignore[method-assign,assignment]
    assert open_source(url).path.read_bytes() == DATA
    assert len(handler.asked) == len(DATA) // CHUNK
