"""The predecessor's schedule columns of a profile."""

import sqlalchemy as sa
from alembic import op

revision = "20250206_profile_sched"
down_revision = "20250206_sched"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("avito_profiles") as batch:
        batch.add_column(sa.Column("report_frequency", sa.String(20), server_default="daily"))
        batch.add_column(sa.Column("report_interval_value", sa.Integer))
        batch.add_column(sa.Column("report_weekdays", sa.String(50)))
        batch.add_column(sa.Column("report_time", sa.Time))
        batch.add_column(sa.Column("report_timezone", sa.String(50), server_default="UTC"))
        batch.add_column(sa.Column("is_report_active", sa.Boolean, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("avito_profiles") as batch:
        batch.drop_column("is_report_active")
        batch.drop_column("report_timezone")
        batch.drop_column("report_time")
        batch.drop_column("report_weekdays")
        batch.drop_column("report_interval_value")
        batch.drop_column("report_frequency")
