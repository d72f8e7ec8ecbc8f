"""Files of labels as people write them, and the ones that cannot be believed."""

from __future__ import annotations

import logging
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from millrace.data.sources.labels_file import read_labels
from millrace.data.sources.labels_file_columns import Wanted
from millrace.errors import DataError

NAMES = ["000.png", "001.png", "cat/a.png", "dog/a.png", "dog/c d.jpg"]


def labels(text: str | bytes, names: Any = NAMES, **wanted: Any) -> dict[str, str | None]:
    data = text.encode() if isinstance(text, str) else text
    refuse = wanted.pop("refuse_missing", True)
    found = read_labels(data, "labels.csv", names, Wanted(**wanted), refuse_missing=refuse)
    return {name: label for name, (label, _) in found.items()}


TWO = {"000.png": "x", "001.png": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "000.png,x\n001.png,y\n",
        "file,label\n000.png,x\n001.png,y",
        " file , label \r\n 000.png , x \r\n\r\n 001.png , y \r\n",
        '\ufeff"file", "label"\n"000.png", "x"\n\'001.png\' ,"y" \n',
        "label;file\nx;000.png\ny;001.png\n",
        "file\tlabel\n./000.png\tx\n.\\001.png\ty\n",
        "id, class\n0, x\n1, y\n",
        "id,target\n000,x\n001,y\n",
        "n,path,species\n7,/data/of/joe/000.png,x\n8,/data/of/joe/001.png,y\n",
        "000.png,x\r001.png,y\r",
        "000.png,x\n001.png,y\n000.png,x\n",
        "000.PNG,x\n001.PNG,y\n",
        "a,000.png,label\n".replace("a,000.png", "a,b") + "1,000.png,x\n2,001.png,y\n",
    ],
)
def test_files_of_labels_are_read_as_people_write_them(text: str) -> None:
    assert labels(text) == TWO


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    assert labels("file,label\n000.png,é\n".encode(encoding)) == {"000.png": "é"}


def test_columns_are_taken_by_name_or_position() -> None:
    text = "p,q,r,s\n000.png,001.png,x,y\n"
    assert labels(text, file="q", label="r") == {"001.png": "x"}
    assert labels(text, file=0, label=-1) == {"000.png": "y"}
    assert labels(text, file=" P ", label="S") == {"000.png": "y"}


def test_a_group_comes_with_the_label() -> None:
    data = b"file,label,patient\n000.png,x,p1\n001.png,y,\n"
    found = read_labels(data, "f", NAMES, Wanted(group="patient"), refuse_missing=True)
    assert found == {"000.png": ("x", "p1"), "001.png": ("y", None)}


def test_folders_of_a_path_must_agree() -> None:
    assert labels("cat/a.png,x\n/data/dog/a.png,y\n") == {"cat/a.png": "x", "dog/a.png": "y"}
    with pytest.raises(DataError, match=r"does not exist.*'bee/a.png' on line 2"):
        labels("cat/a.png,x\nbee/a.png,y\n")


def test_a_name_in_another_form_of_unicode_or_with_strange_bytes_is_found() -> None:
    names = ["e\u0301.png", "line%0Abreak.png"]
    assert labels('\u00e9.png,x\n"line\nbreak.png",y\n', names) == {names[0]: "x", names[1]: "y"}


def test_an_empty_label_is_none() -> None:
    assert labels("file,label\n000.png,\n001.png,y\n") == {"000.png": None, "001.png": "y"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty.*received no row"),
        ("\n \r\n,\n", "empty"),
        ("000.png,x\n001.png,y,z\n", "ragged: 1 of 2 rows.*3 on line 2"),
        ("000.png\n001.png\n", "cannot be told which column holds the labels"),
        ("file,p,q\n000.png,1,2\n", "cannot be told.*file, p, q.*Set label_column"),
        ("000.png,x\n000.png,y\n", "contradicts an earlier row.*1 such rows: '000.png' on line 2"),
        ("a.png,x\n", "names more than one picture.*'a.png' on line 1"),
        ("000.png,x\n777.png,y\n", "does not exist.*'777.png' on line 2.*missing_files: ignore"),
        ("777.png,y\n000.png,x\n", "does not exist.*'777.png' on line 1"),
        (b"000.png,x\n001.png,\xff\n", "not UTF-8 text.*0xFF"),
        ('000.png,"x\n001.png,y\ncat/a.png,x', "a quote is not closed"),
        ('"' + "x" * 200_000 + '",y\n', "not a CSV file"),
        (b"\xff\xfe0", "not UTF-8"),
    ],
)
def test_what_cannot_be_believed_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=f"(?s){said}") as error:
        labels(text)
    assert len(str(error.value)) < 1_000


def test_an_unknown_column_lists_those_there_are() -> None:
    for column in ("klass", 2, -3):
        with pytest.raises(DataError, match=r"no such column.*file, label; received (klass|2|-3)"):
            labels("file,label\n000.png,x\n", label=column)


def test_rows_without_a_picture_may_be_left_out_but_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        found = labels("file,label\n000.png,x\n777.png,y\n", refuse_missing=False)
    assert found == {"000.png": "x"}
    assert "labels for 1 of 5 pictures; 1 rows name a picture that does not exist" in caplog.text


def test_damaged_files_of_labels_give_labels_or_a_clear_error() -> None:
    right = b"""file, label\n"000.png", x\n001.png,y\ncat/a.png,'z'\n"""
    draw, read = random.Random(3), 0
    for _ in range(400):
        data = bytearray(right)
        for _ in range(draw.choice((1, 2, 9))):
            at = draw.randrange(len(data))
            data[at : at + draw.choice((0, 1, 9))] = draw.choice((draw.randbytes(2), b'"', b"\n"))
        try:
            read += len(labels(bytes(data))) > 0
        except DataError:
            continue
    assert 20 < read < 380


@pytest.mark.data
def test_the_labels_of_the_head_scans_are_found(data_folder: Path) -> None:
    folder = data_folder / "head-ct-hemorrhage"
    with zipfile.ZipFile(folder / "head_ct.zip") as archive:
        names = sorted(archive.namelist())
    found = labels((folder / "labels.csv").read_bytes(), names)
    assert len(found) == 200
    assert found["head_ct/000.png"] == "1"
    assert found["head_ct/199.png"] == "0"
