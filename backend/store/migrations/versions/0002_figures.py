"""What figures need: how long annotations took, what each version was measured at, and when that was last done."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("annotations", sa.Column("lead_time", sa.Double()))
    op.add_column("versions", sa.Column("figures", sa.JSON()))
    op.add_column("projects", sa.Column("second_stage_at", sa.DateTime(timezone=True)))
    # Annotations that were pulled before have no lead time: the next pull reads everything again.
    op.execute("UPDATE projects SET watermark = NULL")


def downgrade() -> None:
    op.drop_column("projects", "second_stage_at")
    op.drop_column("versions", "figures")
    op.drop_column("annotations", "lead_time")
