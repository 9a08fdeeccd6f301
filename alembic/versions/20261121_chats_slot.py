"""For which slot the chats came as a file last."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_chats_slot"
down_revision = "20261121_chats"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report_tasks", sa.Column("chats_slot", sa.String(16)))


def downgrade() -> None:
    op.drop_column("report_tasks", "chats_slot")
