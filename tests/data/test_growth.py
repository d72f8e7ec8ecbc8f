"""What is said of sources that grew, changed or lost something."""

from __future__ import annotations

from typing import Any

from millrace.data.growth import growth


def parts(*contents: str, source: str = "s", rows: int = 10) -> list[dict[str, Any]]:
    return [
        {
            "source": source,
            "index": n,
            "start": n * rows,
            "stop": n * rows + len(content),
            "fingerprint": content,
            "member": None,
            "offset": 7 * n,
        }
        for n, content in enumerate(contents)
    ]


def test_nothing_changed() -> None:
    (found,) = growth(parts("aa", "bb"), parts("aa", "bb"))
    assert str(found) == "source s: 2 partitions: 2 as before"


def test_a_source_that_grew() -> None:
    (found,) = growth(parts("aa", "b"), parts("aa", "bb", "cc"))
    assert str(found) == "source s: 3 partitions: 1 as before, 1 changed (1), 1 new (2)"


def test_a_source_that_lost_its_end() -> None:
    (found,) = growth(parts("aa", "bb", "cc"), parts("aa"))
    assert str(found) == "source s: 1 partitions: 1 as before, 2 gone"


def test_a_partition_that_only_moved_is_as_before() -> None:
    at = {"start": 0, "stop": 1}
    before = [{**p, "member": p["fingerprint"], **at} for p in parts("b", "c")]
    now = [{**p, "member": p["fingerprint"], **at} for p in parts("a", "b", "c")]
    (found,) = growth(before, now)
    assert (found.kept, found.new, found.changed, found.gone) == (2, (0,), (), 0)


def test_other_sources_are_new_or_gone_as_a_whole() -> None:
    found = growth(parts("a", source="old"), parts("a", source="young"))
    assert [(g.source, g.kept, g.new, g.gone) for g in found] == [
        ("young", 0, (0,), 0),
        ("old", 0, (), 1),
    ]


def test_a_sentence_stays_short() -> None:
    (found,) = growth([], parts(*map(str, range(1_000))))
    assert str(found).endswith("1000 new (0, 1, 2, 3, 4, …)")
