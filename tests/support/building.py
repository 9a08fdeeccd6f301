"""The builder between a real outbox and a sandbox Avito; nothing is sent anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from bot.aftermath import Aftermath
from bot.effects import Show, from_json
from bot.errors import IncidentDesk
from bot.markdown import to_plain
from bot.work.reports import freeze
from bot.work.stats import freeze_digest
from core.avito.http import Patience
from core.database.models import Delivery, Reply
from core.database.session import Sessions, reading
from core.outbox import Outbox, State
from core.report_data import Collector
from core.report_runner import ReportRunner
from core.rounds import Rounds
from sandbox.avito.world import AvitoAccount
from sandbox.clock import SandboxClock
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.seen import as_read
from tests.support.avito import AvitoRig, avito_rig
from tests.support.deliveries import NINE, Office
from tests.support.patience import CALM

CLIENTS = -100_200_300
HALF_PAST_FIVE = NINE - timedelta(hours=3, minutes=30)
ALICE, OPERATOR = 1, 99


class BuilderRig:
    """Alice's destinations are due at nine; `until_built` lets the builder do what it can."""

    def __init__(self, avito: AvitoRig) -> None:
        self.avito, self.clock, self.sessions = avito, avito.clock, avito.sessions
        self.office = Office(avito.sessions, avito.clock)
        self.outbox: Outbox = self.office.alice
        self.collector = Collector(avito.sessions, avito.avito, avito.sync, avito.clock)
        self.incidents = IncidentDesk(OPERATOR, avito.clock)
        self.rounds = Rounds(self.collector, avito.listings, self.incidents.escalate)
        self._owed: list[Reply] = []
        self.aftermath = Aftermath(avito.sessions, avito.clock, self._owed.extend, self.incidents)
        self.runner = ReportRunner(
            avito.sessions,
            self.outbox,
            self.collector,
            avito.clock,
            render=freeze,
            render_digest=freeze_digest,
            gave_up=self.aftermath.not_built,
            escalate=self.incidents.escalate,
        )

    def account(self, label: str) -> AvitoAccount:
        return self.avito.account(label)

    async def profile(self, label: str, owner: int = ALICE) -> int:
        return (await self.avito.connect(label, owner)).profile_id

    async def destination(self, profile_id: int, chat_id: int = CLIENTS, **columns: Any) -> int:
        values = {"chat_title": "Клиенты", "chat_type": "supergroup", **columns}
        return await self.office.add_task(chat_id, profile_id=profile_id, **values)

    async def reporting(self, label: str, chat_id: int = CLIENTS, **columns: Any) -> int:
        """A destination of a new profile with the keys of this account."""
        return await self.destination(await self.profile(label), chat_id, **columns)

    async def nine_o_clock(self) -> None:
        """The tick of nine, and everything built that can be."""
        if self.clock.now() < NINE:
            self.clock.advance(NINE - self.clock.now())
        await self.office.materialise()
        await self.until_built()

    async def later(self, **step: float) -> None:
        """Some time later, and everything built that can be by then."""
        self.clock.advance(timedelta(**step))
        await self.until_built()

    async def until_built(self, timeout: float = PATIENCE_SEC) -> None:
        self.runner.wake()
        try:
            async with asyncio.timeout(timeout):
                while await self._unbuilt():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError("it is still being built") from None

    async def _unbuilt(self) -> bool:
        query = select(Delivery.id).where(
            or_(
                Delivery.state == State.BUILDING,
                (Delivery.state == State.DUE)
                & (Delivery.next_try_at.is_(None) | (Delivery.next_try_at <= self.clock.now())),
            )
        )
        async with reading(self.sessions) as session:
            return await session.scalar(query.limit(1)) is not None

    async def of(self, task_id: int) -> Delivery:
        """The only delivery of this destination."""
        [delivery] = await self.office.deliveries(task_id)
        return delivery

    async def sent(self, delivery: Delivery) -> None:
        """It was delivered, as far as anybody here can tell."""
        [claimed] = await self.outbox.claim_ready(1)
        assert claimed.id == delivery.id
        await self.outbox.sending(delivery.id)
        await self.outbox.sent(delivery.id, 1)

    def told(self) -> list[Show]:
        """What owners are told in private since the last look."""
        shown = [from_json(reply.effect) for reply in self._owed]
        self._owed.clear()
        return [effect for effect in shown if isinstance(effect, Show)]

    def escalated(self) -> list[str]:
        """What the operator is told with the next tick."""
        return [to_plain(show.screen.text) for show in self.incidents.overdue()]


def text_of(delivery: Delivery) -> str:
    """As it is read in the chat."""
    assert delivery.payload is not None, f"{delivery.state}: {delivery.reason}"
    # A carriage return is how aiogram keeps two marks apart; Telegram drops it.
    return as_read(to_plain(delivery.payload["text"])).replace("\r", "")


def buttons_of(delivery: Delivery) -> list[str]:
    assert delivery.payload is not None
    rows = delivery.payload["keyboard"]["inline_keyboard"]
    return [button["callback_data"] for row in rows for button in row]


@asynccontextmanager
async def builder_rig(
    sessions: Sessions, at: datetime = HALF_PAST_FIVE, patience: Patience = CALM
) -> AsyncIterator[BuilderRig]:
    clock = SandboxClock(at)
    async with avito_rig(sessions, clock, patience) as avito, running_builder(avito) as rig:
        yield rig


@asynccontextmanager
async def running_builder(avito: AvitoRig) -> AsyncIterator[BuilderRig]:
    rig = BuilderRig(avito)
    running = asyncio.create_task(rig.runner.run())
    try:
        yield rig
    finally:
        running.cancel()
        [ended] = await asyncio.gather(running, return_exceptions=True)
        await rig.outbox.close(1.0)
        assert isinstance(ended, asyncio.CancelledError), ended
