"""The panel of the page: what goes wrong on request, and the time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sandbox.avito.world import MOSCOW, AvitoWorld
from sandbox.clock import SandboxClock
from sandbox.page.scene import Scene
from sandbox.telegram.model import PRESENT, Json

RETRY_SECONDS = 5
MORNING = time(9)
NIGHT = time(4, 30)
"""In Moscow, when the bot reads what nobody waits for; Avito makes it take some minutes."""
NIGHT_SECONDS, NIGHT_SPEED = 4.0, 600.0


@dataclass(frozen=True, slots=True)
class Switch:
    """`is_final`: once on it stays so."""

    title: str
    note: str
    is_on: Callable[[], bool]
    turn: Callable[[bool], None]
    is_final: bool = False

    def as_json(self) -> Json:
        is_on = self.is_on()
        is_locked = is_on and self.is_final
        return {"title": self.title, "note": self.note, "is_on": is_on, "is_locked": is_locked}


def build_switches(scene: Scene, avito: AvitoWorld) -> dict[str, Switch]:
    return {
        "avito_429": _avito(avito, "Avito: слишком часто", "ответ 429", "status", status=429),
        "avito_503": _avito(avito, "Avito не работает", "ответ 503", "status", status=503),
        "avito_hang": _avito(avito, "Avito молчит", "соединение есть, ответа нет", "hang"),
        "flood": _flood(scene),
        "blocked": _blocked(scene),
        "kicked": _kicked(scene),
        "migrated": _migrated(scene),
    }


async def move_clock(clock: SandboxClock, step: str) -> None:
    """`hour`, `day`, or `morning`: the next nine o'clock in Moscow, after a short night."""
    if step == "morning":
        await _sleep_until(_next(MORNING, clock.now()), clock)
    else:
        clock.advance({"hour": timedelta(hours=1), "day": timedelta(days=1)}[step])


async def _sleep_until(morning: datetime, clock: SandboxClock) -> None:
    night = _next(NIGHT, clock.now())
    if night < morning:
        clock.advance(night - clock.now())
        usual, clock.scale = clock.scale, NIGHT_SPEED
        try:
            await asyncio.sleep(NIGHT_SECONDS)
        finally:
            clock.scale = usual
    # Somebody may have been in a greater hurry meanwhile.
    clock.advance(max(morning - clock.now(), timedelta(0)))


def _next(hour: time, now: datetime) -> datetime:
    here = now.astimezone(MOSCOW)
    today = datetime.combine(here, hour, MOSCOW)
    return today if today > here else today + timedelta(days=1)


def _avito(avito: AvitoWorld, title: str, note: str, kind: str, **params: Any) -> Switch:
    return _faults(title, note, avito.faults, lambda: [avito.fault(kind, **params)])


def _flood(scene: Scene) -> Switch:
    world = scene.world

    def add() -> list[Any]:
        methods = ("send*", "editMessage*")
        return [world.fault("flood", m, retry_after=RETRY_SECONDS) for m in methods]

    note = f"ответ 429 на сообщения: подождите {RETRY_SECONDS} секунд"
    return _faults("Telegram: слишком часто", note, world.faults.active, add)


def _faults(title: str, note: str, active: list[Any], add: Callable[[], list[Any]]) -> Switch:
    """`add` puts faults among `active`, and somebody else may have cleared them since."""
    added: list[Any] = []

    def turn(on: bool) -> None:
        active[:] = [fault for fault in active if fault not in added]
        added[:] = add() if on else []

    return Switch(title, note, lambda: any(fault in active for fault in added), turn)


def _blocked(scene: Scene) -> Switch:
    owner, bot = scene.owner, scene.bot

    def turn(on: bool) -> None:
        (owner.block if on else owner.unblock)(bot)

    return Switch(
        "Вы заблокировали бота", "в личном чате", lambda: scene.chat.chat.is_blocked, turn
    )


def _kicked(scene: Scene) -> Switch:
    owner, bot, group = scene.owner, scene.bot, scene.group

    def turn(on: bool) -> None:
        (owner.kick_bot if on else owner.add_bot)(group.chat, bot)

    return Switch(
        "Бота выгнали из группы",
        group.title,
        lambda: group.chat.status_of(bot.id) not in PRESENT,
        turn,
    )


def _migrated(scene: Scene) -> Switch:
    group = scene.group

    def turn(on: bool) -> None:
        if on and group.chat is group.first_chat:
            scene.owner.migrate(group.chat)

    return Switch(
        "Группа стала супергруппой",
        "у чата новый номер; обратно нельзя",
        lambda: group.chat is not group.first_chat,
        turn,
        is_final=True,
    )
