"""`open_file_system`: the fsspec file system of a store, on which every wait has an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fsspec

from millrace.artifacts import s3
from millrace.errors import SpecError


def open_file_system(uri: str, access: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """Return the file system of a store URI, and the store's path on it.

    Args:
        access: options of an S3 client (``key``, ``secret``, ``token``, ``endpoint_url``) that
            replace what AWS's own variables say.

    Raises:
        SpecError: the extra for this kind of store is not installed.
    """
    remote = uri.startswith(("s3://", "s3a://"))
    options = {**s3.client_options(), **(access or {})} if remote else {}
    try:
        fs, root = fsspec.core.url_to_fs(uri, use_listings_cache=False, **options)
    except (ImportError, ValueError) as error:
        raise SpecError(
            "the store cannot be opened",
            where=uri,
            received=error,
            remedy="Install the extra for this kind of store, e.g. `pip install millrace[s3]`.",
        ) from error
    if remote:
        fs.retries = 1  # the client repeats requests itself; two layers would multiply
    return fs, root
