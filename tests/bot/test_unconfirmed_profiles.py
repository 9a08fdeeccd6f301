"""Profiles of the predecessor whose account nobody ever asked Avito for."""

from __future__ import annotations

from sqlalchemy import select

from core.database.models import AvitoProfile, User
from tests.support.bot import BotRig


async def add_unconfirmed(rig: BotRig, label: str) -> int:
    client_id, client_secret = rig.keys_of(label)
    async with rig.running.sessions.begin() as session:
        await session.merge(User(telegram_id=rig.alice.id, created_at=rig.clock.now()))
        await session.flush()
        profile = AvitoProfile(
            owner_id=rig.alice.id,
            profile_name="Старый",
            client_id=client_id,
            client_secret=client_secret,
            created_at=rig.clock.now(),
        )
        session.add(profile)
        await session.flush()
        return profile.id


async def test_the_first_report_finds_out_whose_keys_they_are(rig: BotRig) -> None:
    profile_id = await add_unconfirmed(rig, "shop")
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    chat.press(f"profile_view:{profile_id}", listing)
    await chat.wait_for("ещё не подтверждён")

    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Отчёт Avito")

    async with rig.running.sessions() as session:
        account = await session.scalar(select(AvitoProfile.user_id))
    assert account == rig.avito.account("shop").user_id


async def test_a_copy_of_a_connected_account_is_named_on_its_card(rig: BotRig) -> None:
    chat, _ = await rig.connect(rig.alice, "shop")
    copy = await add_unconfirmed(rig, "shop")
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito: 2")

    chat.press(f"report_now:{copy}", listing)
    await chat.wait_for("Отчёт Avito")
    chat.press(f"profile_view:{copy}", listing)

    await chat.wait_for("подключён у вас дважды")
