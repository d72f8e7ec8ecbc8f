"""S3 over HTTPS with an authority of one's own: trusted by AWS_CA_BUNDLE, else refused at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import certificates
import s3_server
from millrace.artifacts.store import Store
from millrace.errors import SpecError
from s3_server import S3Server

pytestmark = pytest.mark.s3


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made = certificates.make(tmp_path / "server")
    server = S3Server((str(made.server), str(made.key)))
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(made.authority))
    yield server.bucket()
    server.close()


def opened(bucket: str, folder: Path) -> Store:
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    return Store(f"s3://{bucket}/store", folder / "cache")


def test_a_store_behind_an_authority_of_ones_own_is_used(bucket: str, tmp_path: Path) -> None:
    store = opened(bucket, tmp_path)
    store.check()
    store.write_document("notes/one", b"x")
    assert store.read_document("notes/one") == b"x"


@pytest.mark.parametrize("bundle", ["", "other"])
def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    bucket: str, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bundle:
        other = certificates.make(tmp_path / "other", "somebody else")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(other.authority))
    else:
        monkeypatch.delenv("AWS_CA_BUNDLE")
    began = time.monotonic()
    with pytest.raises(SpecError, match="certificate cannot be trusted") as caught:
        opened(bucket, tmp_path).read_document("notes/one")
    assert "AWS_CA_BUNDLE" in str(caught.value)
    assert s3_server.SECRET_KEY not in str(caught.value)
    assert time.monotonic() - began < 15
