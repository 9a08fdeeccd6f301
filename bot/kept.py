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
from core.database.models import KeptReport
from core.database.repositories import kept_reports
from utils.periods import Period


@dataclass(frozen=True, slots=True)
class Kept:
    about: Sequence[int]
    """The ids of its profiles."""
    period: Period
    screen: Screen


async def of_pressed(
    session: AsyncSession, stage: Stage, now: datetime, profile_id: int
) -> Kept | None:
    """The report of the message whose button was pressed; None where there never was one.

    A report of this profile that stands there is noted down first. One about other days than the
    one that is known already was asked for beneath that, and one about the same was read anew.
    """
    return await _of_pressed(session, stage, now, profile_id, [profile_id])


async def combined_of_pressed(
    session: AsyncSession, stage: Stage, now: datetime, about: Sequence[int]
) -> Kept | None:
    """The same of a combined report about these profiles."""
    return await _of_pressed(session, stage, now, None, about)


async def _of_pressed(
    session: AsyncSession,
    stage: Stage,
    now: datetime,
    profile_id: int | None,
    about: Sequence[int],
) -> Kept | None:
    shown, message = stage.shown, stage.message
    if shown is None or not isinstance(message, Message):
        return None
    known = await kept_reports.find(session, message.chat.id, message.message_id)
    there = _period_of(shown, profile_id)
    if there is not None and (known is None or known.period == there):
        known = await kept_reports.put(
            session,
            KeptReport(
                chat_id=message.chat.id,
                message_id=message.message_id,
                profile_id=profile_id,
                about=list(about),
                first_day=there.first,
                last_day=there.last,
                screen=_as_it_is(shown, message).model_dump(mode="json", exclude_none=True),
                kept_at=now,
            ),
        )
    return _kept(known)


async def of_message(session: AsyncSession, chat_id: int, message_id: int | None) -> Kept | None:
    if message_id is None:
        return None
    return _kept(await kept_reports.find(session, chat_id, message_id))


def _kept(row: KeptReport | None) -> Kept | None:
    return None if row is None else Kept(row.about, row.period, Screen.model_validate(row.screen))


def _as_it_is(shown: Screen, message: Message) -> Screen:
    photo = message.photo[-1].file_id if message.photo else None
    return parts.without_remark(shown).model_copy(update={"photo": photo})


def _period_of(shown: Screen, profile_id: int | None) -> Period | None:
    """The days of the report that stands there, by a button that nothing else has."""
    rows = shown.inline.inline_keyboard if shown.inline else []
    for button in (button for row in rows for button in row):
        prefix, _, _ = (data := button.callback_data or "").partition(":")
        if profile_id is None and prefix == StatsRefresh.__prefix__:
            return StatsRefresh.unpack(data).period
        if prefix == ReportRefresh.__prefix__:
            refresh = ReportRefresh.unpack(data)
            return refresh.period if refresh.profile_id == profile_id else None
    return None
