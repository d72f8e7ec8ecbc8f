"""`RowLearning`: the modality `table` of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_schema, read_table
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.rows.classical import ClassicalRows
from millrace.learning.rows.encoder import RowEncoder, columns_of, row_encoder
from millrace.workflow.table_models import Features, TableBaseline
from millrace.workflow.tables import TableAugmentation

if TYPE_CHECKING:
    from millrace.learning.rows.learnt import LearntRows

Params = Mapping[str, Any]


class RowLearning:
    """See `millrace.learning.modality.LearningModality`."""

    def encoder(self, document: Params) -> RowEncoder:
        """Return what makes features of numbers and categories."""
        return row_encoder(document)

    def learn(self, training: Path, records: Params, params: Params) -> LearntRows:
        """Learn what stands for missing values, the scales and the vocabularies."""
        from millrace.learning.rows.learn import learn_columns
        from millrace.learning.rows.learnt import LearntRows

        features = Features(**params["model"].get("features", {}))
        del records
        schema, payload = read_schema(training), list(RowEncoder.columns)
        columns = {n: column for part in payload for n, column in columns_of(schema, part).items()}
        learnt = learn_columns(partial(read_table, training, payload), columns, features)
        return LearntRows.of(learnt, TableAugmentation(**params["augment"]))

    def rival(self, baseline: Params, classes: int) -> ClassicalRows:
        """Return a classifier of numbers and categories."""
        return ClassicalRows(TableBaseline(**baseline).kind, classes)

    def draw(self, folder: Path, outcomes: Outcomes, dataset: Artifact, bundle: Artifact) -> None:
        """Draw what columns say: mistakes, samples, refused records."""
        from millrace.learning.rows.samples import draw_rows

        draw_rows(folder, outcomes, dataset, bundle)

    def draw_refused(self, path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Draw refused records onto a sheet."""
        from millrace.learning.rows.refused import draw_refused_rows

        draw_refused_rows(path, title, refused)
