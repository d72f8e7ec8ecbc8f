"""`millrace new` on texts, e-mails and tables: what it says, and that its workflow runs."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import ExitCode
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings
from millrace.workflow.loader import load_named
from text_sources import tar, write

WORDS = [f"word{number}" for number in range(60)]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with no workflow in it."""
    folder = tmp_path / "project"
    (folder / "include" / "workflows").mkdir(parents=True)
    monkeypatch.setenv("MILLRACE_PROJECT", str(folder))
    monkeypatch.delenv("MILLRACE_WORKFLOWS", raising=False)
    monkeypatch.delenv("MILLRACE_DAGS", raising=False)
    return folder


def text(seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=14))


def proposed(project: Path) -> Any:
    return load_named(project / "include" / "workflows", "mine")


def integrated() -> dict[str, Any]:
    """Run the workflow `mine` up to its data set; return that artifact's reference."""
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    run = start_run(RunIdentity("mine", "mine", "one"), {}, "test")
    cleaned, made = [], []
    for partition in STEPS["discover"](run):
        cleaned.append(STEPS["clean"](run, partition, STEPS["collect"](run, partition)))
        made.append(STEPS["transform"](run, partition, cleaned[-1]))
    dataset: dict[str, Any] = STEPS["integrate"](run, cleaned, made)
    run.catalog.close()
    return dataset


def test_texts_become_a_workflow_that_runs(millrace: Any, project: Path, tmp_path: Path) -> None:
    lines = [f"{'spam' if n % 6 == 0 else 'ham'}\t{text(n)}" for n in range(120)]
    path = tmp_path / "it's: 日本"
    path.write_text("\n".join([*lines, lines[3], "ham\t\u200b"]))
    code, out, err = millrace("new", "mine", "--from", str(path))
    assert (code, err) == (0, "")
    assert "ham (100), spam (20)" in out
    assert "1 empty" in out
    assert "1 exact" in out
    assert "14 words" in out
    spec = proposed(project)
    assert (spec.modality, spec.decision.positive) == ("text", "spam")
    assert integrated()["rows"] == 120


