"""What each listing did: in the report, and on a screen of its own in the report's place."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot import jobs
from sandbox.avito.accounts import make_listings
from sandbox.avito.world import AvitoAccount, Listing
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen, as_read
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.listings import expected_totals
from tests.support.looking import NOT_HERE, craft, reporting_at, tap
from tests.support.places import greet
from tests.support.report import ask_report, count, money
from tests.support.rows import add_destination, connected, execute, scalar
from utils.periods import Period, one_day
from utils.plurals import plural

pytestmark = pytest.mark.one_database

YESTERDAY = one_day(date(2026, 11, 20))
MINUTE = timedelta(seconds=62)
SCREEN = "📋 По объявлениям\n"
_ROW = re.compile(r"(?m)^\d+\. (?P<title>.+?)(?: — .+)?\n   (?P<numbers>.+)$")


async def ask_listings(chat: ChatView, report: Seen) -> Seen:
    chat.click("📋 По объявлениям", report)
    return await chat.wait_for(SCREEN)


async def reported(rig: BotRig, label: str = "shop") -> tuple[ChatView, int, Seen]:
    """A connected profile and its report, a minute after Avito was asked for it."""
    chat, profile_id = await rig.connect(rig.alice, label)
    report = await ask_report(chat, profile_id)
    await rig.quiet()
    rig.clock.advance(MINUTE)
    return chat, profile_id, report


def rows(seen: Seen) -> list[tuple[str, str]]:
    """Title and numbers of each listing on the screen."""
    return [(found["title"], found["numbers"]) for found in _ROW.finditer(seen.text)]


def expected_rows(account: AvitoAccount, period: Period) -> list[tuple[str, str]]:
    """Of all listings, those with most contacts first, and of two the cheaper one.

    Of those without, the dearest first.
    """
    titles = {listing.id: listing.title for listing in account.listings}
    did = {
        item: (total.contacts or 0, total.views or 0, total.spending or 0)
        for item, total in expected_totals(account, period).items()
    }

    def place(item: int) -> tuple[int, int, int, int]:
        contacts, views, spending = did[item]
        return -contacts, spending if contacts else -spending, -views, item

    ordered = sorted(did, key=place)
    return [(titles[item], numbers_of(*did[item])) for item in ordered]


def numbers_of(contacts: int, views: int, spending: int) -> str:
    words = f"📞 {count(contacts)} · 👁 {count(views)} · 💰 {money(spending)}"
    return f"{words} · 💵 {money(Decimal(spending) / contacts)}" if contacts else words


async def test_before_they_are_read_a_report_says_when_they_will_be(rig: BotRig) -> None:
    _, _, report = await reported(rig)

    assert "объявления бот узнаёт ночью; сейчас их покажет «По объявлениям».\n" in report.text

    assert "🏆" not in report.text
    assert "💸" not in report.text


async def test_they_are_read_at_a_press_and_shown_under_the_picture(rig: BotRig) -> None:
    chat, _, report = await reported(rig)

    seen = await ask_listings(chat, report)

    await rig.settled()
    assert seen.id == report.id
    assert report.photo
    account = rig.avito.account("shop")
    assert rows(seen) == expected_rows(account, YESTERDAY)[:6]
    day = account.day_numbers(YESTERDAY.last)
    total = numbers_of(day["contacts"], day["views"], day["spending"])
    assert f"Всего 30 объявлений\n{total} · ⭐ {day['favorites']}\n" in seen.text
    assert "…и ещё 24\n" in seen.text
    [call] = [c for c in rig.avito.calls("stats_v2") if c.request["grouping"] == "item"]
    assert (call.request["dateFrom"], call.request["dateTo"]) == ("2026-11-20", "2026-11-20")


async def test_whoever_waits_for_them_holds_up_nobody_else(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WIDTH", 1)
    await rig.restart()
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    chat.click("📋 По объявлениям", report)
    await chat.wait_for("Прочитаю через")
    bobs = await connected(rig, rig.bob, "second")
    other = rig.bob.private(rig.me)
    await open_card(other, bobs)

    await ask_report(other, bobs)

    rig.clock.advance(MINUTE)
    await chat.wait_for(SCREEN)


async def test_pages_and_orders_cost_avito_nothing(rig: BotRig) -> None:
    chat, _, report = await reported(rig)
    first_page = seen = await ask_listings(chat, report)
    asked = len(rig.avito.history)
    rig.clock.advance(timedelta(days=1))

    shown = rows(seen)
    for first in ("7–12", "13–18", "19–24", "25–30"):
        chat.click("Дальше ›", seen)
        seen = await chat.wait_for(f"{first}, сначала те, что принесли")
        shown += rows(seen)
    assert shown == expected_rows(rig.avito.account("shop"), YESTERDAY)

    chat.click("💰 Расходы", seen)
    seen = await chat.wait_for("1–6, сначала те, на которые ушло")
    did = expected_totals(rig.avito.account("shop"), YESTERDAY).values()
    dearest = sorted((one.spending or 0 for one in did), reverse=True)
    assert [numbers.split(" · ")[2] for _, numbers in rows(seen)] == [
        f"💰 {money(spent)}" for spent in dearest[:6]
    ]
    assert len(rig.avito.history) == asked
    assert seen.id == first_page.id


async def test_the_way_back_leads_to_the_report_and_read_anew_it_names_them(rig: BotRig) -> None:
    chat, _, report = await reported(rig)
    said, seen = report.text, await ask_listings(chat, report)

    chat.click("« Отчёт за 20.11.2026", seen)
    assert (await chat.wait_for("Отчёт Avito")).text == said
    chat.click("🔄 Обновить", seen)

    await chat.wait_for("🏆")
    assert "узнаёт ночью" not in seen.text
    assert section(seen.text, "🏆") == best(rig.avito.account("shop"), YESTERDAY)
    assert section(seen.text, "💸") == idle(rig.avito.account("shop"), YESTERDAY)
    calls = rig.avito.calls("stats_v2")
    assert [call.request["grouping"] for call in calls] == ["day", "item"]


async def test_a_warm_report_names_them_without_asking_avito(rig: BotRig) -> None:
    chat, profile_id, report = await reported(rig)
    await ask_listings(chat, report)
    await rig.quiet()
    asked = len(rig.avito.calls("stats_v2"))

    again = await ask_report(chat, profile_id)

    assert section(again.text, "🏆") == best(rig.avito.account("shop"), YESTERDAY)
    assert len(rig.avito.calls("stats_v2")) == asked


async def test_avitos_minute_is_waited_for_and_can_be_stopped(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)

    chat.click("📋 По объявлениям", report)
    waiting = await chat.wait_for("Прочитаю через")
    assert waiting.id == report.id
    chat.click("⏹ Остановить", waiting)

    stopped = await chat.wait_for(lambda seen: seen.id == report.id and "⏳" not in seen.text)
    assert stopped.button_data
    await rig.quiet()
    assert "item" not in [call.request["grouping"] for call in rig.avito.calls("stats_v2")]


async def test_where_a_report_leaves_no_room_a_notice_says_what_goes_on(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, name="М" * 200)
    report = await ask_report(chat, profile_id)
    as_it_was = (report.text, report.button_data)

    notice = await tap(chat, "📋 По объявлениям", report)

    assert notice.text.startswith("⏳ Читаю объявления «МММ")
    assert len(notice.text) <= 200
    await chat.wait_for(lambda seen: seen.button_texts == [["⏹ Остановить"]])
    assert report.text == as_it_was[0]
    chat.click("⏹ Остановить", report)
    await chat.wait_for(lambda seen: (seen.text, seen.button_data) == as_it_was)


async def test_without_the_right_to_statistics_they_are_shown_without_money(rig: BotRig) -> None:
    chat, _, report = await reported(rig, "v2_forbidden")

    seen = await ask_listings(chat, report)

    did = expected_totals(rig.avito.account("v2_forbidden"), YESTERDAY, money=False)
    most = sorted(((one.contacts or 0, one.views or 0) for one in did.values()), reverse=True)
    told = [numbers for _, numbers in rows(seen)]
    assert sorted(told) == sorted(f"📞 {count(c)} · 👁 {count(v)}" for c, v in most[: len(told)])
    assert "Avito не отдал расходы по объявлениям" in seen.text
    chat.click("« Отчёт за 20.11.2026", seen)
    again = await chat.wait_for("Отчёт Avito")
    assert "💸" not in again.text


@pytest.mark.parametrize(
    ("status", "words"), [(503, "Avito сейчас не отвечает"), (400, "Avito не понял запрос")]
)
async def test_why_they_cannot_be_read_is_said_in_words(
    rig: BotRig, status: int, words: str
) -> None:
    chat, profile_id, report = await reported(rig)
    rig.avito.fault("status", "stats_v2", status=status)

    chat.click("📋 По объявлениям", report)

    failed = await chat.wait_for(words)
    assert re.search(r"Код: [0-9A-F]{6}", failed.text)
    assert failed.button_data
    rig.avito.clear_faults()
    rig.clock.advance(MINUTE)
    again = await ask_report(chat, profile_id)
    assert "Просмотры" in again.text


@pytest.mark.parametrize(
    ("listings", "words"),
    [(0, "не рассказал ни об одном"), (1, "Всего 1 объявление"), (5, "1–5, сначала")],
)
async def test_a_shop_of_any_size_has_its_screen(rig: BotRig, listings: int, words: str) -> None:
    rig.avito.account("shop").listings = make_listings(7_100_000_001, listings)
    chat, _, report = await reported(rig)

    seen = await ask_listings(chat, report)

    assert words in seen.text
    assert len(rows(seen)) == listings
    assert seen.button_data[-1].startswith("report_show:")


async def test_a_deleted_listing_is_called_by_its_number(rig: BotRig) -> None:
    account = rig.avito.account("shop")
    gone = Listing(7_632_548_910, "Никто не узнает", 1, "deleted", active_until=YESTERDAY.last)
    account.listings = [*make_listings(7_100_000_001, 1), gone]
    chat, _, report = await reported(rig)
    rig.clock.scale = 50

    seen = await ask_listings(chat, report)

    assert "Объявление 7632548910 (снято)\n" in seen.text


async def test_titles_of_strangers_are_harmless(rig: BotRig) -> None:
    titles = ("😀" * 200, "*_[x](tg://user?id=1)`~|\\", "\u202eлотС", "ст\u200bол", "\u200b")
    rig.avito.account("shop").listings = [
        Listing(7_100_000_001 + place, title, None) for place, title in enumerate(titles)
    ]
    chat, _, report = await reported(rig)

    seen = await ask_listings(chat, report)

    assert {title for title, _ in rows(seen)} == {
        "😀" * 19 + "…",
        titles[1],
        "лотС",
        "стол",
        "Объявление 7100000005",
    }
    chat.click("« Отчёт за 20.11.2026", seen)
    await chat.wait_for("Отчёт Avito")
    chat.click("🔄 Обновить", seen)
    await chat.wait_for("🏆")


async def test_days_that_avito_has_forgotten_get_a_sentence(rig: BotRig) -> None:
    chat, profile_id, report = await reported(rig)

    chat.press(f"report_items:{profile_id}:2026-02-24:2026-03-02", report)

    seen = await chat.wait_for("Avito помнит их числа только с 25.02.2026")
    assert [data.split(":")[0] for data in seen.button_data] == ["report_show"]


async def test_days_to_come_have_no_listings(rig: BotRig) -> None:
    chat, profile_id, report = await reported(rig)

    press = chat.press(f"report_items:{profile_id}:2026-11-20:2026-11-22", report)

    notice = await chat.wait_for_notice(press)
    assert notice.text.startswith("Этих дней ещё не было: сегодня")
    await rig.settled()
    assert "Читаю объявления" not in chat.transcript()


async def test_a_page_whose_numbers_are_gone_is_read_anew(rig: BotRig) -> None:
    chat, profile_id, report = await reported(rig)

    chat.press(f"items_page:{profile_id}:2026-11-20:2026-11-20:views:7", report)

    seen = await chat.wait_for(SCREEN)
    assert rows(seen) == expected_rows(rig.avito.account("shop"), YESTERDAY)[:6]


async def test_in_a_group_its_owner_reads_them_in_place_of_his_report(rig: BotRig) -> None:
    _, profile_id, _ = await reported(rig)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id)
    own, others = rig.alice.at(group), rig.bob.at(group)
    own.send("/help@avito_test_bot")
    own.press(f"report_now:{profile_id}", await own.wait_for("в личном чате"))
    report = await own.wait_for("Отчёт Avito")
    await execute(rig, "DELETE FROM report_tasks")

    press = others.press(f"report_items:{profile_id}:2026-11-20:2026-11-20", report)
    assert (await others.wait_for_notice(press)).text == NOT_HERE
    seen = await ask_listings(own, report)

    assert seen.id == report.id
    assert rows(seen) == expected_rows(rig.avito.account("shop"), YESTERDAY)[:6]


DAY = "2026-11-20:2026-11-20"


async def asked_in_a_group(rig: BotRig) -> tuple[ChatView, int, Seen]:
    """Bob waits for the listings of Alice's profile where it reports; Avito takes its time."""
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await greet(rig, rig.alice)
    profile_id, report = await reporting_at(rig, group)
    rig.clock.advance(MINUTE)
    rig.avito.fault("hold", "stats_v2")
    group.press(f"report_items:{profile_id}:{DAY}", report)
    return group, profile_id, await group.wait_for("Читаю объявления")


