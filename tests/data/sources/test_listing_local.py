"""Hostile local folders: links, loops, names, special files, changes while they are read."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from millrace.data.sources.listing_errors import unreadable
from millrace.data.sources.listing_local import LocalTree
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, MillraceError, TransientError
from millrace.workflow.folder_sources import ImageFolderSource


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    return tmp_path / "pets"


def source(root: Path, rows: int = 10_000) -> dict[str, Any]:
    spec = ImageFolderSource(name="pets", kind="image_folder", uri=str(root), partition_rows=rows)
    return spec.model_dump(mode="json")


def names(root: Path) -> list[str]:
    return list(LocalTree(root, None).names())


def test_a_link_out_of_the_folder_is_refused_by_name(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    (root / "cat" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(DataError, match=r"cat/a\.png: a link leads out of the source's folder"):
        names(root)


def test_a_linked_folder_outside_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "pets2").mkdir()
    (root / "dog").symlink_to(tmp_path / "pets2")
    with pytest.raises(DataError, match="dog: a link leads out"):
        names(root)


def test_a_link_to_a_link_out_of_the_folder_is_refused(root: Path) -> None:
    (root / "cat" / "b.png").symlink_to("c.png")
    (root / "cat" / "c.png").symlink_to("/etc/hostname")
    with pytest.raises(DataError, match="leads out"):
        names(root)


@pytest.mark.parametrize("target", ["b.png", "none.png"])
def test_a_link_to_nothing_is_refused(root: Path, target: str) -> None:
    (root / "cat" / "b.png").symlink_to(target)
    with pytest.raises(DataError, match="leads nowhere"):
        names(root)


def test_a_link_to_a_pipe_is_no_picture_to_wait_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "cat" / "a.png").write_bytes(b"a")
    (root / "cat" / "b.png").symlink_to("../pipe")
    assert names(root) == ["cat/a.png"]


def test_links_inside_are_followed_once_and_loops_end(root: Path) -> None:
    (root / "cat" / "a.png").write_bytes(b"a")
    (root / "cat" / "b.png").symlink_to("a.png")
    (root / "cat" / "up").symlink_to("..")
    (root / "dog").symlink_to("cat")
    assert names(root) == ["cat/a.png", "cat/b.png", "dog/a.png", "dog/b.png"]


def test_a_tower_of_links_does_not_grow_without_end(root: Path) -> None:
    for level in range(30):
        (root / f"l{level}").mkdir()
        for twin in "ab":
            (root / f"l{level}" / twin).symlink_to(root / f"l{level + 1}")
    (root / "l30").mkdir()
    (root / "l30" / "a.png").write_bytes(b"a")
    assert names(root) == ["l29/a/a.png", "l29/b/a.png", "l30/a.png"]


def test_folders_may_lie_deep(root: Path) -> None:
    deep = root
    for _ in range(11):
        deep = deep.joinpath(*["d"] * 100)
        deep.mkdir(parents=True)
    (deep / "a.png").write_bytes(b"a")
    try:
        assert names(root) == ["d/" * 1_100 + "a.png"]
    finally:  # Python's own removal of folders stops at its limit of recursion
        subprocess.run(["rm", "-rf", str(root)], check=True)


def test_the_folder_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (root / "cat" / "a.png").write_bytes(b"a")
    (tmp_path / "link").symlink_to(root)
    assert names(tmp_path / "link") == ["cat/a.png"]


def test_pipes_are_no_pictures(root: Path) -> None:
    os.mkfifo(root / "cat" / "a.png")
    tree = LocalTree(root, None)
    assert (list(tree.names()), tree.ignored) == ([], 1)


NAMES = [
    *("犬.png", "кот.png", "قطة.png", "e\u0301.png", "\u00e9.png", "🐈.png", "a b.png", " .png"),
    *("line\nbreak.png", "tab\t.png", "A.png", "a.png", "%41.png", "100%.png", "-rf.png"),
    *("x" * 251 + ".png", "\udcff.png", "%FF.png", "'\".png", "a#1?.png", "\u202egnp.png"),
]


def test_any_name_becomes_one_valid_record(root: Path) -> None:
    for name in NAMES:
        (root / "cat" / name).write_bytes(os.fsencode(name))
    reader = open_reader(source(root, 7))
    rows = [r for p in reader.partitions() for t in reader.read(p) for r in t.to_pylist()]
    assert sorted(row["content"] for row in rows) == sorted(os.fsencode(name) for name in NAMES)
    ids = [row["record_id"] for row in rows]
    assert len(set(ids)) == len(NAMES)
    assert sorted(ids) == ids
    by_content = {row["content"]: row["origin"] for row in rows}
    assert by_content[b"\xff.png"] == "cat/%FF.png"
    assert by_content[b"%FF.png"] == "cat/%25FF.png"
    assert by_content[b"100%.png"] == "cat/100%.png"
    assert by_content[b"line\nbreak.png"] == "cat/line%0Abreak.png"


def test_a_file_that_changed_is_named(root: Path) -> None:
    (root / "cat" / "a.png").write_bytes(b"a")
    (partition,) = open_reader(source(root)).partitions()
    (root / "cat" / "a.png").write_bytes(b"b")
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source(root)).read(partition))


def test_a_file_that_changes_while_it_is_read_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / "cat" / "a.png"
    path.write_bytes(b"before")
    tree = LocalTree(root, None)
    entries = list(tree.entries())
    digests = tree.digests(entries, remember=False)
    for content in (b"longer than before", b"after!", b""):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"cat/a\.png: a source changed"):
            list(tree.contents(entries, digests))
    path.unlink()
    with pytest.raises(DataError, match=r"cat/a\.png: a file went away"):
        list(tree.contents(entries, digests))


@pytest.mark.parametrize("change", ["add", "remove"])
def test_a_partition_that_gained_or_lost_a_file_has_changed(root: Path, change: str) -> None:
    for name in "ac":
        (root / "cat" / f"{name}.png").write_bytes(b"x")
    (partition,) = open_reader(source(root)).partitions()
    if change == "add":
        (root / "cat" / "b.png").write_bytes(b"x")
    else:
        (root / "cat" / "a.png").unlink()
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source(root)).read(partition))


def test_a_folder_that_vanishes_is_a_data_error(root: Path, tmp_path: Path) -> None:
    document = source(root)
    reader = open_reader(document)
    root.rename(tmp_path / "gone")
    with pytest.raises(MillraceError, match="went away"):
        reader.partitions()
    with pytest.raises(DataError, match="does not exist"):
        open_reader(document)


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.EACCES, DataError, "cannot be read"),
        (errno.EIO, TransientError, "failed"),
        (errno.ENOENT, DataError, "went away"),
        (errno.ENAMETOOLONG, DataError, "cannot be read"),
    ],
)
def test_what_a_disk_does_is_told_by_class(number: int, kind: type[Exception], said: str) -> None:
    error = unreadable("cat/a.png", OSError(number, os.strerror(number)))
    assert isinstance(error, kind)
    assert said in str(error)
    assert "cat/a.png" in str(error)
