"""An S3 endpoint that fails: what passes is tried again for a while, what cannot pass is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import s3_server
from millrace.artifacts import remote
from millrace.artifacts import s3 as module
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.uploads import Uploads
from millrace.errors import MillraceError, SpecError, TransientError
from s3_server import Fault, S3Server, hang, lose_answer, refuse, reset, truncate

pytestmark = pytest.mark.s3
KEY = "cd" * 32


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSES", (0.05, 0.05))
    monkeypatch.setattr(module, "ATTEMPTS", 2)


@pytest.fixture
def fresh(s3: S3Server, tmp_path: Path) -> Callable[[], Store]:
    """Open a store with a client of its own, which reads the variables anew."""
    from s3fs import S3FileSystem

    bucket = s3.bucket()

    def make(uri: str = f"s3://{bucket}/store") -> Store:
        S3FileSystem.clear_instance_cache()
        return Store(uri, tmp_path / "cache")

    yield make
    S3FileSystem.clear_instance_cache()


def publish(store: Store, tmp_path: Path, size: int = 10) -> bytes:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    made = store.publish(Manifest("text", KEY, {"file": store.put(path)}))
    return made.path("file").read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(refuse(503, "SlowDown"), id="503"),
        pytest.param(refuse(500, "InternalError"), id="500"),
        pytest.param(refuse(409, "ConditionalRequestConflict"), id="409"),
        pytest.param(reset, id="reset"),
        pytest.param(lose_answer, id="lost answer"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_what_fails_for_a_moment_is_tried_again(
    s3_store: Store, s3: S3Server, tmp_path: Path, fault: Fault, method: str
) -> None:
    with s3.failing(fault, method, times=2) as rule:
        assert publish(s3_store, tmp_path) == b"x" * 10
    assert rule.times == 0
    found = s3_store.find(KEY)
    assert found is not None
    assert s3_store.complete(found)


def test_an_answer_that_breaks_off_is_fetched_again(
    s3_store: Store, s3: S3Server, tmp_path: Path
) -> None:
    with s3.failing(truncate, "GET", "/objects/", times=1) as rule:
        assert publish(s3_store, tmp_path, size=1 << 20) == b"x" * (1 << 20)
    assert rule.times == 0


@pytest.mark.parametrize("fault", [refuse(503, "SlowDown"), reset], ids=["503", "reset"])
def test_a_store_that_stays_away_is_worth_a_retry_and_named(
    s3_store: Store, s3: S3Server, tmp_path: Path, fault: Fault
) -> None:
    s3.requests.clear()
    with s3.failing(fault), pytest.raises(TransientError, match="does not answer") as caught:
        publish(s3_store, tmp_path)
    assert s3_store.uri in str(caught.value)
    assert len(s3.requests) <= 2 * 3 * module.ATTEMPTS  # a kept connection is tried once more
    assert s3_store.find(KEY) is None


def test_a_silent_endpoint_is_given_up_in_bounded_time(
    fresh: Callable[[], Store], s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.3)
    monkeypatch.setattr(remote, "PATIENCE", 1.0)
    store = fresh()
    started = time.monotonic()
    with s3.failing(hang(3)), pytest.raises(TransientError, match=r"(?i)timeout"):
        store.read_document("x")
    assert time.monotonic() - started < 10


def test_unfinished_uploads_are_asked_for_in_bounded_time(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.3)
    uploads = Uploads(f"s3://{s3.bucket()}/store")
    started = time.monotonic()
    with s3.failing(hang(3)), pytest.raises(TransientError, match="does not answer"):
        uploads.listed()
    assert time.monotonic() - started < 10


def test_an_endpoint_that_is_not_there_is_named(
    fresh: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:9") as caught:
        fresh().check()
    assert s3_server.SECRET_KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "s3:PutObject"),
        (403, "ExpiredToken", "AWS_SESSION_TOKEN"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        (400, "AuthorizationHeaderMalformed", "AWS_DEFAULT_REGION"),
        (501, "NotImplemented", "conditional"),
    ],
)
def test_a_refusal_is_told_at_once_with_a_remedy(
    s3_store: Store, s3: S3Server, status: int, code: str, words: str
) -> None:
    s3.requests.clear()
    with s3.failing(refuse(status, code), "PUT"), pytest.raises(SpecError, match=words) as caught:
        s3_store.check()
    assert s3_store.uri in str(caught.value)
    assert [request.split()[0] for request in s3.requests].count("PUT") == 1


def test_wrong_credentials_are_told_without_showing_them(
    fresh: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone-else")
    with pytest.raises(SpecError, match="does not accept these credentials") as caught:
        fresh().check()
    assert s3_server.SECRET_KEY not in str(caught.value)
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_no_credentials_at_all_are_told(
    fresh: Callable[[], Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SpecError, match="no credentials"):
        fresh().check()


@pytest.mark.parametrize("use", ["check", "read_document", "find"])
def test_a_missing_bucket_is_told_by_name(fresh: Callable[[str], Store], use: str) -> None:
    store = fresh("s3://no-such-bucket/store")
    arguments = {"check": [], "read_document": ["x"], "find": [KEY]}[use]
    with pytest.raises(SpecError, match=r"s3://no-such-bucket.*the bucket does not exist"):
        getattr(store, use)(*arguments)


@pytest.mark.parametrize("uri", ["s3://Not a Bucket!/x", "s3:///x"])
def test_what_cannot_be_a_bucket_is_told(fresh: Callable[[str], Store], uri: str) -> None:
    with pytest.raises(SpecError, match="MILLRACE_STORE"):
        fresh(uri).check()


def test_a_wrong_clock_is_named_and_may_pass(s3_store: Store, s3: S3Server) -> None:
    with (
        s3.failing(refuse(403, "RequestTimeTooSkewed")),
        pytest.raises(TransientError, match="clock"),
    ):
        s3_store.check()


def test_a_store_that_ignores_conditions_is_refused(
    s3_store: Store, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget_condition(environ: s3_server.Environ, answer: Callable[[], list[bytes]]) -> object:
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return answer()

    with s3.failing(forget_condition), pytest.raises(SpecError, match="conditional writes"):
        s3_store.check()


def test_an_error_is_one_of_ours_whatever_the_client_raises(s3_store: Store, s3: S3Server) -> None:
    with s3.failing(refuse(418, "Teapot")), pytest.raises(MillraceError, match="Teapot"):
        s3_store.read_document("x")
