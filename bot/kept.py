"""The report of a message in which people look at something else: it comes back as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiogram.types import Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.callbacks import ReportRefresh, StatsRefresh
from bot.effects import Screen
from bot.screens import parts
from bot.show import Stage
from core.combined import Combined
from core.database.models import KeptReport
from core.database.repositories import digests, kept_reports
from core.errors import AnotherReport
from utils.periods import Period


@dataclass(frozen=True, slots=True)
class Kept:
    about: Sequence[int]
    """The ids of its profiles; empty where nobody knows any more whom it tells of."""
    period: Period
    screen: Screen


async def of_pressed(
    session: AsyncSession, stage: Stage, now: datetime, profile_id: int
) -> Kept | None:
    """This profile's report in the message whose button was pressed; None if it has none.

    One that stands there is noted down first. One about other days than the one that is known
    already was asked for beneath that, and one about the same was read anew.
    """
    shown, message = stage.shown, stage.message
    if shown is None or not isinstance(message, Message):
        return None
    there = _period_of(shown, profile_id)
    if there is not None:
        screen = _as_it_is(shown, message)
        row = _row(message.chat.id, message.message_id, [profile_id], there, screen, now)
        row.profile_id = profile_id
        await _keep(session, row)
    return await of_message(session, message.chat.id, message.message_id, profile_id)


async def combined_of_pressed(session: AsyncSession, stage: Stage, now: datetime) -> Kept | None:
    """The same of a combined report: one on schedule is noted down when it is pressed first.

    Raises `AnotherReport` as `check_own`.
    """
    await check_own(session, stage, None)
    shown, message = stage.shown, stage.message
    if shown is None or not isinstance(message, Message):
        return None
    where = message.chat.id, message.message_id
    known, there = await of_message(session, *where, None), _period_of(shown, None)
    if known is not None or there is None:
        return known
    about = await digests.told_in(session, *where)
    await _keep(session, _row(*where, about, there, _as_it_is(shown, message), now))
    return await of_message(session, *where, None)


async def check_own(session: AsyncSession, stage: Stage, profile_id: int | None) -> None:
    """Raise `AnotherReport` where a look at this profile, or at several together, would stand in
    place of a report that never showed it: its data can be sent for any message that has buttons.

    In private nobody but its owner reads it.
    """
    shown, message = stage.shown, stage.message
    if stage.is_private or stage.is_offered or shown is None or not isinstance(message, Message):
        return
    known = await kept_reports.find(session, message.chat.id, message.message_id)
    if known is not None:
        is_another = known.profile_id != profile_id
    else:
        there = _report_of(shown)
        is_another = there is not None and there[0] != profile_id
    if is_another:
        raise AnotherReport


async def keep_combined(
    session: AsyncSession,
    chat_id: int,
    message_id: int,
    report: Combined,
    screen: Screen,
    now: datetime,
) -> None:
    """Note down what is about to stand there, while it is known whom it tells of."""
    about = [row.profile_id for row in report.rows]
    await _keep(session, _row(chat_id, message_id, about, report.period, screen, now))


async def of_message(
    session: AsyncSession, chat_id: int, message_id: int | None, profile_id: int | None
) -> Kept | None:
    """The report of this profile, or the combined one, that the message had at first."""
    if message_id is None:
        return None
    row = await kept_reports.find(session, chat_id, message_id)
    if row is None or row.profile_id != profile_id:
        return None
    return Kept(row.about, row.period, Screen.model_validate(row.screen))


async def _keep(session: AsyncSession, row: KeptReport) -> None:
    """Unless the message had another report at first."""
    known = await kept_reports.find(session, row.chat_id, row.message_id)
    if known is None or (known.profile_id, known.period) == (row.profile_id, row.period):
        await kept_reports.put(session, row)


def _row(
    chat_id: int,
    message_id: int,
    about: Sequence[int],
    period: Period,
    screen: Screen,
    now: datetime,
) -> KeptReport:
    return KeptReport(
        chat_id=chat_id,
        message_id=message_id,
        about=list(about),
        first_day=period.first,
        last_day=period.last,
        screen=screen.model_dump(mode="json", exclude_none=True),
        kept_at=now,
    )


def _as_it_is(shown: Screen, message: Message) -> Screen:
    photo = message.photo[-1].file_id if message.photo else None
    return parts.without_remark(shown).model_copy(update={"photo": photo})


def _period_of(shown: Screen, profile_id: int | None) -> Period | None:
    """The days of this profile's report, or of the combined one, if that stands there."""
    there = _report_of(shown)
    return there[1] if there is not None and there[0] == profile_id else None


def _report_of(shown: Screen) -> tuple[int | None, Period] | None:
    """Whose report stands there (None: a combined one), and its days, by a button that nothing
    else has."""
    rows = shown.inline.inline_keyboard if shown.inline else []
    for button in (button for row in rows for button in row):
        prefix, _, _ = (data := button.callback_data or "").partition(":")
        if prefix == StatsRefresh.__prefix__:
            return None, StatsRefresh.unpack(data).period
        if prefix == ReportRefresh.__prefix__:
            refresh = ReportRefresh.unpack(data)
            return refresh.profile_id, refresh.period
    return None
