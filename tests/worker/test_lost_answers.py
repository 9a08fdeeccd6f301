"""A commit whose answer gets lost with the connection worked: nothing is done a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from bot import intake, jobs, polling
from tests.support.bot import BotRig, bot_rig
from tests.support.lost_answers import lost_commit_answer


@pytest.fixture
async def rig(
    sqlite_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BotRig]:
    for module, name in (
        (polling, "FIRST_PAUSE_SEC"),
        (intake, "DATABASE_RETRY_SEC"),
        (jobs, "RETRY_SEC"),
    ):
        monkeypatch.setattr(module, name, 0.01)
    async with bot_rig(sqlite_url, tmp_path) as made:
        yield made


async def settled(rig: BotRig) -> None:
    await rig.telegram.settled(rig.me, quiet=0.2)
    await rig.quiet()


# The three commits of an update: it is stored, its effects are decided, they are struck off.
@pytest.mark.parametrize("commit", [0, 1, 2])
async def test_a_person_is_greeted_once(rig: BotRig, commit: int) -> None:
    await rig.quiet()
    chat = rig.alice.private(rig.me)
    with lost_commit_answer(rig.running.engine, after=commit):
        chat.start()
        await chat.wait_for("Это Avito Analytics Bot")
        await settled(rig)
    assert len(rig.telegram.sent(rig.alice.id)) == 1
    await rig.restart()
    await settled(rig)
    assert len(rig.telegram.sent(rig.alice.id)) == 1


async def test_a_report_is_shown_once(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    for commit in range(5):
        before = len(rig.telegram.sent(rig.alice.id))
        with lost_commit_answer(rig.running.engine, after=commit):
            chat.press(f"report_now:{profile_id}", chat.last)
            await chat.wait_for("Отчёт Avito")
            await settled(rig)
        new = rig.telegram.sent(rig.alice.id)[before:]
        assert len(new) == 1, f"commit {commit}: {[message.words for message in new]}"
        assert "Отчёт Avito" in new[0].words
