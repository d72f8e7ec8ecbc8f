"""The same protocol on an S3 endpoint over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import millrace
from millrace.artifacts import s3 as module
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import IntegrityError
from s3_server import S3Server, reset

pytestmark = pytest.mark.s3
KEY = "ab" * 32

RACER = """
import sys
from pathlib import Path
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store

uri, folder, word = sys.argv[1:]
store = Store(uri, Path(folder) / "cache")
path = Path(folder) / word
path.write_text(word)
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
for number in range(20):
    made = store.publish(Manifest("text", f"{number:064d}", {"file": store.put(path)}))
    print(made.path("file").read_text())
"""


def publish(store: Store, tmp_path: Path, text: str) -> str:
    path = tmp_path / f"{text}.txt"
    path.write_text(text)
    files = {"file.txt": store.put(path)}
    return store.publish(Manifest("text", KEY, files)).path("file.txt").read_text()


def cached(store: Store, tmp_path: Path) -> Path:
    (path,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    return path


def test_an_artifact_comes_back_verified(s3_store: Store, tmp_path: Path) -> None:
    assert s3_store.find(KEY) is None
    assert publish(s3_store, tmp_path, "hello") == "hello"
    assert list(s3_store.keys()) == [KEY]


def test_the_first_manifest_wins_by_conditional_put(s3_store: Store, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda n: publish(s3_store, tmp_path, f"t{n}"), range(4)))
    assert len(set(texts)) == 1


def test_of_two_processes_that_publish_at_once_both_see_one_winner(
    s3_store: Store, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", RACER, s3_store.uri, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(millrace.__file__).parents[1])}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [
        subprocess.Popen([*command, word], env=environment, **pipes) for word in ("one", "two")
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    first, second = (racer.communicate(timeout=50)[0].split() for racer in racers)
    assert first == second
    assert len(first) == 20


def test_a_large_file_goes_up_and_down_in_parts(
    s3_store: Store, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_BYTES", 5 << 20)
    path = tmp_path / "large"
    path.write_bytes(os.urandom(11 << 20))
    s3.requests.clear()
    entry = s3_store.put(path)
    assert [request.split()[0] for request in s3.requests].count("PUT") == 3
    assert s3_store.local(entry).read_bytes() == path.read_bytes()


def test_an_upload_that_breaks_off_leaves_nothing_visible(
    s3_store: Store, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_BYTES", 5 << 20)
    monkeypatch.setattr("millrace.artifacts.remote.PAUSES", ())
    path = tmp_path / "large"
    path.write_bytes(os.urandom(11 << 20))
    with (
        s3.failing(reset, "PUT", "partNumber=2"),
        pytest.raises(millrace.errors.TransientError),
    ):
        s3_store.put(path)
    bucket = s3_store.uri.split("/")[2]
    assert s3.keys(bucket) == []
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)


def test_a_damaged_copy_in_the_cache_is_fetched_again(s3_store: Store, tmp_path: Path) -> None:
    publish(s3_store, tmp_path, "hello")
    cached(s3_store, tmp_path).write_text("jello")
    assert publish(s3_store, tmp_path, "hello") == "hello"


def test_a_damaged_object_is_an_error_that_says_so(
    s3_store: Store, s3: S3Server, tmp_path: Path
) -> None:
    publish(s3_store, tmp_path, "hello")
    cached(s3_store, tmp_path).unlink()
    bucket = s3_store.uri.split("/")[2]
    (key,) = (key for key in s3.keys(bucket) if "/objects/" in key)
    s3.client().put_object(Bucket=bucket, Key=key, Body=b"jello")
    artifact = s3_store.find(KEY)
    assert artifact is not None
    with pytest.raises(IntegrityError, match="damaged"):
        artifact.path("file.txt")


def test_processes_may_share_a_cache(s3_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(1 << 20))
    entry = s3_store.put(path)
    stores = [Store(s3_store.uri, tmp_path / "cache") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda store: store.local(entry).read_bytes(), stores))
    assert set(found) == {path.read_bytes()}
    assert len([p for p in (tmp_path / "cache").rglob("*") if p.is_file()]) == 1


def test_a_small_new_object_takes_one_request(
    s3_store: Store, s3: S3Server, tmp_path: Path
) -> None:
    path = tmp_path / "small"
    path.write_text(json.dumps("small"))
    s3.requests.clear()
    s3_store.put(path)
    assert [request.split()[0] for request in s3.requests] == ["PUT"]


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


def test_a_store_that_can_be_used_passes_its_check_and_is_left_empty(
    s3_store: Store, s3: S3Server
) -> None:
    s3_store.check()
    assert s3.keys(s3_store.uri.split("/")[2]) == []
