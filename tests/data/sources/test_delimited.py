"""Text tables: every row is accounted for, whatever is in it, and columns are never guessed wrong
in silence."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from millrace.data.growth import growth
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError
from text_sources import document, read, rows

MESSAGES = [
    ("ham" if n % 4 else "spam", f"message {n}, said the other; it's 5\" wide | ok")
    for n in range(40)
]


def source(folder: Path, data: str | bytes, **values: Any) -> dict[str, Any]:
    path = folder / values.pop("file", "made.csv")
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return document("delimited", path, **{"text": 1, "label": 0, **values})


def tsv(messages: Any = MESSAGES) -> str:
    return "".join(f"{label}\t{text}\n" for label, text in messages)


def quoted(delimiter: str = ",", header: tuple[str, ...] = ("class", "text")) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(MESSAGES)
    return buffer.getvalue()


def contents(source: dict[str, Any]) -> list[tuple[str, str]]:
    table = read(source)
    assert set(table["encoding"].to_pylist()) == {"text"}
    return list(
        zip(
            table["label"].to_pylist(),
            [text.decode() for text in table["content"].to_pylist()],
            strict=True,
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        tsv(),
        tsv().replace("\n", "\r\n"),
        "\ufeff" + tsv(),
        tsv().rstrip("\n") + "\n\n  \n",
        tsv().encode("utf-16"),
        gzip.compress(tsv().encode()),
        "label\ttext\n" + tsv(),
        "v1\tv2\n" + tsv(),
        quoted(),
        quoted(";"),
        quoted("|"),
        quoted("\t"),
    ],
    ids=[
        *("tab", "crlf", "bom", "blank-end", "utf16", "gz", "header", "unusual-header"),
        *("comma", "semicolon", "bar", "quoted-tab"),
    ],
)
def test_ways_to_write_a_table_do_not_matter(tmp_path: Path, text: Any) -> None:
    assert contents(source(tmp_path, text)) == MESSAGES


def test_columns_are_found_by_name_and_origins_count_the_header(tmp_path: Path) -> None:
    asked = source(tmp_path, quoted(header=("class", "words")), text="words", label="class")
    assert contents(asked) == MESSAGES
    assert read(asked)["origin"][0].as_py() == "made.csv#2"


def test_the_variant_with_empty_columns_and_latin_letters_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = 'v1,v2,,,\nham,"caf\xe9, na\xefve \x80",,,\nspam,only ascii,,,\n'
    asked = source(tmp_path, text.encode("latin-1"), text="v2", label="v1")
    with caplog.at_level(logging.WARNING):
        assert contents(asked) == [("ham", "café, naïve €"), ("spam", "only ascii")]
    assert "1 of 2 rows are not UTF-8" in caplog.text


def test_a_line_in_another_encoding_spoils_neither_itself_nor_the_others(tmp_path: Path) -> None:
    asked = source(tmp_path, "ham\tgrüße\n".encode() + b"ham\tgr\xfc\xdfe\nspam\t\x81\xff\n")
    assert [(content, kind) for _, content, kind in rows(asked)] == [
        ("grüße".encode(), "text"),
        ("grüße".encode(), "text"),
        (b"spam\t\x81\xff", "bytes"),
    ]
    strict = rows(asked | {"encoding": "utf-8"})
    assert [kind for *_, kind in strict] == ["text", "bytes", "bytes"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "shift_jis", "koi8-r", "utf-32"])
def test_a_declared_encoding_is_taken_at_its_word(tmp_path: Path, encoding: str) -> None:
    said = "表|ポ" if encoding == "shift_jis" else "Привет"
    asked = source(tmp_path, f'ham,"{said}, x"\nspam,b\n'.encode(encoding), encoding=encoding)
    assert contents(asked)[0] == ("ham", f"{said}, x")


def test_signs_that_nobody_sees_survive(tmp_path: Path) -> None:
    odd = "\u202eright to left\u200b \u2066\U0001f600\u200d\u2028 \x00 \x85 שלום"
    assert contents(source(tmp_path, tsv([*MESSAGES, ("ham", odd)])))[-1] == ("ham", odd)


def test_quotes_that_are_letters_stay(tmp_path: Path) -> None:
    odd = [("ham", '"Hi" she said'), ("ham", '"'), ("spam", 'a ""b""'), ("ham", '"quoted"')]
    assert contents(source(tmp_path, tsv([*MESSAGES, *odd])))[-4:] == odd
    assert contents(source(tmp_path, tsv(odd), quoting=False)) == odd


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    said = 'line one,\n\n"two", three\n'
    field = said.replace('"', '""')
    asked = source(tmp_path, f'text,label\n"{field}",ham\n"b",spam\n', text="text", label="label")
    assert contents(asked) == [("ham", said), ("spam", "b")]
    assert contents(asked | {"partition_rows": 1}) == [("ham", said), ("spam", "b")]


def test_a_quote_that_nobody_closes_costs_its_own_row_only(tmp_path: Path) -> None:
    text = quoted() + 'ham,"never closed\n' + "".join(f"ham,later {n}\n" for n in range(30))
    table = read(source(tmp_path, text))
    kinds = table["encoding"].to_pylist()
    assert kinds[40] == "unreadable;a quote is not closed"
    assert set(kinds[:40] + kinds[41:]) == {"text"}
    assert table.num_rows == 71


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("only one", "1 columns instead of 2"),
        ("a,b,c", "3 columns instead of 2"),
        ("", "an empty line"),
        ('ham,"a" b', "text follows a closing quote in column 1"),
    ],
)
@pytest.mark.parametrize("place", [1, 20, 40])
def test_a_bad_row_is_a_record_that_says_why(
    tmp_path: Path, row: str, said: str, place: int
) -> None:
    lines = quoted().splitlines()
    lines.insert(place, row)
    table = read(source(tmp_path, "\n".join(lines) + "\n"))
    assert table["encoding"][place - 1].as_py() == f"unreadable;{said}"
    assert table["content"][place - 1].as_py() == row.encode()
    assert table["encoding"].to_pylist().count("text") == 40


def test_a_line_of_ten_megabytes_is_a_record(tmp_path: Path) -> None:
    long = "word " * 2_000_000
    assert contents(source(tmp_path, tsv([*MESSAGES, ("ham", long), *MESSAGES])))[40][1] == long


def test_a_line_that_never_ends_is_refused(tmp_path: Path) -> None:
    asked = source(tmp_path, tsv() + "ham\t" + "x" * (17 << 20))
    with pytest.raises(DataError, match="a line is too long") as caught:
        open_reader(asked).partitions()
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        (quoted(), {"delimiter": ";"}, "columns of a table cannot be told.*';' makes 2 in"),
        (quoted(), {"text": "words"}, "text: a column is missing.*class, text; received words"),
        (quoted(), {"label": "gone", "text": "text"}, "label: a column is missing"),
        (quoted(), {"text": 7}, "a column is missing; expected one of 2 columns"),
        ("a,a,b\n1,2,3\n4,5,6\n", {"text": "a", "label": "b"}, "not unique"),
        ("just one line", {}, "columns of a table cannot be told"),
        ("text,label\n1,2,3\n4,5,6\n", {"text": "text", "label": "label"}, "cannot be told"),
        ("ham\tx\n".encode("utf-16-le") * 9, {}, "not a text table.*utf-16-le"),
        (b"ham\tx\n\xff\xfe", {"encoding": "utf-16"}, "not in one encoding"),
    ],
    ids=[*("delimiter", "text", "label", "position", "twice", "one", "header", "nul", "broken")],
)
def test_a_table_that_is_not_as_the_spec_says_is_refused(
    tmp_path: Path, text: Any, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        open_reader(source(tmp_path, text, **values)).partitions()
    assert len(str(caught.value)) < 1_500


def test_names_without_a_header_are_the_spec_s_fault(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no column names.*received text"):
        open_reader(source(tmp_path, tsv(), text="text", header=False)).partitions()


@pytest.mark.parametrize("text", ["", "\n \n", "label,text\n"])
def test_a_table_without_rows_has_no_partition(tmp_path: Path, text: str) -> None:
    assert open_reader(source(tmp_path, text)).partitions() == []


def test_a_file_of_texts_alone_has_one_column(tmp_path: Path) -> None:
    asked = source(tmp_path, "one, two\nthree\nfour; five\n", text=0, label=None)
    assert [content for _, content, _ in rows(asked)] == [b"one, two", b"three", b"four; five"]


def test_a_table_that_grows_yields_new_partitions_only(tmp_path: Path) -> None:
    asked = source(tmp_path, quoted(), partition_rows=10)
    before = [p.to_document() for p in open_reader(asked).partitions()]
    with (tmp_path / "made.csv").open("a") as file:
        file.writelines(f'ham,"later\n{n}"\n' for n in range(15))
    (grown,) = growth(before, [p.to_document() for p in open_reader(asked).partitions()])
    assert (grown.kept, grown.new, grown.gone) == (4, (4, 5), 0)


def test_a_column_that_disappears_between_runs_is_named(tmp_path: Path) -> None:
    asked = source(tmp_path, quoted(), text="text", label="class")
    (partition,) = open_reader(asked).partitions()
    (tmp_path / "made.csv").write_text(quoted().replace("class,text", "class,body"))
    with pytest.raises(DataError, match=r"text: a column is missing.*received text"):
        list(open_reader(asked).read(partition))


TABLE = 'age, job ,income,person\n39, clerk ,<=50K,a\n,,>50K,b\n5e1,"x, ""y""",<=50K,a\n'


