"""The catalog's tables, as SQLAlchemy declarative classes. Their values leave as `records` only.

A change here needs a migration beside it, and `revision.HEAD` to name it; a test compares them.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog import records
from millrace.catalog.columns import Name, Prose, UtcTime, document_column

Document = dict[str, Any]


class Base(DeclarativeBase):
    """Common to all tables: names of constraints that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcTime(), Document: document_column()}


class RunRow(Base):
    """One run of a workflow's DAG."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("dag_id", "run_id"), Index(None, "workflow", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    dag_id: Mapped[str] = mapped_column(Name(250))
    run_id: Mapped[str] = mapped_column(Name(250))
    workflow: Mapped[str] = mapped_column(Name(100))
    spec: Mapped[Document]
    spec_digest: Mapped[str] = mapped_column(Name(64))
    params: Mapped[Document]
    trigger: Mapped[str] = mapped_column(Name(50))
    version: Mapped[str] = mapped_column(Name(50))
    state: Mapped[str] = mapped_column(Name(20))
    error: Mapped[Document | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    corrections: Mapped[Document | None]
    kept: Mapped[str | None] = mapped_column(Name(250))

    def record(self) -> records.RunRecord:
        """Return the row as a value."""
        return records.RunRecord(**_values(self))


class CorrectionRow(Base):
    """Corrected records of one source, in force from the next run on."""

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "workflow", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(Name(100))
    source: Mapped[str] = mapped_column(Name(100))
    ref: Mapped[Document]
    rows: Mapped[int]
    actor: Mapped[str] = mapped_column(Name(250))
    recorded_at: Mapped[datetime]

    def record(self) -> records.Correction:
        """Return the row as a value."""
        return records.Correction(**(_values(self) | {"ref": ArtifactRef.from_document(self.ref)}))


class ForgottenRow(Base):
    """Somebody whose records were removed, and are left out from then on."""

    __tablename__ = "forgotten"

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str | None] = mapped_column(Name(100))
    pseudonym: Mapped[str] = mapped_column(Name(100))
    counts: Mapped[Document]
    models: Mapped[list[str]] = mapped_column(document_column())
    actor: Mapped[str] = mapped_column(Name(250))
    recorded_at: Mapped[datetime]

    def record(self) -> records.Forgotten:
        """Return the row as a value."""
        return records.Forgotten(**_values(self))


class InputRow(Base):
    """An artifact that an execution read."""

    __tablename__ = "execution_inputs"

    id: Mapped[int] = mapped_column(primary_key=True)
    execution_id: Mapped[int] = mapped_column(ForeignKey("stage_executions.id"), index=True)
    role: Mapped[str] = mapped_column(Name(100))
    digest: Mapped[str] = mapped_column(Name(64), index=True)
    key: Mapped[str] = mapped_column(Name(64), index=True)
    ref: Mapped[Document]

    def record(self) -> records.InputRecord:
        """Return the row as a value."""
        return records.InputRecord(self.role, ArtifactRef.from_document(self.ref))


class MetricRow(Base):
    """A figure that an execution measured; NULL stands for NaN, which SQLite cannot hold."""

    __tablename__ = "metrics"
    __table_args__ = (UniqueConstraint("execution_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    execution_id: Mapped[int] = mapped_column(ForeignKey("stage_executions.id"))
    name: Mapped[str] = mapped_column(Name(200))
    value: Mapped[float | None] = mapped_column(Float(53))


class ExecutionRow(Base):
    """One attempt at a stage."""

    __tablename__ = "stage_executions"
    __table_args__ = (
        Index(None, "run_id", "stage", "partition"),
        Index(None, "workflow", "stage", "partition", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    workflow: Mapped[str] = mapped_column(Name(100))
    stage: Mapped[str] = mapped_column(Name(100))
    partition: Mapped[str | None] = mapped_column(Name(250))
    key: Mapped[str] = mapped_column(Name(64), index=True)
    key_parts: Mapped[Document]
    attempt: Mapped[int]
    host: Mapped[str] = mapped_column(Name(250))
    state: Mapped[str] = mapped_column(Name(20), index=True)
    reason: Mapped[str | None] = mapped_column(Prose(1000))
    output: Mapped[Document | None]
    output_digest: Mapped[str | None] = mapped_column(Name(64), index=True)
    counts: Mapped[Document | None]
    seconds: Mapped[float | None] = mapped_column(Float(53))
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[Document | None]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    inputs: Mapped[list[InputRow]] = relationship(order_by=InputRow.id, lazy="selectin")
    metrics: Mapped[list[MetricRow]] = relationship(order_by=MetricRow.name, lazy="selectin")

    def record(self) -> records.ExecutionRecord:
        """Return the row as a value."""
        values = _values(self, omit=("output_digest",))
        values["output"] = None if self.output is None else ArtifactRef.from_document(self.output)
        return records.ExecutionRecord(
            **values,
            inputs=tuple(row.record() for row in self.inputs),
            metrics={m.name: math.nan if m.value is None else m.value for m in self.metrics},
        )


class ModelVersionRow(Base):
    """A bundle of a workflow, numbered."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("workflow", "version"),
        UniqueConstraint("workflow", "bundle_digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(Name(100))
    version: Mapped[int]
    bundle: Mapped[Document]
    bundle_digest: Mapped[str] = mapped_column(Name(64), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    metrics: Mapped[Document]
    created_at: Mapped[datetime]

    def record(self) -> records.ModelVersion:
        """Return the row as a value."""
        values = _values(self, omit=("bundle_digest",))
        values["bundle"] = ArtifactRef.from_document(self.bundle)
        return records.ModelVersion(**values)


class PromotionRow(Base):
    """A decision. `term` numbers a workflow's champions, so two cannot be made at once."""

    __tablename__ = "promotions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow", "version"], ["model_versions.workflow", "model_versions.version"]
        ),
        UniqueConstraint("workflow", "term"),
        UniqueConstraint("workflow", "run_id", "version", "decision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(Name(100))
    version: Mapped[int]
    decision: Mapped[str] = mapped_column(Name(20))
    term: Mapped[int | None]
    replaced: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Prose(1000))
    actor: Mapped[str] = mapped_column(Name(250))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    decided_at: Mapped[datetime]
    approver: Mapped[str | None] = mapped_column(Name(250))
    approved_at: Mapped[datetime | None]

    def record(self) -> records.Promotion:
        """Return the row as a value."""
        return records.Promotion(**_values(self))


