"""The predecessor's report days and period of a task."""

import sqlalchemy as sa
from alembic import op

revision = "20250206_sched"
down_revision = "20250101_base"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("report_tasks") as batch:
        batch.add_column(sa.Column("report_days", sa.Text))
        batch.add_column(sa.Column("report_period", sa.String(10), server_default="day"))


def downgrade() -> None:
    with op.batch_alter_table("report_tasks") as batch:
        batch.drop_column("report_period")
        batch.drop_column("report_days")
