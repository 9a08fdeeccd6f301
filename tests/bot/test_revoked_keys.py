"""A former agency: Avito has revoked its keys, and the account's owner uses the bot, too."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.rows import add_destination, add_profile, connected, scalar

pytestmark = pytest.mark.one_database

REFUSED = "Avito больше не принимает ключи профиля"
WEEK = "2026-11-14:2026-11-20"
LOOKS = (
    "report_now:{id}",
    "report_days:{id}:7",
    "report_days:{id}:30",
    *(f"report_{look}:{{id}}:{WEEK}" for look in ("compare", "breakdown", "items", "excel")),
)


async def test_no_button_tells_what_the_owner_has_read(rig: BotRig) -> None:
    of_alice = await connected(rig, rig.alice)
    of_charlie = await add_profile(
        rig, rig.charlie, "Бывший клиент", user_id=rig.avito.account("shop").user_id
    )
    await add_destination(rig, of_charlie, rig.charlie.id)
    alice, charlie = rig.alice.private(rig.me), rig.charlie.private(rig.me)
    for chat in (alice, charlie):
        chat.start()
        await chat.wait_for("Avito")
    alice.press(f"report_now:{of_alice}", alice.last)
    await alice.wait_for("Отчёт Avito")
    await rig.settled()

    greeting = charlie.last
    for look in LOOKS:
        charlie.press(look.format(id=of_charlie), greeting)
        await rig.settled()
        assert any(REFUSED in seen.text for seen in charlie.messages), look
    charlie.send("/stats")
    await charlie.wait_for("Сводка Avito")

    said = charlie.transcript()
    assert "Просмотры" not in said
    assert "Кошел" not in said
    problem = "SELECT problem FROM avito_profiles WHERE id = :id"
    assert await scalar(rig, problem, id=of_charlie) == "KeysRefused"
