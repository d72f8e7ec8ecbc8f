"""`RowLearning`: the modality `table` of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_schema, read_table
from millrace.learning.evaluation.estimates import Estimates
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.rows.classical import ClassicalRows
from millrace.learning.rows.encoder import RowEncoder, columns_of, row_encoder
from millrace.learning.rows.regressed import RegressedRows
from millrace.learning.target import Target
from millrace.learning.target_quantity import QuantityTarget
from millrace.workflow.quantity_learning import QuantityBaseline
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

    def learn(
        self, training: Path, records: Params, params: Params, target: Target | None = None
    ) -> LearntRows:
        """Learn what stands for missing values, the scales and the vocabularies."""
        from millrace.learning.rows.learn import learn_columns
        from millrace.learning.rows.learnt import LearntRows

        features = Features(**params["model"].get("features", {}))
        del records
        schema, payload = read_schema(training), list(RowEncoder.columns)
        columns = {n: column for part in payload for n, column in columns_of(schema, part).items()}
        learnt = learn_columns(partial(read_table, training, payload), columns, features)
        return LearntRows.of(learnt, TableAugmentation(**params["augment"]), target)

    def rival(self, baseline: Params, target: Target) -> ClassicalRows | RegressedRows:
        """Return a model of numbers and categories."""
        if isinstance(target, QuantityTarget):
            return RegressedRows(QuantityBaseline(**baseline).kind, target)
        return ClassicalRows(TableBaseline(**baseline).kind, target.units)

    def draw(
        self, folder: Path, outcomes: Outcomes | Estimates, dataset: Artifact, bundle: Artifact
    ) -> None:
        """Draw what columns say: mistakes, samples, refused records."""
        from millrace.learning.rows.estimated import draw_estimated_rows
        from millrace.learning.rows.samples import draw_rows

        if isinstance(outcomes, Estimates):
            draw_estimated_rows(folder, outcomes, dataset, bundle)
        else:
            draw_rows(folder, outcomes, dataset, bundle)

    def draw_refused(self, path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Draw refused records onto a sheet."""
        from millrace.learning.rows.refused import draw_refused_rows

        draw_refused_rows(path, title, refused)
