"""What reaches the operator: what concerns him, at once, and a flood of it in numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import OPERATOR_PAUSE, IncidentDesk
from bot.markdown import to_plain
from core.errors import DeliveryRefused, SubscriptionRequired, Unavailable, UnexpectedAnswer
from sandbox.clock import SandboxClock

OPERATOR = 99


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(datetime(2026, 11, 21, 6, tzinfo=UTC), scale=0)


@pytest.fixture
def desk(clock: SandboxClock) -> IncidentDesk:
    return IncidentDesk(OPERATOR, clock)


def told(desk: IncidentDesk) -> list[list[str]]:
    """With this tick: the messages, each in its lines."""
    shows = desk.overdue()
    assert {show.chat_id for show in shows} <= {OPERATOR}
    return [to_plain(show.screen.text).splitlines() for show in shows]


def test_it_comes_with_the_next_tick(desk: IncidentDesk) -> None:
    desk.escalate(UnexpectedAnswer("balance", status=200))
    [[trouble, code]] = told(desk)
    assert trouble == "⚠️ Avito ответил не так, как обещает (balance)"
    assert code.endswith("подробности в журнале.")
    assert told(desk) == []


def test_a_thousand_at_once_are_two_messages(desk: IncidentDesk, clock: SandboxClock) -> None:
    for number in range(500):
        desk.escalate(Unavailable("balance"), deliveries=[number])
    [first] = told(desk)
    assert first[-1] == "Таких же за последнее время не показано: 499."
    for number in range(500):
        desk.escalate(Unavailable("balance"), deliveries=[number])
    assert told(desk) == []

    clock.advance(OPERATOR_PAUSE)
    [second] = told(desk)
    assert second[-1] == "Таких же за последнее время не показано: 499."
    clock.advance(OPERATOR_PAUSE)
    assert told(desk) == []


def test_each_kind_is_told_by_itself(desk: IncidentDesk) -> None:
    desk.escalate(Unavailable("balance"))
    desk.escalate(DeliveryRefused(17))
    desk.escalate(ZeroDivisionError())
    assert [lines[0] for lines in told(desk)] == [
        "⚠️ Avito не отвечает (balance)",
        "⚠️ Telegram не принял отчёт по расписанию",
        "⚠️ Сбой в боте (ZeroDivisionError)",
    ]


def test_what_is_the_owners_business_is_not_told(desk: IncidentDesk) -> None:
    desk.escalate(SubscriptionRequired("balance", status=402))
    assert told(desk) == []


def test_without_an_operator_it_is_in_the_log_alone(
    clock: SandboxClock, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = IncidentDesk(None, clock)
    desk.escalate(Unavailable("balance"), deliveries=[17])
    assert told(desk) == []
    assert "deliveries=[17]" in capsys.readouterr().out
