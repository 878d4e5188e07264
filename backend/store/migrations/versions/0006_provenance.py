"""Where annotations come from, which can't be read, and what they come to; all of them are pulled again for it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("annotations", sa.Column("provenance", sa.String(16), nullable=False, server_default="person"))
    op.add_column("annotations", sa.Column("began_unseen", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("annotations", sa.Column("other_tag", sa.String(), nullable=True))
    op.add_column("annotations", sa.Column("odd", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE annotations SET provenance = 'automatic' WHERE automatic"))
    op.drop_column("annotations", "automatic")
    op.add_column("projects", sa.Column("label_counts", sa.JSON(), nullable=True))
    op.execute(sa.text("UPDATE projects SET watermark = NULL"))


def downgrade() -> None:
    op.drop_column("projects", "label_counts")
    op.add_column("annotations", sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE annotations SET automatic = true WHERE provenance = 'automatic'"))
    for column in ("odd", "other_tag", "began_unseen", "provenance"):
        op.drop_column("annotations", column)
