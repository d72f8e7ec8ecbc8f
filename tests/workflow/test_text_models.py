from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from millrace.workflow.models import model_of
from millrace.workflow.text_models import AnyTextModel, CustomTextModel, TextCnnModel, Tokens

ANY = TypeAdapter(AnyTextModel)


@pytest.mark.parametrize("kind", ["text_cnn", "text_rnn", "text_mlp", "own.module:build"])
def test_every_kind_of_model_survives_its_document(kind: str) -> None:
    model = ANY.validate_python({"kind": kind, "tokens": {"vocabulary": 50}})
    assert model_of(model.model_dump(mode="json")) == model
    assert model.tokens == Tokens(vocabulary=50)


def test_a_users_own_model_of_texts_is_told_how_words_become_numbers() -> None:
    model = ANY.validate_python({"kind": "own.module:build", "options": {"units": 3}})
    assert isinstance(model_of(model.model_dump(mode="json")), CustomTextModel)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "cnn"},
        {"kind": "text_cnn", "widths": []},
        {"kind": "text_cnn", "tokens": {"vocabulary": 0}},
        {"kind": "text_rnn", "cell": "elman"},
        {"kind": "text_mlp", "tokens": {"size": 5}},
        {"kind": "text_mlp", "options": {}},
    ],
)
def test_what_no_model_of_texts_is_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python(document)


def test_the_spec_of_words_is_no_argument_of_a_network() -> None:
    assert {"kind", "tokens"} == TextCnnModel.outside


def test_importing_the_spec_imports_nothing_heavy() -> None:
    code = (
        "import sys, millrace.workflow.tasks\n"
        "print([n for n in ('numpy', 'pyarrow', 'pandas', 'keras') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
