"""getUpdates: kept until confirmed, one poller, long polls."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.sandbox.telegram_client import Scene, telegram


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        yield scene


async def raw(scene: Scene, **params: str) -> str:
    async with scene.client.session.get(f"{scene.client.url}/getUpdates", params=params) as answer:
        return await answer.text()


async def test_updates_are_repeated_byte_for_byte_until_confirmed(scene: Scene) -> None:
    chat = scene.alice.private(scene.bot)
    chat.send("один")
    chat.send("два")
    first = await raw(scene)
    assert await raw(scene) == first
    batch = await scene.client.updates(limit=1)
    assert [u["message"]["text"] for u in batch] == ["один"]
    assert [u["message"]["text"] for u in await scene.client.updates()] == ["два"]
    assert await scene.client.updates() == []
    assert scene.bot.updates.pending == []


async def test_a_negative_offset_keeps_only_the_last(scene: Scene) -> None:
    for text in ("1", "2", "3"):
        scene.alice.private(scene.bot).send(text)
    batch = await scene.client.ok("getUpdates", offset=-1)
    assert [u["message"]["text"] for u in batch] == ["3"]


async def test_a_long_poll_ends_with_the_first_update(scene: Scene) -> None:
    poll = asyncio.create_task(scene.client.updates(timeout=30))
    await scene.world.polled(scene.bot)
    scene.alice.private(scene.bot).start("promo")
    [update] = await poll
    assert update["message"]["text"] == "/start promo"


async def test_a_second_poller_ends_the_first(scene: Scene) -> None:
    first = asyncio.create_task(scene.client.refusal("getUpdates", timeout=30))
    await scene.world.polled(scene.bot)
    second = asyncio.create_task(scene.client.updates(timeout=30))
    assert await first == (
        "409 Conflict: terminated by other getUpdates request;"
        " make sure that only one bot instance is running"
    )
    scene.alice.private(scene.bot).start()
    assert len(await second) == 1


async def test_a_webhook_and_polling_exclude_each_other(scene: Scene) -> None:
    await scene.client.ok("setWebhook", url="https://example.org/hook")
    assert (await scene.client.refusal("getUpdates")).startswith(
        "409 Conflict: can't use getUpdates method while webhook is active"
    )
    assert (await scene.client.ok("getWebhookInfo"))["url"] == "https://example.org/hook"
    await scene.client.ok("deleteWebhook")
    assert await scene.client.updates() == []


async def test_only_the_kinds_asked_for_are_kept(scene: Scene) -> None:
    await scene.client.updates(allowed_updates=["message"])
    scene.alice.private(scene.bot).start()
    scene.alice.block(scene.bot)
    assert [list(u) for u in await scene.client.updates()] == [["update_id", "message"]]


async def test_updates_are_forgotten_after_a_day(scene: Scene) -> None:
    scene.alice.private(scene.bot).start()
    scene.world.clock.advance(timedelta(hours=25))
    assert await scene.client.updates() == []


async def test_any_body_can_be_injected(scene: Scene) -> None:
    scene.world.inject_update({"message": {"poison": True}})
    scene.world.inject_update({"update_id": 5, "message": {"text": "ids began anew"}})
    batch = await scene.client.ok("getUpdates")
    assert [u["update_id"] for u in batch] == [100_000_001, 5]


async def test_settled_waits_for_confirmation(scene: Scene) -> None:
    scene.alice.private(scene.bot).start()
    with pytest.raises(TimeoutError):
        await scene.world.settled(scene.bot, timeout=0.1)
    waiting = asyncio.create_task(scene.world.settled(scene.bot))
    await scene.client.updates()
    await scene.client.updates()
    await waiting


async def test_a_wait_that_fails_tells_the_chat(scene: Scene) -> None:
    chat = scene.alice.private(scene.bot)
    chat.send("алло")
    with pytest.raises(TimeoutError, match="Алиса: алло"):
        await chat.wait_for("ответ", timeout=0.05)
