"""The same protocol on an S3 endpoint over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import MillraceError

pytestmark = pytest.mark.s3
KEY = "ab" * 32


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def s3_store(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{tmp_path.name.replace('_', '-').lower()}"[:60].rstrip("-")
    boto3.client("s3").create_bucket(Bucket=bucket)
    return Store(f"s3://{bucket}/store", tmp_path / "cache")


def publish(store: Store, tmp_path: Path, text: str) -> str:
    path = tmp_path / f"{text}.txt"
    path.write_text(text)
    files = {"file.txt": store.put(path)}
    return store.publish(Manifest("text", KEY, files)).path("file.txt").read_text()


def test_an_artifact_comes_back_verified(s3_store: Store, tmp_path: Path) -> None:
    assert s3_store.find(KEY) is None
    assert publish(s3_store, tmp_path, "hello") == "hello"
    assert list(s3_store.keys()) == [KEY]


def test_the_first_manifest_wins_by_conditional_put(s3_store: Store, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda n: publish(s3_store, tmp_path, f"t{n}"), range(4)))
    assert len(set(texts)) == 1


def test_checkpoints_and_documents_work(s3_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "epoch"
    path.write_text("3")
    s3_store.save_checkpoint(KEY, "epoch", path)
    assert s3_store.load_checkpoint(KEY, "epoch", tmp_path / "copy")
    s3_store.drop_checkpoints(KEY)
    assert not s3_store.load_checkpoint(KEY, "epoch", tmp_path / "copy")
    assert s3_store.read_document("progress/x.json") is None
    s3_store.write_document("progress/x.json", b"{}")
    assert s3_store.read_document("progress/x.json") == b"{}"


def test_a_missing_bucket_and_a_silent_endpoint_may_be_tried_again_or_say_why(
    s3_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(MillraceError):
        Store("s3://no-such-bucket/store").put(path)
