"""Tables of the mirror. Label Studio owns the truth: everything here can be rebuilt from it."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from backend.label_studio.provenance import Provenance


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """As UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Aware, whatever the database gives back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the mirror's tables."""


class ProjectRow(Base):
    """A Label Studio project that this backend works for."""

    __tablename__ = "projects"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str]
    id: Mapped[int]
    title: Mapped[str] = mapped_column(default="")
    label_config: Mapped[str] = mapped_column(default="")
    model_version: Mapped[str] = mapped_column(default="")
    sampling: Mapped[str] = mapped_column(default="")
    watermark: Mapped[datetime | None] = mapped_column(UtcDateTime)
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active_version: Mapped[str | None] = mapped_column(String(64))
    refreshed_version: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None]
    second_stage_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    label_counts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    foreign_seen: Mapped[str | None]
    foreign_looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[str] = mapped_column(default="", server_default="")
    missing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TaskRow(Base):
    """A task: its image's address, and what was found there."""

    __tablename__ = "tasks"

    project_key: Mapped[str] = mapped_column(ForeignKey("projects.key", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    image: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    image_problem: Mapped[str | None]
    image_tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_version: Mapped[str | None] = mapped_column(String(64))
    predictions: Mapped[int] = mapped_column(default=0)
    may_be_open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AnnotationRow(Base):
    """An annotation, reduced to what the loop needs of it."""

    __tablename__ = "annotations"
    __table_args__ = (
        ForeignKeyConstraint(["project_key", "task_id"], ["tasks.project_key", "tasks.id"], ondelete="CASCADE"),
        Index("annotations_by_task", "project_key", "task_id"),
    )

    project_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int]
    choice: Mapped[str | None]
    skipped: Mapped[bool] = mapped_column(default=False)
    ground_truth: Mapped[bool] = mapped_column(default=False)
    completed_by: Mapped[int | None]
    lead_time: Mapped[float | None]
    provenance: Mapped[str] = mapped_column(String(16), default=Provenance.PERSON.value)
    began_unseen: Mapped[bool] = mapped_column(default=False)
    other_tag: Mapped[str | None]
    odd: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RefusedImageRow(Base):
    """An image that can't be used, whichever task has it."""

    __tablename__ = "refused_images"

    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    limits: Mapped[str]
    reason: Mapped[str]
    refused_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ForeignPredictionRow(Base):
    """The newest prediction of a task that another model made."""

    __tablename__ = "foreign_predictions"
    __table_args__ = (
        ForeignKeyConstraint(["project_key", "task_id"], ["tasks.project_key", "tasks.id"], ondelete="CASCADE"),
    )

    project_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    task_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    choice: Mapped[str]
    confidence: Mapped[float | None]
    model_version: Mapped[str]


class VersionRow(Base):
    """A version whose artefacts were whole on disk; its figures stay when its files are removed."""

    __tablename__ = "versions"

    project_key: Mapped[str] = mapped_column(ForeignKey("projects.key", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    backbone: Mapped[str | None]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
