"""The numbers of any days against Avito's own, added up in the plainest way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.effects import Screen
from bot.markdown import to_plain
from bot.screens.looks import look as screen_of
from core import looks
from core.avito.auth import ProfileAccess
from core.database.models import AvitoProfile, ReportTask
from core.database.session import reading
from core.looks import Look, compared
from core.services.profiles import Viewed
from sandbox.telegram.seen import as_read
from tests.support.avito import AvitoRig, clock, rig
from tests.support.looks import added_up, all_days, before, cells, compared_in, expected, table_in
from tests.support.report import figures_in, money
from utils.calendars import Grain
from utils.periods import Period

__all__ = ["clock", "rig"]

TODAY = date(2026, 11, 21)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


async def seen(
    rig: AvitoRig, access: ProfileAccess, look: Look, metrics: str | None = None
) -> Screen | None:
    """What somebody sees of `look`, from the store as it is; None where Avito had to be asked."""
    async with reading(rig.sessions) as session:
        profile = await session.get_one(AvitoProfile, access.profile_id)
        task = ReportTask(report_metrics=metrics) if metrics else None
        viewed = Viewed(profile, task, is_owner=True, is_for_all=False)
        facts = await looks.from_warm_store(session, viewed, look, rig.clock.now())
    if facts is None:
        return None
    return screen_of(facts, rig.clock.now(), for_owner=True, is_bound=False)


async def shown(
    rig: AvitoRig, access: ProfileAccess, look: Look, metrics: str | None = None
) -> str:
    """What somebody reads of it; "" where Avito had to be asked."""
    screen = await seen(rig, access, look, metrics)
    return "" if screen is None else to_plain(screen.text)


async def read(rig: AvitoRig, label: str = "shop") -> ProfileAccess:
    """A profile whose 270 days have just been read."""
    access = await rig.connect(label)
    await rig.sync.first_read(access)
    return access


PERIODS = [
    days("2027-01-19", "2027-01-19"),
    days("2026-11-28", "2026-12-04"),
    days("2026-12-26", "2027-01-04"),
    days("2026-12-01", "2026-12-31"),
    # Over the end of summer time in the zones that have one; Moscow has none.
    days("2026-10-20", "2026-10-31"),
    days("2026-09-15", "2027-01-19"),
]


@pytest.fixture
async def winter(rig: AvitoRig) -> ProfileAccess:
    """A profile on 20.01.2027: its 270 days go over the turn of the year."""
    rig.clock.advance(timedelta(days=60))
    return await read(rig)


async def test_a_report_adds_up_its_days_and_compares_them_with_as_many_before(
    rig: AvitoRig, winter: ProfileAccess
) -> None:
    for period in PERIODS:
        chosen = all_days(period.first, period.last)

        said = figures_in(await shown(rig, winter, Look(period)))

        wanted = expected(rig.account("shop"), chosen, before(chosen))
        assert {label: said[label] for label in wanted} == wanted


@pytest.mark.one_database
async def test_a_comparison_has_both_sums_and_what_lies_between(
    rig: AvitoRig, winter: ProfileAccess
) -> None:
    for period in PERIODS:
        chosen = all_days(period.first, period.last)
        other = before(chosen)

        text = await shown(rig, winter, compared(period, Period(other[0], other[-1])))

        now = expected(rig.account("shop"), chosen, other)
        was = expected(rig.account("shop"), other, None)
        assert compared_in(text) == {
            label: (was[label].value, said.value, said.change) for label, said in now.items()
        }


@pytest.mark.one_database
async def test_whole_months_are_compared_however_long_they_are(
    rig: AvitoRig, winter: ProfileAccess
) -> None:
    december, november = days("2026-12-01", "2026-12-31"), days("2026-11-01", "2026-11-30")

    # Whichever of the two was chosen first, time runs from left to right.
    text = as_read(await shown(rig, winter, compared(november, december)))

    account = rig.account("shop")
    wanted = expected(account, list(december), list(november))["Просмотры"]
    was = str(added_up(account, list(november))["views"])
    said = compared_in(text)["Просмотры"]
    assert said[0].replace(" ", "") == was
    assert said[1:] == (wanted.value, wanted.change)
    assert "Было: 01.11.2026 – 30.11.2026 (30 дней)" in text
    assert "Стало: 01.12.2026 – 31.12.2026 (31 день)" in text


@pytest.mark.one_database
async def test_the_picture_of_a_comparison_shows_the_days_that_it_compares_with(
    rig: AvitoRig,
) -> None:
    access, account = await read(rig), rig.account("shop")
    half, month_before = days("2026-10-01", "2026-10-15"), days("2026-09-01", "2026-09-15")

    screen = await seen(rig, access, compared(half, month_before))

    assert screen is not None
    assert screen.picture is not None
    assert (screen.picture.period, screen.picture.days_before) == (half, month_before)
    assert screen.picture.views is not None
    of_month_before = [account.day_numbers(day)["views"] for day in month_before]
    assert list(screen.picture.views.before) == of_month_before


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("period", "other"),
    [
        # A picture about a day shows two weeks.
        (days("2026-11-20", "2026-11-20"), days("2026-11-13", "2026-11-13")),
        (days("2026-10-01", "2026-10-31"), days("2026-09-01", "2026-09-30")),
    ],
)
async def test_days_that_cannot_lie_behind_those_of_the_picture_are_not_drawn(
    rig: AvitoRig, period: Period, other: Period
) -> None:
    access = await read(rig)

    screen = await seen(rig, access, compared(period, other))

    assert screen is not None
    assert screen.picture is not None
    assert [list(series.before) for series in screen.picture.series] == [[]] * 3


@pytest.mark.one_database
async def test_the_rows_of_days_weeks_and_months_are_sums_of_their_days(
    rig: AvitoRig, winter: ProfileAccess
) -> None:
    account = rig.account("shop")

    by_day = table_in(
        await shown(rig, winter, Look(days("2026-12-30", "2027-01-02"), grain=Grain.DAY))
    )
    assert by_day == {
        "ср 30.12": cells(account, [date(2026, 12, 30)]),
        "чт 31.12": cells(account, [date(2026, 12, 31)]),
        "пт 01.01": cells(account, [date(2027, 1, 1)]),
        "сб 02.01": cells(account, [date(2027, 1, 2)]),
        "Итого": cells(account, all_days(date(2026, 12, 30), date(2027, 1, 2))),
    }

    period = days("2026-12-09", "2027-01-19")
    by_week = table_in(await shown(rig, winter, Look(period, grain=Grain.WEEK)))
    assert by_week == {
        "09–13.12*": cells(account, all_days(date(2026, 12, 9), date(2026, 12, 13))),
        "14–20.12": cells(account, all_days(date(2026, 12, 14), date(2026, 12, 20))),
        "21–27.12": cells(account, all_days(date(2026, 12, 21), date(2026, 12, 27))),
        "28.12–03.01": cells(account, all_days(date(2026, 12, 28), date(2027, 1, 3))),
        "04–10.01": cells(account, all_days(date(2027, 1, 4), date(2027, 1, 10))),
        "11–17.01": cells(account, all_days(date(2027, 1, 11), date(2027, 1, 17))),
        "18–19.01*": cells(account, all_days(date(2027, 1, 18), date(2027, 1, 19))),
        "Итого": cells(account, list(period)),
    }

    period = days("2026-10-05", "2027-01-19")
    by_month = table_in(await shown(rig, winter, Look(period, grain=Grain.MONTH)))
    assert by_month == {
        "10.2026*": cells(account, all_days(date(2026, 10, 5), date(2026, 10, 31))),
        "11.2026": cells(account, all_days(date(2026, 11, 1), date(2026, 11, 30))),
        "12.2026": cells(account, all_days(date(2026, 12, 1), date(2026, 12, 31))),
        "01.2027*": cells(account, all_days(date(2027, 1, 1), date(2027, 1, 19))),
        "Итого": cells(account, list(period)),
    }


@pytest.mark.one_database
async def test_today_is_shown_as_unfinished_and_compared_with_nothing(rig: AvitoRig) -> None:
    access = await read(rig)
    today, share = Period(TODAY, TODAY), rig.world.share_of(TODAY)

    report = await shown(rig, access, Look(today))
    assert "21.11.2026, сегодня ещё не закончилось" in report
    views = rig.account("shop").day_numbers(TODAY, share)["views"]
    assert (figures_in(report)["Просмотры"].value, figures_in(report)["Просмотры"].change) == (
        str(views),
        "",
    )

    text = await shown(rig, access, compared(today, today.previous()))
    assert {change for _, _, change in compared_in(text).values()} == {""}
    assert "сравнивать рано" in text

    table = await shown(rig, access, Look(days("2026-11-19", "2026-11-21"), grain=Grain.DAY))
    assert table_in(table)["сб 21.11*"][0] == str(views)
    assert "* не целиком: сегодня ещё не закончилось." in table


async def test_days_that_avito_has_forgotten_stay_in_our_own_history(rig: AvitoRig) -> None:
    access = await read(rig)
    rig.clock.advance(timedelta(days=200))
    await rig.sync.refresh(access)
    # 270 days back from 09.06.2027 is 13.09.2026.
    chosen = all_days(date(2026, 7, 1), date(2026, 9, 30))

    report = await shown(rig, access, Look(Period(chosen[0], chosen[-1])))

    wanted = expected(rig.account("shop"), chosen, before(chosen))
    said = figures_in(report)
    assert {label: said[label] for label in wanted} == wanted
    assert "⚠️" not in report
    year_ago = await shown(
        rig, access, compared(days("2027-06-01", "2027-06-08"), days("2026-06-01", "2026-06-08"))
    )
    was = added_up(rig.account("shop"), all_days(date(2026, 6, 1), date(2026, 6, 8)))
    assert compared_in(year_ago)["Расходы"][0] == money(was["spending"])


async def test_a_period_that_is_partly_unknown_names_the_missing_days(rig: AvitoRig) -> None:
    access = await read(rig)
    # So long away that Avito has forgotten the days after the last read.
    rig.clock.advance(timedelta(days=300))
    await rig.sync.refresh(access)
    period = days("2026-11-19", "2026-12-24")

    report = await shown(rig, access, Look(period))

    assert "⚠️ Нет данных за 22.11.2026 – 21.12.2026." in report
    assert "⚠️ Прочитано не до конца: 21.11.2026." in report
    said = figures_in(report)["Просмотры"]
    known = added_up(rig.account("shop"), all_days(date(2026, 12, 22), date(2026, 12, 24)))
    known += added_up(rig.account("shop"), all_days(date(2026, 11, 19), date(2026, 11, 20)))
    known["views"] += rig.account("shop").day_numbers(TODAY, 15 / 24)["views"]
    assert said.value == f"{known['views']:,}".replace(",", " ") + (" (не за все дни)")
    assert said.change == ""

    table = await shown(rig, access, Look(days("2026-11-20", "2026-11-23"), grain=Grain.DAY))
    rows = table_in(table)
    assert rows["пт 20.11"] == cells(rig.account("shop"), [date(2026, 11, 20)])
    assert rows["вс 22.11"] == rows["пн 23.11"] == ["нет", "данных"]
    assert "сб 21.11*" in rows
    assert "Итого*" in rows
    assert "день прочитан не до конца" in table

    text = await shown(
        rig, access, compared(days("2026-12-22", "2026-12-25"), days("2026-11-20", "2026-11-23"))
    )
    assert {change for _, _, change in compared_in(text).values()} == {""}
    assert "⚠️ Нет данных за 22.11.2026 – 23.11.2026." in text
    assert "⚠️ Прочитано не до конца: 21.11.2026." in text


@pytest.mark.one_database
async def test_withheld_money_is_no_data_in_every_view(rig: AvitoRig) -> None:
    access = await read(rig, "no_money")
    week = days("2026-11-14", "2026-11-20")

    text = await shown(rig, access, compared(week, week.previous()))
    assert compared_in(text)["Расходы"] == ("нет данных", "нет данных", "")

    table = await shown(rig, access, Look(week, grain=Grain.DAY))
    assert "Расходы: нет данных." in table
    assert table_in(table)["Итого"] == cells(rig.account("no_money"), list(week))[:2]


@pytest.mark.one_database
async def test_nothing_to_divide_by_is_a_dash_on_both_sides(rig: AvitoRig) -> None:
    access = await read(rig, "empty")
    week = days("2026-11-14", "2026-11-20")

    said = compared_in(await shown(rig, access, compared(week, week.previous())))

    assert said["Цена контакта (CPL)"] == ("—", "—", "")
    assert said["Просмотры"] == ("0", "0", "как было")


@pytest.mark.one_database
async def test_a_place_shows_only_the_metrics_that_are_ticked_for_it(rig: AvitoRig) -> None:
    access = await read(rig)
    week = days("2026-11-14", "2026-11-20")
    ticked = '["views", "contacts", "wallet_balance"]'

    report = await shown(rig, access, Look(week), ticked)
    assert tuple(figures_in(report)) == ("Просмотры", "Контакты", "Кошелёк")
    text = await shown(rig, access, compared(week, week.previous()), ticked)
    assert set(compared_in(text)) == {"Просмотры", "Контакты"}
    table = await shown(rig, access, Look(week, grain=Grain.DAY), ticked)
    assert "расход" not in table
    assert len(table_in(table)["Итого"]) == 2

    no_days = '["wallet_balance", "cr"]'
    table = await shown(rig, access, Look(week, grain=Grain.DAY), no_days)
    assert "показатели не считаются по дням" in table
    only_wallet = await shown(rig, access, compared(week, week.previous()), '["wallet_balance"]')
    assert "показатели по дням не считаются" in only_wallet


@pytest.mark.one_database
async def test_a_store_that_is_not_fresh_answers_nothing(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    week = Look(days("2026-11-14", "2026-11-20"))
    assert await shown(rig, access, week) == ""
    await rig.sync.first_read(access)
    assert "Отчёт Avito" in await shown(rig, access, week)

    rig.clock.advance(timedelta(hours=3, minutes=5))
    assert await shown(rig, access, week) == ""
    # What Avito corrects no more is as good as it was.
    assert "Отчёт Avito" in await shown(rig, access, Look(days("2026-09-01", "2026-09-30")))
    assert len(rig.calls("stats_v2")) == 1


def test_a_look_goes_into_a_job_and_comes_back() -> None:
    week = days("2026-11-14", "2026-11-20")
    for look in (Look(week), compared(week, week.previous()), Look(week, grain=Grain.WEEK)):
        assert Look.from_json(look.as_json()) == look
    # A job of the version before knew only reports.
    assert Look.from_json({"first": "2026-11-14", "last": "2026-11-20"}) == Look(week)
