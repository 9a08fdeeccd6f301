"""The card of a place: what is said of its sound where it shares a message with others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.markdown import to_plain
from bot.screens.destination import one
from core.database.models import AvitoProfile, ReportTask
from core.services.destinations import Destination, LostAnswer
from sandbox.telegram.seen import as_read

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 22, 6, tzinfo=UTC)
OFF, ON = "Звук: выключен", "Звук: включён"


def place(
    name: str,
    *,
    is_silent: bool,
    is_digest: bool = True,
    is_paused: bool = False,
    on_lost_answer: LostAnswer = LostAnswer.RESEND,
) -> Destination:
    task = ReportTask(
        chat_id=-100500,
        chat_title="Клиенты",
        chat_type="supergroup",
        is_active=not is_paused,
        next_due_at=None if is_paused else TOMORROW,
        is_digest=is_digest,
        is_silent=is_silent,
        on_lost_answer=on_lost_answer,
    )
    task.id, task.thread_id = len(name), 0
    profile = AvitoProfile(id=len(name), profile_name=name, created_at=NOW, is_report_active=True)
    return Destination(task, profile)


def sound(own: Destination, *others: Destination) -> str:
    card = as_read(to_plain(one(replace(own, others=others), NOW).text))
    [line] = [line for line in card.splitlines() if line.startswith("Звук")]
    return line


QUIET = place("Мебель", is_silent=True)
LOUD = place("Кофейня", is_silent=False)


def test_a_quiet_place_says_by_whose_sound_its_message_rings() -> None:
    quiet = place("Шторы", is_silent=True)
    said = "Звук: выключен, но сводка придёт со звуком: он включён у «Кофейня»"

    assert sound(QUIET, quiet, LOUD) == said
    assert sound(LOUD, QUIET) == ON


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (QUIET, place("Шторы", is_silent=True)),
        (QUIET, place("Шторы", is_silent=False, is_paused=True)),
        (place("Мебель", is_silent=True, is_digest=False), LOUD),
        # Who wants to be asked about a lost answer carries the others, however loud they are.
        (place("Мебель", is_silent=True, on_lost_answer=LostAnswer.HOLD), LOUD),
    ],
)
def test_where_nobody_rings_no_sound_is_spoken_of(own: Destination, other: Destination) -> None:
    assert sound(own, other) == OFF
