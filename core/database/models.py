"""The tables. Names and columns of the first three are the product's contract.

Every relationship is absent on purpose: reads are explicit queries in `repositories/`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.database.types import EncryptedBytes, EncryptedText, UtcDateTime
from utils.periods import Period

# SQLite autoincrements only an INTEGER key; PostgreSQL gets 64 bits.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Base):
    """A person who talked to the bot in private. The owner of profiles."""

    __tablename__ = "users"

    telegram_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AvitoProfile(Base):
    """An Avito account as one owner connected it: name, keys, and how its reports go out."""

    __tablename__ = "avito_profiles"
    __table_args__ = (
        # The predecessor let one account in twice; those later rows are marked, not lost.
        Index(
            "uq_avito_profiles_owner_account",
            "owner_id",
            "user_id",
            unique=True,
            sqlite_where=text("NOT is_duplicate"),
            postgresql_where=text("NOT is_duplicate"),
        ),
        Index("ix_avito_profiles_user_id", "user_id"),
        # An old button "delete 5" must never meet a new profile 5.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    owner_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users.telegram_id", ondelete="CASCADE")
    )
    profile_name: Mapped[str] = mapped_column(String(255))
    client_id: Mapped[str] = mapped_column(String(255))
    # Secrets are read only where they are used: a list decrypts nothing, and one secret that
    # cannot be opened does not hide all other profiles.
    client_secret: Mapped[str] = mapped_column(
        EncryptedText("avito_profiles.client_secret"), deferred=True, deferred_raiseload=True
    )
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    """Avito's account id, above 2**31 in life. None: the predecessor never confirmed it."""
    access_token: Mapped[str | None] = mapped_column(
        EncryptedText("avito_profiles.access_token"), deferred=True, deferred_raiseload=True
    )
    token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report_frequency: Mapped[str] = mapped_column(String(20), server_default="daily")
    report_interval_value: Mapped[int | None] = mapped_column(Integer)
    report_weekdays: Mapped[str | None] = mapped_column(String(50))
    """Ticked weekdays as '0,2,4', 0 = Monday."""
    report_time: Mapped[time | None] = mapped_column(Time)
    report_timezone: Mapped[str] = mapped_column(String(50), server_default="Europe/Moscow")
    report_month_day: Mapped[int | None] = mapped_column(Integer)
    """Day of a monthly report, 1..31; a shorter month has it on its last day. NULL is 1."""
    report_anchor: Mapped[date | None] = mapped_column(Date)
    """A local date on which an every-N-days report is due: its phase, kept over restarts."""
    is_report_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    report_metrics: Mapped[str | None] = mapped_column(Text)
    """JSON list of metric keys for every destination without a choice of its own and for chats
    that are none; NULL means the usual ones."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_duplicate: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    problem: Mapped[str | None] = mapped_column(String(32))
    """Why Avito refuses this profile: the class name of the error. None when it answers."""
    problem_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keys_good_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they were last seen to open the account: at the last read that was made with them."""
    chats_kept_days: Mapped[int | None] = mapped_column(Integer, server_default="90")
    """How long messages of its chats are kept; 0: until the file is made, NULL: as long as the
    profile."""
    chats_wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they were last read for a file: so soon after it nothing of them is dropped."""


class ReportTask(Base):
    """One destination of a profile's scheduled report."""

    __tablename__ = "report_tasks"
    __table_args__ = (
        Index("ix_report_tasks_profile_id", "profile_id"),
        Index("ix_report_tasks_place", "chat_id", "thread_id"),
        Index(
            "ix_report_tasks_next_due_at",
            "next_due_at",
            sqlite_where=text("next_due_at IS NOT NULL"),
            postgresql_where=text("next_due_at IS NOT NULL"),
        ),
        Index(
            "ix_report_tasks_chats_due_at",
            "chats_due_at",
            sqlite_where=text("chats_due_at IS NOT NULL"),
            postgresql_where=text("chats_due_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    profile_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("avito_profiles.id", ondelete="CASCADE")
    )
    chat_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """0: not set yet."""
    report_time: Mapped[str] = mapped_column(String(10), server_default="10:00")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    report_metrics: Mapped[str | None] = mapped_column(Text)
    """JSON list of metric keys chosen for this destination; NULL means as in the profile."""
    report_days: Mapped[str | None] = mapped_column(Text)
    report_period: Mapped[str] = mapped_column(String(10), server_default="day")
    """`day` | `week` | `month`; says something only where `is_period_set`."""
    is_period_set: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The owner chose `report_period`; else a report covers what its frequency implies."""
    thread_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The forum topic, 0 outside of topics."""
    chat_title: Mapped[str | None] = mapped_column(String(255))
    topic_name: Mapped[str | None] = mapped_column(String(128))
    chat_type: Mapped[str | None] = mapped_column(String(16))
    """`private` | `group` | `supergroup` | `channel`, NULL where the predecessor never asked."""
    is_silent: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    has_chart: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """Reports come with a picture of the daily course."""
    on_lost_answer: Mapped[str] = mapped_column(String(8), server_default="resend")
    """What becomes of a report whose answer was lost: `resend` (marked) or `hold`."""
    is_digest: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """In one message with the owner's other profiles that report there at the same time."""
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the next slot is due. NULL: nothing is due, or a change has yet to be worked in."""
    suspended: Mapped[str | None] = mapped_column(String(32))
    """Why nothing is sent there: the bot may not post (`core.services.destinations.Trouble`), or
    the owner has no say there any more (`Refusal`)."""
    told: Mapped[str | None] = mapped_column(String(32))
    """The `suspended` that its owner heard of last; NULL: he knows it to be well."""
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When he last heard that nothing is sent there."""
    problem: Mapped[str | None] = mapped_column(String(64))
    """What became of the last report that did not arrive; NULL after one that did."""
    problem_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    chats_every: Mapped[str | None] = mapped_column(String(8))
    """`week` | `month`: how often the chats come here as a file. NULL: never."""
    chats_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they do next."""
    chats_slot: Mapped[str | None] = mapped_column(String(16))
    """The label of the slot for which they came last."""


class Delivery(Base):
    """One part of one scheduled report: a task's slot, on its way into a chat.

    The outbox is the truth about deliveries; `core.outbox` owns its states and moves them.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # What makes a slot happen once, whatever is repeated, restarted or doubled.
        UniqueConstraint("task_id", "slot", "part", name="uq_outbox_slot"),
        Index(
            "ix_outbox_open",
            "chat_id",
            "id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        # In the order in which they are built, and sent.
        Index(
            "ix_outbox_due",
            *("attempt", "due_at", "task_id", "part", "id"),
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        Index(
            "ix_outbox_sendable",
            *("due_at", "task_id", "part", "id"),
            sqlite_where=text("state IN ('ready', 'retry', 'resend')"),
            postgresql_where=text("state IN ('ready', 'retry', 'resend')"),
        ),
        Index(
            "ix_outbox_finished_at",
            "finished_at",
            sqlite_where=text("finished_at IS NOT NULL"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_untold",
            "id",
            sqlite_where=text("is_untold = 1"),
            postgresql_where=text("is_untold"),
        ),
        Index(
            "ix_outbox_carrier_id",
            "carrier_id",
            sqlite_where=text("carrier_id IS NOT NULL"),
            postgresql_where=text("carrier_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    task_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("report_tasks.id", ondelete="CASCADE")
    )
    slot: Mapped[str] = mapped_column(String(32))
    """The local wall-clock label `2026-11-21T09:00`: a DST fold cannot double it."""
    part: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The end of the catch-up window: later than this it is not sent any more but missed."""
    first_day: Mapped[date] = mapped_column(Date)
    """The Moscow days it reports about, both included."""
    last_day: Mapped[date] = mapped_column(Date)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    is_silent: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    """Tries that are known to have failed in the present stage (building, then sending)."""
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(36))
    """The process that has it in hand until `lease_until`."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What will be sent, frozen: text and buttons. Emptied when the retention takes it."""
    is_repeat: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The answer to a first send was lost; this copy says that it is one."""
    carrier_id: Mapped[int | None] = mapped_column(BigInteger)
    """The delivery in whose message it goes, as a part of a digest."""
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(200))
    is_untold: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Its owner has yet to hear what became of it: he has to decide, or waits."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """NULL while it is open."""


class Topic(Base):
    """The name of a forum topic, as Telegram happened to mention it: it cannot be asked for."""

    __tablename__ = "topics"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    thread_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(128))


class DailyStats(Base):
    """Avito's numbers of one account on one Moscow day, as last read."""

    __tablename__ = "daily_stats"

    avito_user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    """A Moscow day."""
    metrics: Mapped[dict[str, int]] = mapped_column(JSON)
    """Avito's slug -> count, or kopecks where the slug is money. A withheld slug is absent."""
    source: Mapped[str] = mapped_column(String(8))
    """Where the day came from: `v2`, or `v1` when v2 refused (then without money)."""
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DailyCalls(Base):
    """The calls of one account on one Moscow day, as last read: a method of its own at Avito."""

    __tablename__ = "daily_calls"

    avito_user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    metrics: Mapped[dict[str, int]] = mapped_column(JSON)
    """`calls`, `answeredCalls`, `newCalls`, `newAnsweredCalls`; what Avito left out is absent."""
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WalletSnapshot(Base):
    """What an account's wallet and advance held at an instant. Kopecks; NULL is unknown."""

    __tablename__ = "wallet_snapshots"
    __table_args__ = (Index("ix_wallet_snapshots_account", "avito_user_id", "taken_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    avito_user_id: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    real_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    bonus_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    advance_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    """The CPA advance. May be negative."""


class AccountSync(Base):
    """When the numbers of an account were last read, and what went wrong the last time."""

    __tablename__ = "account_syncs"

    avito_user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stats_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_day: Mapped[date | None] = mapped_column(Date)
    """The earliest Moscow day our history holds."""
    last_day: Mapped[date | None] = mapped_column(Date)
    failure: Mapped[str | None] = mapped_column(String(64))
    """The class name of the last failed read's error, NULL after a good one."""
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calls_refusal: Mapped[str | None] = mapped_column(String(64))
    """The class name of the error with which Avito last refused the calls for good."""
    calls_refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Listing(Base):
    """A listing of an account, as Avito described it last."""

    __tablename__ = "listings"

    account: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    listing_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Above 2**31 in life."""
    title: Mapped[str | None] = mapped_column(String(200))
    """Cleaned. NULL: it has none, or Avito lists it no more."""
    price_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str | None] = mapped_column(String(16))
    """Avito's word, `active` above all; NULL when it is not among the active any more."""
    url: Mapped[str | None] = mapped_column(String(500))
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ListingRead(Base):
    """That all listings of an account were read about one period: a day, or several together."""

    __tablename__ = "listing_reads"
    __table_args__ = (
        UniqueConstraint("account", "first_day", "last_day", name="uq_listing_reads_period"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    account: Mapped[int] = mapped_column(BigInteger)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(8))
    """`v2`, or `v1` when v2 refused (then without money)."""
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ListingNumbers(Base):
    """What one listing did in the period of a read. NULL is what Avito withheld."""

    __tablename__ = "listing_numbers"

    read_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("listing_reads.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    views: Mapped[int | None] = mapped_column(BigInteger)
    contacts: Mapped[int | None] = mapped_column(BigInteger)
    favorites: Mapped[int | None] = mapped_column(BigInteger)
    orders: Mapped[int | None] = mapped_column(BigInteger)
    """What it brought without a contact: ordered with Delivery, booked, applied for."""
    spending_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    """Money, without bonuses."""


class AvitoChat(Base):
    """A chat of a profile's account at Avito, as far as it was read.

    It belongs to the profile and not to the account: another owner of the account has to read
    it with keys of his own.
    """

    __tablename__ = "chats"
    __table_args__ = (Index("ix_chats_newest", "profile_id", "updated_at", "chat_id"),)

    profile_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("avito_profiles.id", ondelete="CASCADE"), primary_key=True
    )
    chat_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Avito's, when the chat was read: while it says the same, there is nothing new."""
    listing_id: Mapped[int | None] = mapped_column(BigInteger)
    first_message_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_message_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Of the messages that are kept; NULL: there are none."""
    whole_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Earlier messages were not asked for, or not kept. NULL: all that Avito gives are here."""
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    transcript: Mapped[bytes] = mapped_column(
        EncryptedBytes("chats.transcript"), deferred=True, deferred_raiseload=True
    )
    """`utils.chats.model.Transcript` as JSON, by zlib."""


class AvitoGate(Base):
    """The instant from which one account may call one limited method again."""

    __tablename__ = "avito_gates"

    account: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    method: Mapped[str] = mapped_column(String(40), primary_key=True)
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InboxUpdate(Base):
    """A Telegram update, kept from before it is confirmed until its effects are decided.

    `done` rows keep only the id, so that a repeated update is known as one.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_open",
            "update_id",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        Index("ix_inbox_finished_at", "finished_at"),
    )

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    """`received` | `done` | `set_aside` (a poison update set aside, with its incident)."""
    payload: Mapped[str | None] = mapped_column(EncryptedText("inbox.payload"))
    """The raw JSON: it can hold a pasted secret, so it is encrypted and gone when done."""
    incident: Mapped[str | None] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Reply(Base):
    """One thing the bot owes a person in answer to an update or a job: a small outbox.

    Written in the transaction of its cause, performed after the commit, deleted when done.
    """

    __tablename__ = "replies"
    # The journal on disk names replies by id: an id must never come again.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    lane: Mapped[int] = mapped_column(BigInteger)
    """The chat whose order it keeps."""
    effect: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`bot.effects` as JSON. Never a secret."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Job(Base):
    """Work that outlasts an update (a key check, a report): durable, shown, cancellable."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_dedupe_key", "dedupe_key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(32))
    owner_id: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    """The message that shows its progress and then its result; NULL until it was sent."""
    profile_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("avito_profiles.id", ondelete="CASCADE")
    )
    dedupe_key: Mapped[str] = mapped_column(String(80))
    """The same work twice at a time is one job: `report:17:-100123`."""
    payload: Mapped[str] = mapped_column(EncryptedText("jobs.payload"))
    """JSON; a key check carries the secret it checks, so it is encrypted."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeptReport(Base):
    """A report that gave its message to another look, to come back there as it was."""

    __tablename__ = "kept_reports"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    profile_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("avito_profiles.id", ondelete="CASCADE"), index=True
    )
    """NULL: it is about several."""
    about: Mapped[list[int]] = mapped_column(JSON)
    """The ids of the profiles that it tells of; empty: nobody knows any more."""
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    screen: Mapped[dict[str, Any]] = mapped_column(JSON)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def period(self) -> Period:
        return Period(self.first_day, self.last_day)


class Dialogue(Base):
    """Where a person stands in a dialogue, over restarts. Holds ids and texts, never a secret."""

    __tablename__ = "dialogues"
    __table_args__ = (Index("ix_dialogues_user_id", "user_id"),)

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    thread_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, server_default="0"
    )
    state: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
