from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import s3_server
from millrace.artifacts.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store((tmp_path / "store").as_uri())


@pytest.fixture(scope="module")
def s3() -> Iterator[s3_server.S3Server]:
    """An S3 endpoint, which the variables of AWS's tools lead to."""
    server = s3_server.S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server
    server.close()


@pytest.fixture
def s3_store(s3: s3_server.S3Server, tmp_path: Path) -> Store:
    return Store(f"s3://{s3.bucket()}/deep/store", tmp_path / "cache")
