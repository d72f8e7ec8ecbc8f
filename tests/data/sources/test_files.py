"""Where sources lie: local paths, URIs, and what happens when they do not answer."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import fsspec
import pytest

from millrace.data.sources.files import open_source
from millrace.data.sources.reader import file_name
from millrace.errors import DataError, SpecError, TransientError

DATA = b"some bytes of a source"
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return tmp_path / "home"


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    requests: list[str] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.requests.append(self.command)
        status = int(self.path.strip("/").split("/")[0])
        self.send_response(status)
        self.send_header("Content-Length", str(len(DATA)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(DATA)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    Handler.requests.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=lambda: http.serve_forever(0.02), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_local_path_and_a_file_uri_are_used_where_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "a file#1.bin"
    path.write_bytes(DATA)
    for uri in (str(path), path.as_uri()):
        assert open_source(uri).path == path
        assert open_source(uri).name == "a file#1.bin"
        assert open_source(uri).fingerprint == SHA


def test_a_relative_path_is_found_in_the_project_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("project", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "f.bin").write_text(folder)
    (tmp_path / "here" / "g.bin").write_text("here")
    monkeypatch.setenv("MILLRACE_PROJECT", str(tmp_path / "project"))
    monkeypatch.chdir(tmp_path / "here")
    assert open_source("f.bin").path.read_text() == "project"
    assert open_source("g.bin").path.read_text() == "here"


@pytest.mark.parametrize("uri", ["", "/no/such/file.gz", "file:///no/such/file.gz", "no_such.gz"])
def test_a_missing_file_says_what_to_do(uri: str) -> None:
    with pytest.raises(DataError, match=r"set that to a folder or URL"):
        open_source(uri)


def test_a_folder_is_not_a_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a file"):
        open_source(str(tmp_path))


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(DATA)
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root
    with pytest.raises(DataError, match="cannot be read"):
        open_source(str(path))


def test_a_remote_file_is_fetched_once(server: str) -> None:
    first = open_source(f"{server}/200/f.bin?token=secret")
    count = Handler.requests.count("GET")
    second = open_source(f"{server}/200/f.bin?token=secret")
    assert first.path.read_bytes() == DATA
    assert first.name == "f.bin"
    assert (second.path, second.fingerprint) == (first.path, SHA)
    assert Handler.requests.count("GET") == count


def test_a_declared_remote_file_needs_no_network_again(server: str) -> None:
    open_source(f"{server}/200/f.bin", SHA)
    Handler.requests.clear()
    assert open_source(f"{server}/200/f.bin", SHA).path.read_bytes() == DATA
    assert Handler.requests == []


def test_a_remote_file_of_a_wrong_checksum_is_not_kept(server: str, home: Path) -> None:
    with pytest.raises(DataError, match="fails its checksum"):
        open_source(f"{server}/200/f.bin", "0" * 64)
    assert {path.name for path in home.rglob("*") if path.is_file()} <= {".lock"}


def test_a_damaged_copy_is_removed_and_worth_another_try(server: str) -> None:
    file = open_source(f"{server}/200/f.bin", SHA)
    file.path.write_bytes(b"damaged")
    with pytest.raises(TransientError, match="damaged"):
        file.verify()
    open_source(f"{server}/200/f.bin", SHA).verify()


@pytest.mark.parametrize("status", [404, 410])
def test_a_remote_file_that_is_not_there_is_terminal(server: str, status: int) -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_source(f"{server}/{status}/f.bin")


@pytest.mark.parametrize("status", [401, 403])
def test_a_forbidden_file_is_terminal(server: str, status: int) -> None:
    with pytest.raises(DataError, match="may not be read"):
        open_source(f"{server}/{status}/f.bin")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_fails_is_worth_another_try(server: str, status: int) -> None:
    for sha256 in (None, SHA):
        with pytest.raises(TransientError, match="cannot be reached"):
            open_source(f"{server}/{status}/f.bin", sha256)


def test_nobody_listening_is_worth_another_try() -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        open_source("http://127.0.0.1:9/f.bin")


def test_any_fsspec_uri_can_be_read() -> None:
    fsspec.filesystem("memory").pipe_file("/set/f.bin", DATA)
    assert open_source("memory://set/f.bin").path.read_bytes() == DATA
    with pytest.raises(DataError, match="does not exist"):
        open_source("memory://set/none.bin")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nonsense://host/f.bin", "known are abfs"),
        ("gs://bucket/f.bin", r"millrace\[gs\]"),
        ("hdfs://host:8020/f.bin", "Install Java and Hadoop"),
    ],
)
def test_a_kind_of_uri_that_cannot_be_opened_says_so(uri: str, said: str) -> None:
    with pytest.raises(SpecError, match=f"cannot be opened.*{said}"):
        open_source(uri)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/a/b.gz", "b.gz"),
        ("b.gz", "b.gz"),
        ("http://h/a/b%20c.gz?x=/y", "b c.gz"),
        ("http://h/..", "source"),
        ("http://h", "source"),
        ("s3://bucket/a/b.gz", "b.gz"),
    ],
)
def test_a_name_has_no_folder_and_no_query(uri: str, name: str) -> None:
    assert file_name(uri) == name
