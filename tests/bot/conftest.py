"""The bot's stories share one rig, and some promises that hold in every one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from bot import throttle
from core.avito.http import Patience
from tests.support.bot import BotRig, bot_rig


@pytest.fixture
async def rig(
    database_url: URL, tmp_path: Path, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BotRig]:
    """The bot on each kind of database. 09:00 in Moscow, 21.11.2026."""
    # Nobody taps as fast as these stories are told.
    monkeypatch.setattr(throttle, "PEOPLE_BURST", 10_000)
    async with bot_rig(database_url, tmp_path, patience) as made:
        # The operator has greeted the bot; what a story looks at is its own doing.
        await made.operator.private(made.me).wait_for("Avito Analytics Bot")
        yield made
        if made.app is not None:
            await made.settled()
            check_promises(made)


def check_promises(rig: BotRig) -> None:
    """No button spins, no markup was refused, no limit of Avito was broken."""
    calls = rig.telegram.history.calls
    assert [call for call in calls if "parse entities" in (call.description or "")] == []
    answered = {c.params["callback_query_id"] for c in calls if c.method == "answerCallbackQuery"}
    assert [p.data for p in rig.telegram.presses.values() if p.id not in answered] == []
    assert rig.avito.violations() == []
