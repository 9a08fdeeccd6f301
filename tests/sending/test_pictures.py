"""A report with a picture: its words arrive whatever Telegram has against the picture."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from bot.effects import Screen
from core.outbox import State
from sandbox.telegram import server
from sandbox.telegram.errors import ApiError, bad_request
from tests.support.deliveries import NINE
from tests.support.sending import SenderRig, check_history
from utils.charts.course import Course, Series
from utils.periods import Period

pytestmark = pytest.mark.one_database

DAY = Period(date(2026, 11, 20), date(2026, 11, 20))
COURSE = Course("Мебель", DAY, contacts=Series([3], [1]))
REFUSALS = [
    *(bad_request(why) for why in ("CHAT_SEND_MEDIA_FORBIDDEN", "PHOTO_INVALID_DIMENSIONS")),
    bad_request("not enough rights to send media messages to the chat"),
    bad_request("message caption is too long"),
    bad_request("wrong file identifier specified"),
    ApiError(413, "Request Entity Too Large"),
    ApiError(404, "Not Found"),
]


def pictured(text: str) -> dict[str, Any]:
    return Screen(text=text, picture=COURSE).model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_what_is_wrong_with_a_picture_keeps_no_words_back(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch, refusal: ApiError
) -> None:
    def refuse(_call: object) -> None:
        raise refusal

    monkeypatch.setitem(server.METHODS, "sendPhoto", refuse)
    task = await rig.destination(rig.world.supergroup("Клиенты", rig.alice, rig.me).id)

    row = await rig.until(await rig.report(task, payload=pictured("отчёт")), State.SENT)

    assert rig.texts(row.chat_id) == ["отчёт"]
    assert (await rig.office.task(task)).suspended is None
    assert await rig.notices() == []


async def test_a_mark_that_has_no_room_under_a_picture_costs_the_picture(rig: SenderRig) -> None:
    """Sent ahead, it would come again with every new try."""
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    due: dict[str, Any] = {"slot": "2026-11-21T06:00", "due_at": NINE - timedelta(hours=3)}
    report = await rig.report(await rig.destination(chat.id), payload=pictured("я" * 1000), **due)

    await rig.until(report, State.SENT)

    [only] = rig.texts(chat.id)
    assert only.startswith("⏰ Пришёл позже")
    assert only.endswith("я" * 1000)
    await check_history(rig)
