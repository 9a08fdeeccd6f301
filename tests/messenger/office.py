"""What stories about chats have in common: collecting them, and looking at what is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from core.messenger import archive
from core.messenger.collector import ChatCollector, Collected, Progress
from core.messenger.packing import unpack
from sandbox.avito.chats import Chat, make_chats
from sandbox.avito.world import AvitoAccount
from tests.support.avito import AvitoRig
from utils.chats.model import Transcript


@dataclass
class ChatOffice:
    rig: AvitoRig
    collector: ChatCollector
    profile_id: int
    told: list[Progress] = field(default_factory=list)
    at_progress: Callable[[Progress], object] | None = None

    @property
    def account(self) -> AvitoAccount:
        return self.rig.account("shop")

    def chats(self, count: int, messages: int, listings: int = 0) -> list[Chat]:
        """So many chats at Avito, instead of all others."""
        self.account.set_chats = make_chats(
            self.account.user_id,
            count,
            messages,
            until=self.rig.clock.now(),
            listings=self.account.abouts()[:listings],
        )
        return self.account.set_chats

    async def collect(self, since: datetime | None = None) -> Collected:
        return await self.collector.collect(self.profile_id, since=since, progress=self.hear)

    async def hear(self, progress: Progress) -> None:
        self.told.append(progress)
        if self.at_progress is not None:
            told = self.at_progress(progress)
            if isinstance(told, Awaitable):
                await told

    async def kept(
        self, since: datetime | None = None, profile_id: int | None = None
    ) -> list[Transcript]:
        stream = archive.transcripts(self.rig.sessions, profile_id or self.profile_id, since)
        return [unpack(packed) async for packed in stream]

    async def texts(self) -> dict[str, list[str]]:
        """What is kept, by the ids of chats."""
        return {chat.head.id: [line.text for line in chat.lines] for chat in await self.kept()}

    def at_avito(self) -> dict[str, list[str]]:
        """What there is."""
        chats = self.account.chats(self.rig.clock.now())
        return {
            chat.id: [message.content.get("text", "") for message in chat.messages]
            for chat in chats
        }

    def asked(self) -> tuple[int, int]:
        """How many questions about chats and about messages there were; counts from 0 again."""
        counts = len(self.rig.calls("messenger_chats")), len(self.rig.calls("messenger_messages"))
        self.rig.world.history.clear()
        return counts
