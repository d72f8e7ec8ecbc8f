"""From the words of the command line to the conf of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.cli.conf import build_conf, check_conf
from millrace.errors import SpecError
from millrace.settings import Settings


@pytest.mark.parametrize("word", ["epochs", "=3", ""])
def test_a_word_that_is_no_parameter_is_refused(word: str) -> None:
    with pytest.raises(SpecError, match="--param: not a parameter; expected NAME=VALUE"):
        build_conf([word], [], None)


def test_a_value_that_is_also_a_mapping_is_refused() -> None:
    with pytest.raises(SpecError, match="both a value and a mapping"):
        build_conf(["sources=x", "sources.train.images=y"], [], None)


def test_values_are_json_where_they_can_be() -> None:
    words = ["epochs=3", "learning_rate=1e-3", "name=digits", "seed=null", "text=a=b"]
    found = build_conf(words, [], None)
    assert found == {"epochs": 3, "learning_rate": 0.001, "name": "digits", "seed": None,
                     "text": "a=b"}  # fmt: skip


def test_dots_lead_into_mappings() -> None:
    found = build_conf(["sources.a.uri=x", "sources.a.limit=5", "sources.b.uri=y"], [], None)
    assert found == {"sources": {"a": {"uri": "x", "limit": 5}, "b": {"uri": "y"}}}


@pytest.mark.parametrize("given", ["force=train", 'force=["train"]'])
def test_force_may_be_given_as_a_parameter_too(given: str) -> None:
    assert build_conf([given], ["evaluate"], None) == {"force": ["train", "evaluate"]}
    assert build_conf([given], [], None) == {"force": ["train"]}


def test_force_and_limit_have_their_own_words() -> None:
    assert build_conf([], ["train", "evaluate"], 10) == {
        "force": ["train", "evaluate"],
        "limit": 10,
    }


def test_what_the_first_task_would_refuse_is_refused_here(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text("")
    settings = Settings.load({"MILLRACE_WORKFLOWS": str(tmp_path)})
    with pytest.raises(SpecError, match="epoch"):
        check_conf(settings, "digits", {"epoch": 3})
    with pytest.raises(SpecError, match="epochs"):
        check_conf(settings, "digits_predict", {"epochs": 3})
    check_conf(settings, "somebody_elses", {"anything": 1})
