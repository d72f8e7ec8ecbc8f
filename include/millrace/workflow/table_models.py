"""What a spec says of the models of tables: networks, and the rival they are compared with."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from millrace.workflow.base import CUSTOM, Value, tag_by_kind
from millrace.workflow.learning import AnyBaseline, CustomModel, Model


class Outliers(Value):
    """Which numbers are drawn to the next limit. Limits are learnt on the training split.

    Attributes:
        rule: ``iqr`` has limits `reach` interquartile ranges outside the quartiles (Tukey 1977), of
            columns whose quartiles differ; ``zscore`` has them `reach` standard deviations from the
            mean; ``none`` has none.
        reach: 1.5 for ``iqr`` and 3 for ``zscore`` by default.
    """

    rule: Literal["none", "iqr", "zscore"] = "none"
    reach: Annotated[float, Field(gt=0, le=1_000)] | None = None


class Features(Value):
    """How values become inputs. All of it is learnt on the training split.

    Attributes:
        scale: ``standard`` gives every numeric column mean 0 and standard deviation 1, ``range``
            brings its least and largest value to 0 and 1, ``none`` leaves it.
        outliers: drawn in before scaling.
        vocabulary: categories of a column that are told apart, at most: the most frequent.
        min_count: records of the training split that a category needs; others are unknown.
    """

    scale: Literal["standard", "range", "none"] = "standard"
    outliers: Outliers = Outliers()
    vocabulary: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    min_count: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class TableModel(Model):
    """A network over numbers and categories.

    Attributes:
        features: how values become inputs.
    """

    outside: ClassVar[frozenset[str]] = Model.outside | {"features"}
    features: Features = Features()


class TableMlpModel(TableModel):
    """A feed-forward network; every category is an embedding.

    Attributes:
        hidden: units of each hidden layer; may be empty. dropout: share dropped in training.
        embedding: numbers that stand for a category.
    """

    kind: Literal["table_mlp"]
    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field((64, 32), strict=False)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    embedding: Annotated[int, Field(ge=1, le=4_096)] = 8


class CustomTableModel(CustomModel, TableModel):
    """A user's own Keras model, ``kind: package.module:function``.

    The function is called as ``function(input_shape, classes, numbers=..., places=..., **options)``
    and returns a `keras.Model` from features ``(batch, columns)`` float32 to logits
    ``(batch, classes)``. The first `numbers` of them are scaled numbers; each of the others is the
    place of a category in one table of `places` for all columns.
    """


AnyTableModel = Annotated[
    Annotated[TableMlpModel, Tag("table_mlp")] | Annotated[CustomTableModel, Tag(CUSTOM)],
    Discriminator(tag_by_kind),
]
"""One of the models of tables; `kind` tells which."""


class TableBaseline(AnyBaseline):
    """The scikit-learn model of numbers and categories.

    Attributes:
        kind: ``gradient_boosting`` of decision trees, or ``logistic`` regression.
        rows: records of the training split it is fitted on, at most.
        candidate: see `AnyBaseline`.
    """

    exported: ClassVar[frozenset[str]] = frozenset({"gradient_boosting", "logistic"})
    kind: Literal["gradient_boosting", "logistic"] = "gradient_boosting"
    rows: Annotated[int, Field(ge=10, le=1_000_000)] = 100_000
