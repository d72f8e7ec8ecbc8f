"""Add what people are asked before promotions, and in promotions who answered and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("champion", sa.Integer(), nullable=True),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("approver", sa.String(250), nullable=True),
        sa.Column("note", sa.String(1000), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_approvals_run_id"),
        sa.ForeignKeyConstraint(
            ["workflow", "version"],
            ["model_versions.workflow", "model_versions.version"],
            name="fk_approvals_workflow_version",
        ),
        sa.UniqueConstraint("run_id", "version", name="uq_approvals_run_id_version"),
    )
    with op.batch_alter_table("promotions") as promotions:
        promotions.add_column(sa.Column("approver", sa.String(250), nullable=True))
        promotions.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
