"""`open_tree`: the picture files that an `image_folder` source's ``uri`` points to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.data.sources.files import local_path
from millrace.data.sources.listing import FileTree
from millrace.data.sources.listing_local import LocalTree
from millrace.errors import DataError


def open_tree(document: Mapping[str, Any]) -> FileTree:
    """Return the tree of a folder.

    Raises:
        DataError: it does not exist or cannot be read.
    """
    path = local_path(document["uri"]) / document["folder"]
    if not (document["uri"] and path.is_dir()):
        raise DataError(
            "a source's folder does not exist",
            where=f"source {document['name']}: {document['uri'] or '(an empty path)'}",
            expected="a folder",
            remedy="Check the path, and the variable that it comes from.",
        )
    return LocalTree(path, document.get("pattern"))
