from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from millrace.errors import DataError, IntegrityError
from millrace.learning.texts.encoder import TokenEncoder, token_encoder
from millrace.learning.texts.vocabulary import Vocabulary

ENCODER = TokenEncoder(Vocabulary(("hello", "👍", "мир")), 4)


def records(*texts: str) -> pa.Table:
    return pa.table({"text": pa.array(texts, pa.string())})


def test_words_become_numbers_with_zeros_after_them() -> None:
    ids = ENCODER(records("hello👍", "мир new", "", "hello " * 9))
    assert ids.tolist() == [[2, 3, 0, 0], [4, 1, 0, 0], [0, 0, 0, 0], [2, 2, 2, 2]]
    assert ids.dtype == np.int32


def test_chunks_and_slices_of_a_table_are_all_read() -> None:
    parts = pa.concat_tables([records("hello"), records("x", "👍").slice(1), records()])
    assert ENCODER(parts)[:, 0].tolist() == [2, 3]
    assert ENCODER(records()).shape == (0, 4)


def test_the_document_makes_the_same_encoder() -> None:
    again = token_encoder(json.loads(json.dumps(ENCODER.to_document())))
    assert again.vocabulary == ENCODER.vocabulary
    assert again.shape == ENCODER.shape


def test_a_vocabulary_that_was_changed_is_refused() -> None:
    document = ENCODER.to_document()
    document["vocabulary"][0] = "other"
    with pytest.raises(IntegrityError, match="vocabulary"):
        token_encoder(document)


@pytest.mark.parametrize("column", [{"image": [b"x"]}, {"text": [1]}, {"text": [b"bytes"]}])
def test_records_without_texts_are_refused(column: dict[str, list[object]]) -> None:
    with pytest.raises(DataError, match="canonical texts"):
        ENCODER(pa.table(column))
