"""Make all tables.

Promotions are append-only: triggers refuse to update or delete them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE_TRIGGER = """
CREATE TRIGGER promotions_refuse_{event} BEFORE {event} ON promotions
BEGIN SELECT RAISE(ABORT, 'promotions are never changed'); END
"""

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION promotions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'promotions are never changed'; END $$
"""

_POSTGRESQL_TRIGGER = """
CREATE TRIGGER promotions_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON promotions
FOR EACH STATEMENT EXECUTE FUNCTION promotions_refuse_change()
"""


def upgrade() -> None:
    """Apply."""
    _runs()
    _model_versions()
    _stage_executions()
    _execution_inputs()
    _metrics()
    _prediction_batches()
    _promotions()
    _append_only()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_digest", sa.String(64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("trigger", sa.String(50), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("dag_id", "run_id", name="uq_runs_dag_id_run_id"),
    )
    op.create_index("ix_runs_workflow_id", "runs", ["workflow", "id"])


def _model_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.JSON(), nullable=False),
        sa.Column("bundle_digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_model_versions_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_versions"),
        sa.UniqueConstraint(
            "workflow", "bundle_digest", name="uq_model_versions_workflow_bundle_digest"
        ),
        sa.UniqueConstraint("workflow", "version", name="uq_model_versions_workflow_version"),
    )
    op.create_index("ix_model_versions_bundle_digest", "model_versions", ["bundle_digest"])


def _stage_executions() -> None:
    op.create_table(
        "stage_executions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("stage", sa.String(100), nullable=False),
        sa.Column("partition", sa.String(250), nullable=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("key_parts", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(250), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=True),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("output_digest", sa.String(64), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("seconds", sa.Float(precision=53), nullable=True),
        sa.Column("peak_memory_bytes", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_stage_executions_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_stage_executions"),
    )
    op.create_index("ix_stage_executions_key", "stage_executions", ["key"])
    op.create_index("ix_stage_executions_output_digest", "stage_executions", ["output_digest"])
    op.create_index(
        "ix_stage_executions_run_id_stage_partition",
        "stage_executions",
        ["run_id", "stage", "partition"],
    )
    op.create_index("ix_stage_executions_state", "stage_executions", ["state"])
    op.create_index(
        "ix_stage_executions_workflow_stage_partition_id",
        "stage_executions",
        ["workflow", "stage", "partition", "id"],
    )


def _execution_inputs() -> None:
    op.create_table(
        "execution_inputs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("ref", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["stage_executions.id"], name="fk_execution_inputs_execution_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_execution_inputs"),
    )
    op.create_index("ix_execution_inputs_digest", "execution_inputs", ["digest"])
    op.create_index("ix_execution_inputs_execution_id", "execution_inputs", ["execution_id"])
    op.create_index("ix_execution_inputs_key", "execution_inputs", ["key"])


def _metrics() -> None:
    op.create_table(
        "metrics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["stage_executions.id"], name="fk_metrics_execution_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_metrics"),
        sa.UniqueConstraint("execution_id", "name", name="uq_metrics_execution_id_name"),
    )


def _prediction_batches() -> None:
    op.create_table(
        "prediction_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("table", sa.String(250), nullable=True),
        sa.Column("predictions", sa.JSON(), nullable=False),
        sa.Column("predictions_digest", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_prediction_batches_run_id"),
        sa.ForeignKeyConstraint(
            ["workflow", "model_version"],
            ["model_versions.workflow", "model_versions.version"],
            name="fk_prediction_batches_workflow_model_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prediction_batches"),
        sa.UniqueConstraint(
            "workflow",
            "key",
            "model_version",
            name="uq_prediction_batches_workflow_key_model_version",
        ),
    )
    op.create_index(
        "ix_prediction_batches_predictions_digest", "prediction_batches", ["predictions_digest"]
    )
    op.create_index("ix_prediction_batches_run_id", "prediction_batches", ["run_id"])
    op.create_index("ix_prediction_batches_source_digest", "prediction_batches", ["source_digest"])


def _promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("term", sa.Integer(), nullable=True),
        sa.Column("replaced", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("actor", sa.String(250), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_promotions_run_id"),
        sa.ForeignKeyConstraint(
            ["workflow", "version"],
            ["model_versions.workflow", "model_versions.version"],
            name="fk_promotions_workflow_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
        sa.UniqueConstraint(
            "workflow",
            "run_id",
            "version",
            "decision",
            name="uq_promotions_workflow_run_id_version_decision",
        ),
        sa.UniqueConstraint("workflow", "term", name="uq_promotions_workflow_term"),
    )


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_SQLITE_TRIGGER.format(event="UPDATE"))
        op.execute(_SQLITE_TRIGGER.format(event="DELETE"))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        op.execute(_POSTGRESQL_TRIGGER)