def test_rows_become_json_with_texts_as_they_are_and_null_for_nothing(tmp_path: Path) -> None:
    asked = source(tmp_path, TABLE, text=None, label="income", group="person")
    table = read(asked)
    assert table["content"].to_pylist() == [
        b'{"age":"39","job":"clerk"}',
        b'{"age":null,"job":null}',
        b'{"age":"5e1","job":"x, \\"y\\""}',
    ]
    assert table["group"].to_pylist() == ["a", "b", "a"]
    assert set(table["encoding"].to_pylist()) == {"row"}


def test_rows_without_a_header_are_named_by_position(tmp_path: Path) -> None:
    asked = source(tmp_path, "39, clerk, <=50K\n50, smith, >50K\n", text=None, label=-1)
    assert json.loads(read(asked)["content"][1].as_py()) == {"column_0": "50", "column_1": "smith"}


def test_two_columns_of_one_name_are_no_record(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"two columns of a table have one name.*received a"):
        open_reader(source(tmp_path, "a,b,a\n1,2,3\n", text=None, label="b")).partitions()


@pytest.mark.parametrize(
    "values", [{"text": "a", "label": "a"}, {"encoding": "zip"}, {"encoding": "x-unknown"},
               {"delimiter": "ab"}, {"delimiter": '"'}]
)  # fmt: skip
def test_a_spec_that_cannot_be_right_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=re.compile("different|encoding|pattern", re.IGNORECASE)):
        document("delimited", "x.csv", **values)


@pytest.mark.data
def test_the_sms_spam_collection_is_read_as_it_is(home: Path, data_folder: Path) -> None:
    path = data_folder / "sms-spam-collection" / "SMSSpamCollection"
    asked = document("delimited", path, text=1, label=0, partition_rows=1_000)
    lines = path.read_bytes().decode().rstrip("\n").split("\n")
    assert contents(asked) == [tuple(line.split("\t")) for line in lines]