async def test_a_group_reads_no_more_of_them_than_its_reports_tell(rig: BotRig) -> None:
    group, profile_id, _ = await asked_in_a_group(rig)
    await execute(rig, """UPDATE report_tasks SET report_metrics = '["views", "contacts"]'""")
    rig.avito.clear_faults()

    seen = await group.wait_for(SCREEN)
    for forbidden in ("spending", "cost"):
        group.press(f"items_page:{profile_id}:{DAY}:{forbidden}:1", seen)
        seen = await group.wait_for("7–12, сначала те, что принесли")
        assert not set("💰💵⭐") & set(seen.text)
        assert "spending" not in str(seen.button_data)
        assert [numbers for _, numbers in rows(seen)] == [
            numbers.partition(" · 💰")[0]
            for _, numbers in expected_rows(rig.avito.account("shop"), YESTERDAY)[6:12]
        ]
        group.press(f"report_items:{profile_id}:{DAY}", seen)
        seen = await group.wait_for("1–6, сначала те, что принесли")
        assert "💰" not in seen.text


async def test_unbound_while_avito_was_asked_they_are_shown_to_nobody(rig: BotRig) -> None:
    group, _, placeholder = await asked_in_a_group(rig)

    await execute(rig, "DELETE FROM report_tasks")
    rig.avito.clear_faults()

    ended = await group.wait_for("Этот профиль больше не присылает сюда отчёты.")
    await rig.settled()
    assert (ended.id, "Отчёт Avito" in ended.text) == (placeholder.id, True)
    assert SCREEN not in group.transcript()
    assert "⚠️" not in rig.operator.private(rig.me).transcript()


