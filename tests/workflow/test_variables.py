from __future__ import annotations

import pytest

from millrace.errors import SpecError
from millrace.workflow.variables import expand


def test_variables_and_defaults_are_resolved() -> None:
    value = {"uri": "${FOLDER:-https://x/y}/a.gz", "list": ["${NAME}"], "number": 3}
    assert expand(value, {"NAME": "n"}) == {
        "uri": "https://x/y/a.gz",
        "list": ["n"],
        "number": 3,
    }


def test_a_set_variable_wins_over_the_default_and_an_empty_one_does_not() -> None:
    assert expand("${A:-b}", {"A": "c"}) == "c"
    assert expand("${A:-b}", {"A": ""}) == "b"


def test_a_variable_without_value_names_itself_and_the_field() -> None:
    with pytest.raises(SpecError, match=r"sources\[0\]\.uri: the variable A"):
        expand({"sources": [{"uri": "${A}/x"}]}, {})
