"""Proposals for texts and tables: valid whatever columns are called, and fit for what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.workflow.loader import load_file
from millrace.workflow.proposing.choices import choose
from millrace.workflow.proposing.proposer import open_proposer
from millrace.workflow.proposing.seen import Seen, Span
from millrace.workflow.proposing.table_seen import Numbers, SeenColumn, SeenTable
from millrace.workflow.proposing.text_seen import SeenTexts
from millrace.workflow.proposing.write import write_spec

SPECIAL = ["yes", "1", "~", "a: b", "#x", "'", '"', "日本", "a\nb", " a ", "{}", "*a", "\t", "?",
           "null", "- a", "x" * 999, "\x1b[31m", "a, b", "]"]  # fmt: skip
words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)


def known(**values: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "format": "a table",
        "sources": ({"name": "all", "kind": "delimited", "uri": "a.csv", "label": 0},),
        "total": 900, "looked_at": 900, "classes": {"cat": 450, "dog": 450}, "unlabelled": 0,
    }  # fmt: skip
    return fields | values


def texts(**values: Any) -> SeenTexts:
    spans = {"characters": Span(2, 60, 900), "words": Span(1, 12, 170)}
    sources = ({"name": "all", "kind": "delimited", "uri": "a.csv", "label": 0, "text": 1},)
    return SeenTexts(**known(**({"sources": sources} | spans | values)))


def table(*columns: SeenColumn, **values: Any) -> SeenTable:
    return SeenTable(**known(**values), columns=columns)


def proposed(folder: Path, found: Seen) -> Any:
    choices = choose(found)
    plan = open_proposer(found.modality).plan(found, choices)
    path = folder / "mine.yaml"
    path.write_text(write_spec("mine", found, choices, plan), encoding="utf-8")
    return load_file(path)


@pytest.mark.parametrize("total", [8, 300, 5_000, 2_000_000])
@pytest.mark.parametrize("longest", [1, 400, 90_000, 60_000_000])
def test_texts_of_any_number_and_length(tmp_path: Path, total: int, longest: int) -> None:
    classes = {"a": total // 2, "b": total // 2}
    span = Span(0, longest // 2, longest)
    spec = proposed(tmp_path, texts(characters=span, total=total, looked_at=total, classes=classes))
    assert spec.model.kind == ("text_mlp" if total <= 1_000 else "text_cnn")
    assert spec.clean.length.longest >= longest
    assert 8 <= spec.train.epochs <= 30


def test_of_two_uneven_classes_the_rarer_one_is_looked_for(tmp_path: Path) -> None:
    spec = proposed(tmp_path, texts(classes={"ham": 800, "spam": 100}))
    assert spec.decision.positive == "spam"
    assert spec.decision.goal.f1_of == "spam"
    assert spec.train.class_weights == "balanced"
    assert proposed(tmp_path, texts()).decision.positive is None
    three = texts(classes={"a": 500, "b": 300, "c": 100})
    assert proposed(tmp_path, three).decision.positive is None


def test_names_of_folders_and_classes_that_are_left_out_are_one_map(tmp_path: Path) -> None:
    source = {"name": "m", "kind": "email", "uri": "m", "label_map": {"easy_ham": "ham", "x": "y"}}
    found = texts(
        sources=(source,), classes={"ham": 40, "spam": 40, "y": 1}, total=81, looked_at=81
    )
    (made,) = proposed(tmp_path, found).sources
    assert made.label_map == {"easy_ham": "ham", "x": None, "y": None}


def test_long_texts_and_texts_without_spaces_are_told(tmp_path: Path) -> None:
    found = texts(words=Span(1, 900, 9_000), languages={"zh": 9, "en": 1})
    notes = " ".join(open_proposer("text").plan(found, choose(found)).notes)
    assert "300 words" in notes
    assert "without spaces" in notes


@settings(max_examples=100, deadline=None)
@given(name=words, category=words)
def test_any_column_and_any_category_survive(
    tmp_path_factory: pytest.TempPathFactory, name: str, category: str
) -> None:
    columns = (
        SeenColumn(name, 900, categories=(category, f"{category}2"), distinct=2),
        SeenColumn(f"{name}2", 900, left_out=f"every record has {category!r}"),
    )
    spec = proposed(tmp_path_factory.getbasetemp(), table(*columns))
    assert set(spec.transform.columns) == {name}
    assert set(spec.transform.columns[name].categories) == {category, f"{category}2"}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_special_name_of_a_column_reads_back(tmp_path: Path, name: str) -> None:
    spec = proposed(tmp_path, table(SeenColumn(name, 9, numbers=Numbers(0, 1, 2, whole=True))))
    assert list(spec.transform.columns) == [name]


def test_the_contract_is_written_down(tmp_path: Path) -> None:
    spec = proposed(
        tmp_path,
        table(
            SeenColumn("age", 900, 90, numbers=Numbers(1, 40, 80, whole=True)),
            SeenColumn("city", 900, categories=("Rome", "Bern"), distinct=2),
            missing_words=("?",),
        ),
    )
    age, city = (spec.transform.columns[name] for name in ("age", "city"))
    assert (age.low, age.high, age.missing) == (0, 160, "median")
    assert (city.categories, city.missing) == (("Bern", "Rome"), "refuse")
    assert spec.transform.missing_words[-1] == "?"


def test_the_report_names_the_first_columns_only() -> None:
    numbers = Numbers(0, 1, 2, whole=True)
    found = table(*(SeenColumn(f"c{n}", 9, numbers=numbers) for n in range(40)))
    facts = list(open_proposer("table").facts(found))
    assert facts[0] == ("Columns", "40 of numbers, 0 of categories")
    assert facts[-1] == ("", "and 28 more")


def test_of_long_texts_the_network_sees_the_start(tmp_path: Path) -> None:
    assert proposed(tmp_path, texts(words=Span(1, 150, 900))).model.tokens.length == 300
    assert proposed(tmp_path, texts()).model.tokens.length is None
