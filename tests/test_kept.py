"""What a message showed at first, and for whom it may come back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from aiogram.types import (
    CallbackQuery,
    Chat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
    User,
)

from bot import kept
from bot.callbacks import ReportRefresh, StatsRefresh
from bot.show import Stage
from core.database.session import Sessions
from core.errors import AnotherReport
from sandbox.clock import SandboxClock
from tests.support.deliveries import Office
from utils.periods import Period

pytestmark = pytest.mark.one_database

GROUP, MESSAGE = -100, 7
DAY = Period(date(2026, 11, 20), date(2026, 11, 20))
WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))


@pytest.fixture
def office(sessions: Sessions) -> Office:
    return Office(sessions, SandboxClock())


def pressed(text: str, again: ReportRefresh | StatsRefresh) -> Stage:
    """Somebody presses a button of this report."""
    button = InlineKeyboardButton(text="🔄 Обновить", callback_data=again.pack())
    message = Message(
        message_id=MESSAGE,
        date=SandboxClock().now(),
        chat=Chat(id=GROUP, type="supergroup"),
        text=text,
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
    )
    person = User(id=1, is_bot=False, first_name="Боб")
    query = CallbackQuery(id="1", from_user=person, chat_instance="1", message=message, data="x")
    return Stage(Update(update_id=1, callback_query=query))


def report_of(profile_id: int, period: Period) -> ReportRefresh:
    return ReportRefresh(profile_id=profile_id, first=period.first, last=period.last)


async def known(office: Office, profile_id: int | None) -> tuple[str, Period] | None:
    async with office.sessions.begin() as session:
        found = await kept.of_message(session, GROUP, MESSAGE, profile_id)
        return None if found is None else (found.screen.text, found.period)


async def test_what_is_kept_of_one_profile_is_nothing_to_another(office: Office) -> None:
    one, other = await office.add_profile(), await office.add_profile()
    now = office.clock.now()
    async with office.sessions.begin() as session:
        await kept.of_pressed(session, pressed("Первый", report_of(one, DAY)), now, one)

    for period in (DAY, WEEK):
        stage = pressed("Другой", report_of(other, period))
        async with office.sessions.begin() as session:
            assert await kept.of_pressed(session, stage, now, other) is None
    again = StatsRefresh(first=DAY.first, last=DAY.last)
    async with office.sessions.begin() as session:
        with pytest.raises(AnotherReport):
            await kept.combined_of_pressed(session, pressed("Сводка", again), now)

    assert await known(office, one) == ("Первый", DAY)
    assert await known(office, other) is None
    assert await known(office, None) is None


async def test_one_read_anew_is_kept_and_one_about_other_days_is_not(office: Office) -> None:
    one = await office.add_profile()
    for text, period in (("Отчёт", DAY), ("Заново", DAY), ("Неделя", WEEK)):
        now = office.clock.now() + timedelta(seconds=1)
        async with office.sessions.begin() as session:
            await kept.of_pressed(session, pressed(text, report_of(one, period)), now, one)

    assert await known(office, one) == ("Заново", DAY)


async def test_a_digest_comes_back_for_the_profiles_that_it_told_of(office: Office) -> None:
    told, later = await office.add_profile(), await office.add_profile()
    task = await office.add_task(GROUP, profile_id=told)
    await office.add_task(GROUP, profile_id=later)
    payload = {"text": "Сводка", "about": [told]}
    await office.add_delivery(task, chat_id=GROUP, message_id=MESSAGE, payload=payload)
    stage = pressed("Сводка", StatsRefresh(first=DAY.first, last=DAY.last))

    async with office.sessions.begin() as session:
        found = await kept.combined_of_pressed(session, stage, office.clock.now())

    assert found is not None
    assert (found.about, found.period) == ([told], DAY)