async def test_deleted_while_avito_was_asked_the_report_comes_back_with_a_word(
    rig: BotRig,
) -> None:
    group, profile_id, placeholder = await asked_in_a_group(rig)
    own = rig.alice.private(rig.me)

    own.press(f"profile_delete_confirm:{profile_id}", own.last)

    ended = await group.wait_for("Этот профиль удалён.")
    await own.wait_for("✅ Профиль «Мебель» удалён")
    rig.avito.clear_faults()
    await rig.settled()
    assert (ended.id, "Отчёт Avito" in ended.text) == (placeholder.id, True)
    assert "Читаю" not in group.transcript()
    assert "⚠️" not in rig.operator.private(rig.me).transcript()


async def test_asked_twice_they_are_read_once(rig: BotRig) -> None:
    group, profile_id, placeholder = await asked_in_a_group(rig)
    own = rig.alice.private(rig.me)

    press = group.press(f"report_items:{profile_id}:{DAY}", placeholder)
    owns = own.press(f"report_items:{profile_id}:{DAY}", own.last)

    assert (await group.wait_for_notice(press)).text == "Уже выполняю, подождите немного."
    await own.wait_for_notice(owns)
    rig.avito.clear_faults()
    for chat in (group, own):
        await chat.wait_for(SCREEN)
    asked = [call.request["grouping"] for call in rig.avito.calls("stats_v2")]
    assert asked.count("item") == 1
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


