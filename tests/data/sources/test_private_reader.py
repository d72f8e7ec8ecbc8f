"""Sources of people's texts: what goes on of them, by what names, and what is left on disk."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from millrace.data.sources.reader import keyed, open_reader
from millrace.errors import MillraceError, SpecError
from millrace.workflow.privacy import Privacy
from millrace.workflow.text_sources import DelimitedSource, EmailSource, TextFolderSource

MAIL = b"""From: "Wunderlichova, Kunigunde" <k.w@quell.example>
To: bob@x.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from Kunigunde
X-Secret: Geheimrat
Content-Type: text/plain; charset=utf-8

Call me: 0171-5550199. kunigunde
"""


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def document(source: Any, learnt: dict[str, Any] | None = None, **privacy: Any) -> dict[str, Any]:
    said = Privacy(input="identified", **privacy).model_dump(mode="json")
    return source.model_dump(mode="json") | {"privacy": said, "learnt": learnt or {}}


def read(said: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the records and the certificate of the only partition."""
    (partition,) = open_reader(said).partitions()
    reader = open_reader(said)
    rows = [row for table in reader.read(partition) for row in table.to_pylist()]
    return rows, reader.certificate.to_document()  # type: ignore[attr-defined]


def mail(tmp_path: Path, **values: Any) -> EmailSource:
    path = tmp_path / "in" / "ham" / "Kunigunde.eml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAIL)
    fields = {"name": "m", "kind": "email", "uri": str(tmp_path / "in"), "group": "sender"}
    return EmailSource(**fields | values)


def test_of_a_mail_the_subject_and_the_text_stay_without_its_people(tmp_path: Path) -> None:
    (row,), certificate = read(document(mail(tmp_path)))
    assert row["content"].decode() == "Grüße from [NAME]\n\nCall me: [PHONE]. [NAME]"
    assert row["encoding"] == "text"
    assert row["label"] == "ham"
    assert row["group"].startswith("P-")
    assert "Kunigunde" not in str(row)
    assert certificate["passed"]
    assert certificate["attributes"]["phone numbers"] == {"replaced": 1}


def test_headers_that_are_learnt_from_stay_and_are_recognised(tmp_path: Path) -> None:
    (row,), _ = read(document(mail(tmp_path), {"headers": ["x-secret", "from"]}))
    assert b"X-secret: Geheimrat" in row["content"]
    assert b'From: "[NAME], [NAME]" <[EMAIL]>' in row["content"]


def test_partitions_and_records_have_keyed_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = document(mail(tmp_path))
    (first,) = open_reader(said).partitions()
    rows, _ = read(said)
    assert "Kunigunde" not in str([first, keyed(said)])
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5b" * 32)
    (other,) = open_reader(said).partitions()
    assert other.fingerprint != first.fingerprint
    assert read(said)[0][0]["record_id"] != rows[0]["record_id"]


def test_a_compressed_source_leaves_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "kunigunde.csv.gz"
    path.write_bytes(gzip.compress(b"note,kind\n" + b"Frau Wunderlichova,a\n" * 3))
    source = DelimitedSource(name="t", kind="delimited", uri=str(path), text="note", label="kind")
    rows, _ = read(document(source))
    assert [row["content"] for row in rows] == [b"Frau [NAME]"] * 3
    left = [one for one in (tmp_path / "tmp", tmp_path / "home") for one in one.rglob("*")]
    assert [one for one in left if one.is_file()] == []


def test_columns_are_dropped_recognised_pseudonymised_or_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "age,note,who,name,kind\n51,Dear Xiulan,Etikettowski,Wunderlichova,a\n"
    )
    source = DelimitedSource(name="t", kind="delimited", uri=str(tmp_path / "t.csv"), label="kind")
    learnt = {"columns": ["age", "note"]}
    (row,), certificate = read(document(source, learnt, columns={"who": "pseudonymise"}))
    record = json.loads(row["content"])
    assert list(record) == ["age", "note", "who"]
    assert (record["age"], record["note"]) == ("51", "Dear [NAME]")
    assert record["who"].startswith("V-")
    assert certificate["attributes"]["columns that are not learnt from"] == {"removed": 1}


def test_what_cannot_be_read_goes_on_without_content(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "a"
    folder.mkdir(parents=True)
    (folder / "kunigunde.txt").write_bytes(b"Wunderlichova\x81\xff\x00")
    source = TextFolderSource(
        name="t", kind="text_folder", uri=str(tmp_path / "in"), encoding="utf-8"
    )
    (row,), certificate = read(document(source))
    assert row["content"] is None
    assert row["encoding"].startswith("unreadable;")
    assert certificate["records"]["withheld"]
    assert certificate["passed"]


def test_a_label_that_was_recognised_withholds_its_record(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("note,kind\nFrau Wunderlichova,Wunderlichova\n")
    source = DelimitedSource(
        name="t", kind="delimited", uri=str(tmp_path / "t.csv"), text="note", label="kind"
    )
    (row,), certificate = read(document(source))
    assert (row["content"], row["label"]) == (None, None)
    assert certificate["records"]["stored"] == 0


def test_errors_name_no_file(tmp_path: Path) -> None:
    source = DelimitedSource(name="t", kind="delimited", uri=str(tmp_path / "kunigunde"), text="x")
    with pytest.raises(MillraceError) as caught:
        open_reader(document(source)).partitions()
    assert "kunigunde" not in str(caught.value)


def test_without_a_key_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_PRIVACY_KEY")
    with pytest.raises(SpecError, match="no key to make pseudonyms"):
        open_reader(document(mail(tmp_path)))