def test_emails_of_several_archives_become_a_workflow_that_runs(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    paths = []
    for name in ("easy_ham", "spam"):
        mails = {f"{name}/{n}": f"From: a@b.example\nSubject: {text(n)}\n\n{text(-n - len(name))}\n"
                 for n in range(40)}  # fmt: skip
        members = {member: mail.encode() for member, mail in mails.items()}
        paths += ["--from", str(tar(tmp_path / f"{name}.tar.bz2", members, "w:bz2"))]
    code, out, err = millrace("new", "mine", *paths)
    assert (code, err) == (0, "")
    assert "easy_ham is 'ham', spam is 'spam'" in out
    assert "80, with 0 attachments" in out
    assert integrated()["rows"] == 80


def test_a_table_becomes_a_workflow_with_its_contract(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    lines = [f"{n},{n % 70},{('Rome', 'Bern', '')[n % 3]},x,{'ab'[n % 2]}" for n in range(150)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["id,age,city,same,label", *lines, "151,old,Rome,x,a"]))
    code, out, err = millrace("new", "mine", "--from", str(path))
    assert (code, err) == (0, "")
    assert "age: 0 to 69" in out
    assert "city: 2 categories" in out
    assert "33.1% missing" in out
    assert "id (it numbers the records)" in out
    assert "1 wrong_type" in out
    columns = proposed(project).transform.columns
    assert set(columns) == {"age", "city"}
    assert columns["city"].categories == ("Bern", "Rome")
    assert integrated()["rows"] == 150


def test_a_folder_of_two_kinds_says_so(millrace: Any, project: Path, tmp_path: Path) -> None:
    files = {f"{c}/{n}.txt": text(n + 100 * ord(c)).encode() for c in "ab" for n in range(12)}
    root = write(tmp_path / "x", files | {f"{c}/{n}.png": b"x" for c in "ab" for n in range(3)})
    code, out, _ = millrace("new", "mine", "--from", str(root))
    assert code == 0
    assert "6 pictures beside the 24 texts" in " ".join(out.split())
    assert proposed(project).modality == "text"


@pytest.mark.parametrize(
    ("files", "words", "sentence"),
    [
        ({}, (), "received no file"),
        ({"a": os.urandom(500), "b.bin": b"\0" * 99}, (), "received 2 other files"),
        ({"1.txt": b"some words", "2.txt": b"others"}, (), "no text has a label"),
        ({"a/1.txt": b"some words", "a/2.txt": b"others"}, (), "all texts are of one class"),
        ({"a/1.txt": b"one", "b/1.txt": b"two"}, (), "the classes have too few texts"),
        ({"a/1.txt": b" ", "b/1.txt": b""}, (), "2 empty"),
        ({"a.csv": b"text\nsome words here\n"}, (), "a table of one column"),
        ({"a.csv": b"a,b\n0.5,1.5\n1.5,2.5\n"}, (), "--label COLUMN"),
        ({"a.csv": b"a,b\n0.5,1.5\n1.5,2.5\n"}, ("--label", "c"), "no column is called so"),
        ({"a/1.txt": b"some words"}, ("--kind", "table"), "expected a table"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    millrace: Any, project: Path, tmp_path: Path, files: Any, words: Any, sentence: str
) -> None:
    (tmp_path / "x").mkdir()
    root = write(tmp_path / "x", files)
    code, _, err = millrace("new", "mine", "--from", str(root), *words)
    assert code in (ExitCode.DATA, ExitCode.SPEC)
    assert sentence in err
    assert not list((project / "include" / "workflows").iterdir())


@pytest.mark.data
def test_the_sms_spam_collection_is_understood(
    millrace: Any, project: Path, data_folder: Path
) -> None:
    origin = data_folder / "sms-spam-collection"
    code, out, _ = millrace("new", "mine", "--from", str(origin), "--sample", "500")
    assert code == 0
    assert "5,574; looked at" in out
    assert "en 9" in out
    assert proposed(project).decision.positive == "spam"


def test_a_table_of_measured_labels_becomes_a_regression(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    lines = [f"{n % 9},{'ab'[n % 2]},{n * 1.5 + 3}" for n in range(120)]
    (tmp_path / "prices.csv").write_text("\n".join(["rooms,town,target", *lines, "3,a,NA"]))
    code, out, err = millrace("new", "mine", "--from", str(tmp_path / "prices.csv"))
    assert code == ExitCode.DONE, err
    assert "numbers: 3 to 181.5" in out
    assert "Classes" not in out
    spec = proposed(project)
    assert spec.task == "tabular_regression"
    assert spec.target.limits == (0, 360)
    assert integrated()["rows"] == 120


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        ([str(n % 5) for n in range(120)], "tabular_classification"),
        ([str(n % 5 / 2) for n in range(120)], "tabular_classification"),
        ([str(n * n) for n in range(120)], "tabular_regression"),
    ],
)
def test_few_numbers_are_classes_and_many_are_measured(
    millrace: Any, project: Path, tmp_path: Path, labels: list[str], task: str
) -> None:
    lines = [f"{n % 9},{'ab'[n % 2]},{label}" for n, label in enumerate(labels)]
    (tmp_path / "a.csv").write_text("\n".join(["rooms,town,y", *lines]))
    code, _, err = millrace("new", "mine", "--from", str(tmp_path / "a.csv"), "--label", "y")
    assert code == ExitCode.DONE, err
    assert proposed(project).task == task


def test_a_few_labels_far_above_the_rest_are_learnt_by_their_logarithm(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    lines = [f"{n % 9},{2 ** (n / 8):.3f}" for n in range(1, 120)]
    (tmp_path / "a.csv").write_text("\n".join(["rooms,y", *lines]))
    code, _, err = millrace("new", "mine", "--from", str(tmp_path / "a.csv"), "--label", "y")
    assert code == ExitCode.DONE, err
    assert proposed(project).target.transform == "log"
