"""Pictures in buckets, over HTTP from a real S3 protocol server, and in other file systems."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest

from millrace.data.sources.files import open_source
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError, TransientError
from millrace.workflow.folder_sources import ImageFolderSource


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    import boto3

    values = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    for name, value in (values | keys).items():
        monkeypatch.setenv(name, value)
    name = f"b{abs(hash(request.node.name))}"
    made = boto3.resource("s3").create_bucket(Bucket=name)
    fsspec.filesystem("s3").clear_instance_cache()
    return made


def source(uri: str, **values: Any) -> dict[str, Any]:
    named = {"name": "pets", "kind": "image_folder", "uri": uri}
    return ImageFolderSource(**named | values).model_dump(mode="json")


def read(uri: str, **values: Any) -> pa.Table:
    reader = open_reader(source(uri, **values))
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def fill(bucket: Any, objects: dict[str, bytes]) -> str:
    for key, data in objects.items():
        bucket.put_object(Key=f"photos/{key}", Body=data)
    return f"s3://{bucket.name}/photos"


OBJECTS = {"cat/a b.png": b"a", "dog/犬.png": b"b", "x.txt": b"", ".h/c.png": b"", "cat/": b""}


@pytest.mark.s3
def test_a_prefix_of_a_bucket_is_a_folder(bucket: Any) -> None:
    uri = fill(bucket, OBJECTS)
    bucket.put_object(Key="photos2/cat/z.png", Body=b"z")
    for ending in ("", "/"):
        rows = read(uri + ending).to_pylist()
        assert [(r["origin"], r["label"], r["content"]) for r in rows] == [
            ("cat/a b.png", "cat", b"a"),
            ("dog/犬.png", "dog", b"b"),
        ]
    assert read(f"s3://{bucket.name}", folder="photos/cat")["origin"].to_pylist() == ["a b.png"]


@pytest.mark.s3
def test_labels_of_a_bucket_are_found(bucket: Any) -> None:
    uri = fill(bucket, {"1.png": b"a", "2.png": b"b", "labels.csv": b"1,x\n2,y\n"})
    assert read(uri)["label"].to_pylist() == ["x", "y"]
    bucket.put_object(Key="other.csv", Body=b"1,p\n2,q\n")
    other = f"s3://{bucket.name}/other.csv"
    assert read(uri, labels=other)["label"].to_pylist() == ["p", "q"]


@pytest.mark.s3
def test_an_object_written_again_as_it_was_is_the_same(bucket: Any) -> None:
    uri = fill(bucket, OBJECTS)
    before = open_reader(source(uri)).partitions()
    fill(bucket, OBJECTS)
    assert open_reader(source(uri)).partitions() == before
    fill(bucket, {"cat/a b.png": b"A"})
    assert open_reader(source(uri)).partitions() != before


@pytest.mark.s3
@pytest.mark.parametrize("content", [b"A", b"longer", None])
def test_an_object_that_changes_while_it_is_read_is_named(bucket: Any, content: Any) -> None:
    uri = fill(bucket, OBJECTS)
    (partition,) = open_reader(source(uri)).partitions()
    reader = open_reader(source(uri))
    reader._tree.names()  # type: ignore[attr-defined]
    if content is None:
        bucket.Object("photos/cat/a b.png").delete()
    else:
        fill(bucket, {"cat/a b.png": content})
    with pytest.raises(DataError, match=r"cat/a b\.png: a source (changed|does not exist)"):
        list(reader.read(partition))


@pytest.mark.s3
def test_an_archive_in_a_bucket_is_fetched_and_read(bucket: Any, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("cat/a.png", b"a")
    bucket.upload_file(str(tmp_path / "p.zip"), "photos.zip")
    assert read(f"s3://{bucket.name}/photos.zip")["label"].to_pylist() == ["cat"]


@pytest.mark.s3
def test_a_missing_bucket_and_an_empty_prefix_say_so(bucket: Any) -> None:
    for uri in ("s3://no-such-bucket/photos", "s3://no-such-bucket/p.zip"):
        with pytest.raises(DataError, match=r"(bucket|source) does not exist"):
            read(uri)
    with pytest.raises(DataError, match="does not exist"):
        read(f"s3://{bucket.name}/nothing")


@pytest.mark.s3
@pytest.mark.parametrize("status", [403, 404, 503])
def test_what_a_store_answers_is_told_by_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    code = {403: "InvalidAccessKeyId", 404: "NoSuchBucket", 503: "SlowDown"}[status]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    expected = {403: "may not be read", 404: "bucket does not exist", 503: "cannot be reached"}
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as http:
        Thread(target=lambda: http.serve_forever(0.02), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{http.server_port}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "wrong")
        fsspec.filesystem("s3").clear_instance_cache()
        kind = TransientError if status == 503 else DataError
        with pytest.raises(kind, match=expected[status]):
            read("s3://bucket/photos")
        with pytest.raises(kind):
            open_source("s3://bucket/p.zip")
        http.shutdown()


def test_without_credentials_a_bucket_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(DataError, match=r"may not be read.*credentials"):
        read("s3://bucket/photos")


def test_any_file_system_that_lists_will_do() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/pets/cat/a.png": b"a", "/pets/dog/b.png": b"b"})
    assert read("memory://pets")["label"].to_pylist() == ["cat", "dog"]
    with pytest.raises(DataError, match="does not exist"):
        read("memory://none")
    with pytest.raises(SpecError, match=r"millrace\[gs\]"):
        read("gs://bucket/photos")
