"""The last revision of the predecessor: it changed nothing. Its databases are stamped with it."""

revision = "20250206_flex"
down_revision = "20250206_profile_sched"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: the predecessor only widened what its code accepted."""


def downgrade() -> None:
    """Nothing, as above."""
