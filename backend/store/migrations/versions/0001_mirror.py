"""The mirror: projects, tasks, annotations, versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "projects",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("label_config", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("sampling", sa.String(), nullable=False),
        sa.Column("watermark", time),
        sa.Column("compared_at", time),
        sa.Column("active_version", sa.String(64)),
        sa.Column("refreshed_version", sa.String(64)),
        sa.Column("problem", sa.String()),
    )
    op.create_table(
        "tasks",
        sa.Column("project_key", sa.String(64), sa.ForeignKey("projects.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("image_problem", sa.String()),
        sa.Column("image_tried_at", time),
        sa.Column("published_version", sa.String(64)),
        sa.Column("predictions", sa.Integer(), nullable=False),
    )
    op.create_table(
        "annotations",
        sa.Column("project_key", sa.String(64), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String()),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("completed_by", sa.Integer()),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.ForeignKeyConstraint(["project_key", "task_id"], ["tasks.project_key", "tasks.id"], ondelete="CASCADE"),
    )
    op.create_index("annotations_by_task", "annotations", ["project_key", "task_id"])
    op.create_table(
        "versions",
        sa.Column("project_key", sa.String(64), sa.ForeignKey("projects.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("created_at", time, nullable=False),
        sa.Column("activated_at", time),
    )


def downgrade() -> None:
    for table in ("versions", "annotations", "tasks", "projects"):
        op.drop_table(table)
