"""When the keys of a profile were last seen to open its account."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_keys_good"
down_revision = "20261121_chats_slot"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("avito_profiles", sa.Column("keys_good_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("avito_profiles", "keys_good_at")
