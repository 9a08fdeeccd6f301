"""What somebody wants to have of his chats, and what he got."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from utils.chats.model import ChatHead

MAX_BYTES = 49_000_000


class Which(StrEnum):
    ALL = "all"
    UNREAD = "unread"
    """Those that Avito lists as such: no others are handed over."""
    UNANSWERED = "unanswered"


class Form(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"
    """Several of them, in a .zip."""


@dataclass(frozen=True, slots=True)
class BookOrder:
    profile_name: str
    zone: str
    """Whose clock the times in the files are told by: `Europe/Moscow`."""
    made_at: int
    """Unix seconds, as all of them here."""
    folder: Path
    since: int | None = None
    """Only messages from here on. None: from the first."""
    until: int | None = None
    """Only messages before this."""
    which: Which = Which.ALL
    form: Form = Form.XLSX
    remarks: tuple[str, ...] = ()
    """What has to be said of what is missing, as sentences; they stand on the first sheet."""
    not_read: tuple[ChatHead, ...] = ()
    """Chats that Avito refused this time: as they were before, or without a word."""
    max_bytes: int = MAX_BYTES
    """Of one file: Telegram takes 50 MB."""
    stem: str = field(default_factory=lambda: uuid4().hex)
    """What the files are called in the folder, each with its number; nobody else's are."""


@dataclass(frozen=True, slots=True)
class BoundFile:
    path: Path
    name: str
    """What people know it by: `Мебель_чаты_без_ответа_2026-11-21_часть_2_из_3.xlsx`."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The files, in their order, and what a caption tells of them."""

    files: tuple[BoundFile, ...]
    chats: int
    messages: int
    unanswered: int
    first_reply: float | None
    """Median, in minutes; None where nobody was answered."""
    slow_reply: float | None
    """Nine of ten were answered within so many minutes."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no files."""

    told: str
    is_out_of_memory: bool = False
    errno: int | None = None
    """What the system said, if it was the system that refused."""
