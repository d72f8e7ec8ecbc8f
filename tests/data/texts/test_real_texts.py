"""The contract on the SMS Spam Collection and on SpamAssassin: the refused, and the families."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.data.near_duplicates.leakage import expected_leakage
from millrace.data.near_texts.stored import stored_families

pytestmark = pytest.mark.data


def families(made: Any, scratch: Path) -> tuple[Any, Any]:
    """Return the family of each stored text, and the sizes of the families."""
    rows = np.arange(made.result.rows)
    _, family = stored_families([made.artifact.path("records.parquet")], rows, scratch)
    return family, np.unique_counts(family).counts


def test_no_sms_is_refused_and_families_have_one_label(
    texts: Any, data_folder: Path, tmp_path: Path
) -> None:
    file = data_folder / "sms-spam-collection" / "SMSSpamCollection"
    lines = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    made = texts.clean(texts.raw([t for _, t in lines], labels=[label for label, _ in lines]))
    assert made.result.counts.quarantined == 0
    assert made.result.counts.duplicates == 415
    family, sizes = families(made, tmp_path)
    labels = np.array(made.table()["label"].to_pylist())
    assert 125 <= (sizes > 1).sum() <= 140
    assert all(len(set(labels[family == number])) == 1 for number in np.unique(family))
    assert expected_leakage(family, 0.7) == pytest.approx(0.055, abs=0.005)


def test_three_messages_of_spamassassin_are_no_text(
    texts: Any, data_folder: Path, tmp_path: Path
) -> None:
    mails, labels = [], []
    for path in sorted((data_folder / "spamassassin").glob("*.tar.bz2")):
        with tarfile.open(path) as archive:
            files = [archive.extractfile(member) for member in archive if member.isfile()]
            mails += [file.read() for file in files if file is not None]
        labels += ["spam" if path.name.startswith("spam") else "ham"] * (len(mails) - len(labels))
    made = texts.clean(texts.raw(mails, labels=labels, encoding="message"))
    rows = made.table("quarantine.parquet").to_pylist()
    assert Counter(row["reason"] for row in rows) == {"not_text": 3}
    assert all(row["label"] == "spam" for row in rows)
    family, sizes = families(made, tmp_path)
    assert 490 <= (sizes > 1).sum() <= 530
    assert expected_leakage(family, 0.7) > 0.2
