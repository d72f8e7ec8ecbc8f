"""Add the corrections of quarantined records, and runs that are kept from garbage collection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("ref", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(250), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    op.create_index("ix_corrections_workflow_id", "corrections", ["workflow", "id"])
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("corrections", sa.JSON(), nullable=True))
        runs.add_column(sa.Column("kept", sa.String(250), nullable=True))
