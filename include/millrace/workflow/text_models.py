"""What a spec says of the models of texts: networks, and the rival they are compared with."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from millrace.workflow.base import CUSTOM, Value, tag_by_kind
from millrace.workflow.learning import AnyBaseline, CustomModel, Model

Units = Annotated[int, Field(ge=1, le=4096)]
Dropout = Annotated[float, Field(ge=0, lt=1)]


class Tokens(Value):
    """How words become numbers. The vocabulary is learnt on the training split.

    Attributes:
        vocabulary: words that are told apart, at most: the most frequent.
        min_count: occurrences in the training split that a word needs.
        length: words and marks of a text that the network sees, from its start; null is the 98th
            percentile of the training texts, 512 at most.
    """

    vocabulary: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    min_count: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    length: Annotated[int, Field(ge=1, le=100_000)] | None = None


class TextModel(Model):
    """A network over words.

    Attributes:
        tokens: how words become numbers.
    """

    outside: ClassVar[frozenset[str]] = Model.outside | {"tokens"}
    tokens: Tokens = Tokens()


class TextCnnModel(TextModel):
    """Convolutions of several widths over words, the largest of each (Kim 2014).

    Attributes:
        embedding: numbers that stand for a word. widths: words that a convolution sees.
        filters: of each width. dropout: share of features dropped in training.
    """

    kind: Literal["text_cnn"]
    embedding: Units = 64
    widths: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 3), min_length=1, strict=False
    )
    filters: Units = 64
    dropout: Dropout = 0.5


class TextRnnModel(TextModel):
    """A recurrent network that reads a text in both directions.

    Attributes:
        cell: ``gru`` or ``lstm``. embedding: numbers that stand for a word.
        units: of the state, a direction. dropout: share of features dropped in training.
    """

    kind: Literal["text_rnn"]
    cell: Literal["gru", "lstm"] = "gru"
    embedding: Units = 64
    units: Units = 64
    dropout: Dropout = 0.3


class TextMlpModel(TextModel):
    """The set of the words of a text and of their pairs, then hidden layers.

    Attributes:
        embedding: numbers that stand for a word or a pair.
        pairs: places of a table that pairs of neighbouring words share, by hash; 0 leaves them out.
        hidden: units of each hidden layer; may be empty. dropout: share dropped in training.
    """

    kind: Literal["text_mlp"]
    embedding: Units = 64
    pairs: Annotated[int, Field(ge=0, le=10_000_000)] = 10_000
    hidden: tuple[Units, ...] = Field((64,), strict=False)
    dropout: Dropout = 0.3


class CustomTextModel(CustomModel, TextModel):
    """A user's own Keras model, ``kind: package.module:function``.

    The function is called as ``function(input_shape, classes, tokens=..., **options)``, `tokens`
    being the size of the vocabulary, and returns a `keras.Model` from numbers of words
    ``(batch, length)`` int32 to logits ``(batch, classes)``. 0 is no word, 1 is an unknown one.
    """


AnyTextModel = Annotated[
    Annotated[TextCnnModel, Tag("text_cnn")]
    | Annotated[TextRnnModel, Tag("text_rnn")]
    | Annotated[TextMlpModel, Tag("text_mlp")]
    | Annotated[CustomTextModel, Tag(CUSTOM)],
    Discriminator(tag_by_kind),
]
"""One of the models of texts; `kind` tells which."""


class TextBaseline(AnyBaseline):
    """The scikit-learn model over tf-idf of words, pairs of words and pieces of words.

    Attributes:
        kind: linear ``svm``, ``logistic`` regression or ``naive_bayes``.
        rows: records of the training split it is fitted on, at most.
    """

    exported: ClassVar[frozenset[str]] = frozenset({"svm", "logistic", "naive_bayes"})
    kind: Literal["svm", "logistic", "naive_bayes"] = "svm"
    rows: Annotated[int, Field(ge=10, le=1_000_000)] = 100_000
