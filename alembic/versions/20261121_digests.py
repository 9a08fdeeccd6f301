"""Several reports of an owner in one message."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_digests"
down_revision = "20261121_listings"
branch_labels = None
depends_on = None

CARRIED = sa.text("carrier_id IS NOT NULL")


def upgrade() -> None:
    no = sa.text("false")
    with op.batch_alter_table("report_tasks") as tasks:
        tasks.add_column(sa.Column("is_digest", sa.Boolean, nullable=False, server_default=no))
    op.add_column("outbox", sa.Column("carrier_id", sa.BigInteger))
    op.create_index(
        "ix_outbox_carrier_id",
        "outbox",
        ["carrier_id"],
        sqlite_where=CARRIED,
        postgresql_where=CARRIED,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_carrier_id", "outbox")
    op.drop_column("outbox", "carrier_id")
    with op.batch_alter_table("report_tasks") as tasks:
        tasks.drop_column("is_digest")
