"""What other models predict, and when that was looked at last."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "foreign_predictions",
        sa.Column("project_key", sa.String(64), primary_key=True),
        sa.Column("task_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_key", "task_id"], ["tasks.project_key", "tasks.id"], ondelete="CASCADE"),
    )
    op.add_column("projects", sa.Column("foreign_seen", sa.String(), nullable=True))
    op.add_column("projects", sa.Column("foreign_looked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("projects", "foreign_looked_at")
    op.drop_column("projects", "foreign_seen")
    op.drop_table("foreign_predictions")