async def test_readers_of_a_place_wait_for_one_reading_and_the_owner_for_his_own(
    rig: BotRig,
) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    own = rig.alice.at(group.chat)
    profile_id, report = await reporting_at(rig, group)
    group.press(f"report_items:{profile_id}:{DAY}", report)
    await group.wait_for("Прочитаю через")

    refused = await craft(group, f"report_items:{profile_id}:2026-11-19:2026-11-20", report)
    await craft(own, f"report_items:{profile_id}:{DAY}", report)

    assert refused.text == "Уже выполняю, подождите немного."
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 2
    rig.clock.advance(MINUTE)
    await group.wait_for(SCREEN)


async def test_numbers_of_listings_go_with_the_profile(rig: BotRig) -> None:
    chat, profile_id, report = await reported(rig)
    await ask_listings(chat, report)
    await rig.quiet()

    chat.press(f"profile_delete_confirm:{profile_id}", report)
    await chat.wait_for("удалён")

    for table in ("listings", "listing_reads", "listing_numbers", "kept_reports"):
        assert await scalar(rig, f"SELECT count(*) FROM {table}") == 0  # noqa: S608


def section(text: str, mark: str) -> list[str]:
    """The lines of this section of a report, without its heading."""
    lines = text.partition(mark)[2].partition("\n\n")[0].splitlines()
    return lines[1:]


def best(account: AvitoAccount, period: Period) -> list[str]:
    found = []
    for title, numbers in expected_rows(account, period)[:2]:
        contacts, cost = (re.search(rf"{mark} ([^·]+)", numbers) for mark in "📞💵")
        assert contacts
        assert cost
        words = as_read(plural(int(contacts[1]), "контакт", "контакта", "контактов"))
        by = "за" if int(contacts[1]) == 1 else "по"
        found.append(f"• {title} — {words} {by} {cost[1]}")
    return found


def idle(account: AvitoAccount, period: Period) -> list[str]:
    titles = {listing.id: listing.title for listing in account.listings}
    days = [account.listing_numbers(day) for day in period]
    lost = {
        item: sum(day[item]["spending"] for day in days)
        for item in days[0]
        if not any(day[item]["contacts"] or day[item]["orderedItems"] for day in days)
    }
    dearest = sorted(lost, key=lambda item: -lost[item])
    lines = [f"• {titles[item]} — {money(lost[item])}" for item in dearest[:2]]
    total = money(sum(lost.values()))
    return [*lines, f"…и ещё {len(lost) - 2}; на все {len(lost)} ушло {total}"]
