"""The predecessor's first tables, as it created them."""

import sqlalchemy as sa
from alembic import op

revision = "20250101_base"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("telegram_id", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "avito_profiles",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "owner_id",
            sa.BigInteger,
            sa.ForeignKey("users.telegram_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("profile_name", sa.String(255), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("client_secret", sa.String(255), nullable=False),
        sa.Column("user_id", sa.Integer),
        sa.Column("access_token", sa.Text),
        sa.Column("token_expires_at", sa.DateTime),
    )
    op.create_table(
        "report_tasks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "profile_id",
            sa.Integer,
            sa.ForeignKey("avito_profiles.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("report_time", sa.String(10), nullable=False, server_default="10:00"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("report_metrics", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("report_tasks")
    op.drop_table("avito_profiles")
    op.drop_table("users")
