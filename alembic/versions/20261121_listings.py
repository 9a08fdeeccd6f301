"""What each listing of an account did, and what it is called."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_listings"
down_revision = "20261121_metrics"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "listings",
        sa.Column("account", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("listing_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(200)),
        sa.Column("price_kopecks", sa.BigInteger),
        sa.Column("status", sa.String(16)),
        sa.Column("url", sa.String(500)),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account", "listing_id", name="pk_listings"),
    )
    op.create_table(
        "listing_reads",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("account", sa.BigInteger, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listing_reads"),
        sa.UniqueConstraint("account", "first_day", "last_day", name="uq_listing_reads_period"),
    )
    op.create_table(
        "listing_numbers",
        sa.Column("read_id", BIG_ID, nullable=False),
        sa.Column("listing_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("views", sa.BigInteger),
        sa.Column("contacts", sa.BigInteger),
        sa.Column("favorites", sa.BigInteger),
        sa.Column("orders", sa.BigInteger),
        sa.Column("spending_kopecks", sa.BigInteger),
        sa.PrimaryKeyConstraint("read_id", "listing_id", name="pk_listing_numbers"),
        sa.ForeignKeyConstraint(
            ["read_id"],
            ["listing_reads.id"],
            name="fk_listing_numbers_read_id_listing_reads",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    for table in ("listing_numbers", "listing_reads", "listings"):
        op.drop_table(table)