class ApprovalRow(Base):
    """What a person is asked about a version that a run made, and the answer."""

    __tablename__ = "approvals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow", "version"], ["model_versions.workflow", "model_versions.version"]
        ),
        UniqueConstraint("run_id", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(Name(100))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    version: Mapped[int]
    champion: Mapped[int | None]
    taken: Mapped[Document]
    asked_at: Mapped[datetime]
    approved: Mapped[bool | None]
    approver: Mapped[str | None] = mapped_column(Name(250))
    note: Mapped[str | None] = mapped_column(Prose(1000))
    answered_at: Mapped[datetime | None]

    def record(self) -> records.ApprovalRequest:
        """Return the row as a value."""
        return records.ApprovalRequest(**_values(self))


class BatchRow(Base):
    """One artifact scored by one model version."""

    __tablename__ = "prediction_batches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow", "model_version"], ["model_versions.workflow", "model_versions.version"]
        ),
        UniqueConstraint("workflow", "key", "model_version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(Name(100))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    key: Mapped[str] = mapped_column(Name(64))
    source_digest: Mapped[str] = mapped_column(Name(64), index=True)
    model_version: Mapped[int]
    rows: Mapped[int] = mapped_column(BigInteger)
    table: Mapped[str | None] = mapped_column(Name(250))
    predictions: Mapped[Document]
    predictions_digest: Mapped[str] = mapped_column(Name(64), index=True)
    recorded_at: Mapped[datetime]

    def record(self) -> records.PredictionBatch:
        """Return the row as a value."""
        values = _values(self, omit=("predictions_digest",))
        values["predictions"] = ArtifactRef.from_document(self.predictions)
        return records.PredictionBatch(**values)


def _values(row: Base, omit: tuple[str, ...] = ()) -> Document:
    """Return the columns by the names that records give them."""
    names = [column.name for column in row.__table__.columns if column.name not in omit]
    values = {name: getattr(row, name) for name in names}
    if "run_id" in values and not isinstance(row, RunRow):
        values["run"] = values.pop("run_id")
    return values
