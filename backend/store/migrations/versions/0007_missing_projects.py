"""Which project a number stands for, and since when Label Studio says that it has no such project."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("created_at", sa.String(), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("projects", "missing_since")
    op.drop_column("projects", "created_at")
