"""Which backbone a version was made with; older versions' is filled in from their record when it is asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("backbone", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("versions", "backbone")
