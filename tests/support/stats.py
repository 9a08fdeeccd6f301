"""`/stats` in a chat: places with profiles, and what its rows say."""

from __future__ import annotations

from sandbox.avito.world import AvitoAccount
from sandbox.telegram.people import ChatView, Person
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.report import count, money
from tests.support.rows import add_destination, connected

TITLE = "Сводка Avito"


async def reporting(
    rig: BotRig, view: ChatView, *accounts: tuple[str, str], owner: Person | None = None
) -> list[int]:
    """Let profiles of these accounts (label, name) report at the place of `view`."""
    profile_ids = []
    for label, name in accounts:
        profile_id = await connected(rig, owner or rig.alice, label, name)
        await add_destination(rig, profile_id, view.chat.id, view.thread_id or 0)
        profile_ids.append(profile_id)
    return profile_ids


async def ask_stats(view: ChatView) -> Seen:
    view.send("/stats")
    return await view.wait_for(TITLE)


def read_rows(report: Seen) -> dict[str, list[str]]:
    """The lines about each profile by its name, in their order."""
    return {heading[2:]: lines for heading, lines in _rows(report).items()}


def read_lights(report: Seen) -> dict[str, str]:
    """The light before the name of each profile, in their order."""
    return {heading[2:]: heading[0] for heading in _rows(report)}


def _rows(report: Seen) -> dict[str, list[str]]:
    """By heading: a light and a name, in bold."""
    bold = {
        entity_text(report.text, entity) for entity in report.entities if entity["type"] == "bold"
    }
    rows: dict[str, list[str]] = {}
    _, _, after = report.text.partition("По профилям\n")
    lines: list[str] = []
    for line in after.split("\n\n")[0].splitlines():
        if line in bold:
            lines = rows[line] = []
        else:
            lines.append(line)
    return rows


def entity_text(text: str, entity: dict[str, object]) -> str:
    units = text.encode("utf-16-le")
    offset, length = entity["offset"], entity["length"]
    assert isinstance(offset, int)
    assert isinstance(length, int)
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def expected_row(account: AvitoAccount, numbers: dict[str, int]) -> str:
    """What the row of a profile says of its account, whose day has these numbers."""
    return (
        f"👁 {count(numbers['views'])} · 📞 {count(numbers['contacts'])} · "
        f"💰 {money(numbers['spending'])} · 👛 {money(round(account.real * 100))}"
    )
