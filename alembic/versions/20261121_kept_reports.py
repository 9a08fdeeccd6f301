"""Reports that gave their message to another look, to come back as they were."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_kept_reports"
down_revision = "20261121_digests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_reports",
        sa.Column("chat_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("profile_id", sa.Integer),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("screen", sa.JSON, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name="pk_kept_reports"),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["avito_profiles.id"],
            name="fk_kept_reports_profile_id_avito_profiles",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_kept_reports_profile_id", "kept_reports", ["profile_id"])


def downgrade() -> None:
    op.drop_table("kept_reports")
