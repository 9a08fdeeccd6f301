"""When a profile cannot be read, the others are right, and clients read no technical word."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from core import combined
from tests.support.bot import BotRig
from tests.support.report import expected_totals, read_figures
from tests.support.rows import execute, scalar
from tests.support.stats import ask_stats, expected_row, read_rows, reporting

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)
TECHNICAL = ("Avito больше не", "ключ", "401", "500", "KeysRefused", "Код", "сбой", "Ошибка")
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 500}),
    ("status", {"status": 401}),
    ("status", {"status": 402}),
    ("status", {"status": 429}),
    ("malformed_json", {}),
    ("wrong_shape", {}),
    ("drop_before", {}),
)


async def three(rig: BotRig) -> Any:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"), ("debtor", "Долги"))
    return group


def check_the_other_two(rig: BotRig, report: Any) -> None:
    accounts = [rig.avito.account(label) for label in ("shop", "debtor")]
    said, expected = read_figures(report), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    rows = read_rows(report)
    for name, account in zip(("Мебель", "Долги"), accounts, strict=True):
        assert rows[name][0] == expected_row(account, account.day_numbers(YESTERDAY))
        assert "⚠️" not in "".join(rows[name])
    assert rows["Кофейня"] == ["⚠️ прочитать не удалось, в сумме этого профиля нет"]
    assert not [word for word in TECHNICAL if word in report.text]


async def test_revoked_keys_of_one_leave_the_others_right(rig: BotRig) -> None:
    group = await three(rig)
    rig.avito.revoke_keys(rig.avito.account("second"))

    check_the_other_two(rig, await ask_stats(group))

    query = "SELECT problem FROM avito_profiles WHERE profile_name = 'Кофейня'"
    assert await scalar(rig, query) == "KeysRefused"


@pytest.mark.parametrize(("kind", "params"), FAULTS, ids=str)
async def test_whatever_avito_does_for_one_leaves_the_others_right(
    rig: BotRig, kind: str, params: dict[str, Any]
) -> None:
    group = await three(rig)
    rig.avito.fault(kind, "stats_v2", account=rig.avito.account("second").user_id, **params)

    check_the_other_two(rig, await ask_stats(group))


async def test_one_that_hangs_is_not_waited_for_for_ever(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combined, "SOON_SEC", 12.0)
    monkeypatch.setattr(combined, "PATIENCE_SEC", 1.0)
    group = await three(rig)
    rig.avito.fault("hang", account=rig.avito.account("second").user_id)

    check_the_other_two(rig, await ask_stats(group))


async def test_what_was_read_before_is_shown_with_its_time(rig: BotRig) -> None:
    group = await three(rig)
    await ask_stats(group)
    await rig.quiet()
    rig.clock.advance(timedelta(hours=4))
    rig.avito.revoke_keys(rig.avito.account("second"))

    report = await ask_stats(group)

    accounts = [rig.avito.account(label) for label in ("shop", "second", "debtor")]
    said, expected = read_figures(report), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert read_rows(report)["Кофейня"][-1] == (
        "⚠️ свежие числа прочитать не удалось, эти прочитаны сегодня в 09:00"
    )
    assert "⚠️" not in "".join(read_rows(report)["Мебель"])
    assert not [word for word in TECHNICAL if word in report.text]


async def test_a_defect_of_ours_is_told_without_a_technical_word(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await three(rig)
    monkeypatch.setattr(combined.Combiner, "read", AsyncMock(side_effect=ZeroDivisionError))

    group.send("/stats")

    said = await group.wait_for("Код: ")
    answer, code = said.text.split("Код: ")
    assert answer.strip() == "Отчёт сейчас не получился. Попробуйте позже."
    await rig.operator.private(rig.me).wait_for(code)


async def test_when_nothing_can_be_read_each_profile_is_named(rig: BotRig) -> None:
    group = await three(rig)
    rig.avito.fault("status", status=500)

    report = await ask_stats(group)

    assert read_figures(report) == {}
    assert list(read_rows(report)) == ["Мебель", "Кофейня", "Долги"]
    rig.avito.clear_faults()
    rig.clock.advance(timedelta(minutes=2))
    assert "Просмотры" in read_figures(await ask_stats(group))


@pytest.mark.parametrize("leaves", ["one", "all"])
async def test_who_lost_his_say_while_it_was_made_is_not_told_of(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    first, last = await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"))
    until = first if leaves == "one" else last
    read = combined.Combiner.read

    async def read_and_leave(
        self: combined.Combiner, *about: Any, **how: Any
    ) -> dict[int, combined.Row]:
        rows = await read(self, *about, **how)
        left = "UPDATE report_tasks SET suspended = 'not_member' WHERE profile_id <= :until"
        await execute(rig, left, until=until)
        return rows

    monkeypatch.setattr(combined.Combiner, "read", read_and_leave)

    if leaves == "one":
        assert list(read_rows(await ask_stats(group))) == ["Кофейня"]
    else:
        group.send("/stats")
        await group.wait_for("Сюда больше не приходит ни один отчёт")
