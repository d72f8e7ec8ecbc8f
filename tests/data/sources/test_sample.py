"""The generated sample: the same everywhere, and as uneven as real collections."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from millrace.artifacts.digests import digest_value
from millrace.data.sources.sample_sms import sample_messages
from text_sources import document, read

MESSAGES = sample_messages()


def test_the_sample_is_the_same_on_every_machine() -> None:
    assert sample_messages() == MESSAGES
    assert digest_value(MESSAGES)[:16] == "8d327e2caa5b606d"


def test_it_has_few_spam_and_repeats_some_messages() -> None:
    counts = Counter(label for label, _ in MESSAGES)
    assert set(counts) == {"ham", "spam"}
    assert 0.12 < counts["spam"] / len(MESSAGES) < 0.18
    repeated = len(MESSAGES) - len({text for _, text in MESSAGES})
    assert 0.02 < repeated / len(MESSAGES) < 0.1


def test_no_text_has_two_labels_or_is_empty() -> None:
    labels: dict[str, str] = {}
    assert all(labels.setdefault(text, label) == label for label, text in MESSAGES)
    assert min(len(text) for text in labels) >= 8
    assert not any(sign in text for text in labels for sign in "{}#")


def test_it_names_no_telephone_and_no_address_that_anybody_could_have() -> None:
    for _, text in MESSAGES:
        for number in re.findall(r"\d{7,}|\d{5} \d{6}", text):
            assert re.fullmatch(r"07700 ?900\d{3}", number), text
        for host in re.findall(r"[\w-]+\.[a-z]{3,}(?=[/\s]|$)", text.lower()):
            assert host.endswith(".example") or "." not in host, text


def test_the_file_that_ships_beside_the_workflows_is_the_sample() -> None:
    file = Path(__file__).parents[3] / "include" / "samples" / "sms.tsv"
    assert file.read_text() == "".join(f"{label}\t{text}\n" for label, text in MESSAGES)


def test_it_is_a_source_like_any_other() -> None:
    table = read(document("sample", dataset="sms", partition_rows=400))
    texts = [text.decode() for text in table["content"].to_pylist()]
    assert list(zip(table["label"].to_pylist(), texts, strict=True)) == [tuple(m) for m in MESSAGES]
    assert set(table["encoding"].to_pylist()) == {"text"}
    assert table["origin"][0].as_py() == "generated-sms#1"
