"""The report as a workbook: sent to the person, readable, equal to Avito's own numbers."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from sandbox.telegram import server
from sandbox.telegram.errors import bad_request
from sandbox.telegram.seen import Seen, as_read
from tests.support.bot import BotRig
from tests.support.listings import expected_totals
from tests.support.report import ask_report
from tests.support.rows import add_destination, scalar
from utils.periods import Period

pytestmark = pytest.mark.one_database
YESTERDAY = date(2026, 11, 20)
MINUTE = timedelta(seconds=65)


def opened(rig: BotRig, seen: Seen) -> Workbook:
    assert seen.document is not None
    stored = rig.telegram.files.by_id(seen.document["file_id"])
    assert stored is not None
    return load_workbook(BytesIO(stored.data))


def rows(book: Workbook, sheet: str) -> list[list[Any]]:
    return [list(row) for row in book[sheet].iter_rows(values_only=True)]


async def test_a_month_of_days_as_avito_tells_them(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "=Мебель & Co")
    report = await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)

    chat.press(f"report_excel:{profile_id}:2026-10-22:2026-11-20", report)

    file = await chat.wait_for("Отчёт Avito в Excel")
    assert file.document is not None
    assert file.document["file_name"] == "Мебель_Co_2026-10-22_2026-11-20.xlsx"
    book = opened(rig, file)
    assert book["Сводка"]["A1"].value == "=Мебель & Co"
    assert book["Сводка"]["A1"].data_type == "s", "a name is no formula"
    head, *days, total = rows(book, "По дням")
    account = rig.avito.account("shop")
    views, spending = head.index("Просмотры"), head.index("Расходы")
    said = {row[0].date(): (row[views], row[spending]) for row in days}
    numbers = {day: account.day_numbers(day) for day in said}
    assert said == {day: (one["views"], one["spending"] / 100) for day, one in numbers.items()}
    assert len(said) == 30
    assert total[views] == sum(row[views] for row in days)
    assert len(book.worksheets[-1]._charts) == 3  # type: ignore[attr-defined]
    await rig.settled()
    assert list(rig.settings.data_dir.joinpath("outgoing").iterdir()) == [], "it was sent"


async def test_where_there_is_nothing_whole_to_compare_with_no_scrap_of_it_is_told(
    rig: BotRig,
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)

    # Two of the seven days before are the oldest that Avito tells.
    chat.press(f"report_excel:{profile_id}:2026-02-27:2026-03-05", report)

    book = opened(rig, await chat.wait_for("Отчёт Avito в Excel"))
    assert book["Сводка"]["A3"].value is None
    [listings] = [row for row in rows(book, "Сводка") if row[0] == "Активные объявления"]
    assert listings[2:] == [None] * 3
    assert rows(book, "Графики") == []


async def test_the_button_under_a_report_asks_for_its_days(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)

    chat.click("📗 Excel")

    file = await chat.wait_for("Отчёт Avito в Excel")
    assert file.document is not None
    assert file.document["file_name"] == "Магазин_2026-11-20.xlsx"
    [_, only, _] = rows(opened(rig, file), "По дням")
    assert only[0].date() == YESTERDAY
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


async def test_listings_are_read_for_the_file(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    days = f"report_excel:{profile_id}:2026-11-19:2026-11-20"

    chat.press(days, report)
    await chat.wait_for("Прочитаю через")
    rig.clock.advance(MINUTE)

    file = await chat.wait_for("Отчёт Avito в Excel")
    assert "объявлен" not in file.text
    head, *lines = rows(opened(rig, file), "По объявлениям")
    assert head[:2] == ["Номер", "Объявление"]
    wanted = expected_totals(rig.avito.account("shop"), Period(date(2026, 11, 19), YESTERDAY))
    said = {int(line[0]): line[3:7] for line in lines}
    assert said == {
        item: [one.views, one.contacts, one.favorites, (one.spending or 0) / 100]
        for item, one in wanted.items()
    }
    assert [line[4] for line in lines] == sorted((line[4] for line in lines), reverse=True)
    asked = len(rig.avito.calls("stats_v2"))
    chat.mark()
    chat.press(days, report)
    again = await chat.wait_for("Отчёт Avito в Excel")
    assert rows(opened(rig, again), "По объявлениям") == [head, *lines]
    assert len(rig.avito.calls("stats_v2")) == asked


@pytest.mark.parametrize(
    ("status", "for_owner"),
    [
        (402, "у аккаунта нет подписки Avito"),
        (429, "Avito отдаст их числа не раньше, чем сегодня"),
    ],
)
async def test_where_listings_cannot_be_read_the_file_comes_without_and_says_so(
    rig: BotRig, status: int, for_owner: str
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)
    for endpoint in ("stats_v2", "stats_v1"):
        rig.avito.fault("status", endpoint, status=status, retry_after=3600)

    chat.press(f"report_excel:{profile_id}:2026-11-19:2026-11-20", report)

    file = await chat.wait_for("Отчёт Avito в Excel")
    assert "⚠️ Без листа «По объявлениям»: " in file.text
    assert for_owner in file.text
    book = opened(rig, file)
    assert "По объявлениям" not in book.sheetnames
    [said] = [row[0] for row in rows(book, "Сводка") if "«По объявлениям»" in str(row[0])]
    assert said == "⚠️ Без листа «По объявлениям»: Avito не отдал их числа."


async def test_nobody_waits_for_newer_listings_than_those_of_his_last_file(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)
    today = f"report_excel:{profile_id}:2026-11-21:2026-11-21"
    chat.press(today, report)
    await chat.wait_for("Отчёт Avito в Excel")
    rig.clock.advance(timedelta(minutes=15))
    chat.mark()

    # The report itself takes Avito's minute.
    chat.press(today, report)

    file = await chat.wait_for("Отчёт Avito в Excel")
    said = "Числа объявлений прочитаны 21.11.2026 в 09:01 по Москве, новее пока нет."
    assert said in as_read(file.text)
    assert "По объявлениям" in opened(rig, file).sheetnames


async def test_calls_are_told_where_somebody_wants_them(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)

    chat.click("📗 Excel")

    book = opened(rig, await chat.wait_for("Отчёт Avito в Excel"))
    assert "Звонки" not in {row[0] for row in rows(book, "Сводка")}
    assert "Звонки" not in rows(book, "По дням")[0]


async def test_what_avito_withholds_is_said_in_words(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "no_money")
    await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)
    chat.click("📗 Excel")

    book = opened(rig, await chat.wait_for("Отчёт Avito в Excel"))

    figures = {row[0]: row[1] for row in rows(book, "Сводка")[5:]}
    assert figures["Расходы"] == "нет данных"
    assert "Пустая ячейка на листе «По дням»: Avito этого не сообщил." in figures
    assert "⚠️ Avito скрывает расходы." in figures


async def test_what_has_to_be_known_about_the_numbers_is_in_the_file(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    rig.clock.advance(timedelta(days=1))
    rig.avito.fault("status", "stats_v2", status=503)

    chat.press(f"report_excel:{profile_id}:2026-11-20:2026-11-21", report)

    book = opened(rig, await chat.wait_for("Отчёт Avito в Excel"))
    said = {row[0]: row[1] for row in rows(book, "Сводка")}
    assert said["   и бонусами"] == 320
    for note in (
        "⚠️ День 21.11.2026 прочитан не целиком (до 09:00): сравнивать его рано.",
        "⚠️ Свежие числа прочитать не удалось.",
        "Обновлено 21.11.2026 в 09:00 по Москве",
    ):
        assert note in {str(line).replace("\N{NO-BREAK SPACE}", " ") for line in said}
    operator = rig.operator.private(rig.me)
    await operator.wait_for("⚠️ Avito не отвечает (stats_v2_items)")


async def test_a_workbook_that_failed_is_asked_for_again(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", status=503)
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(MINUTE)
    days = f"report_excel:{profile_id}:2026-11-19:2026-11-20"
    chat.press(days, chat.last)
    failed = await chat.wait_for("Не получилось")
    rig.avito.clear_faults()
    rig.clock.advance(MINUTE)

    chat.click("🔄 Повторить", failed)
    await chat.wait_for("Прочитаю через")
    rig.clock.advance(MINUTE)

    assert failed.button_data[0] == days
    assert (await chat.wait_for("Отчёт Avito в Excel")).document is not None


@pytest.mark.parametrize(
    "days",
    ["2027-01-01:2027-02-01", "1100-01-01:2025-01-01", "2001-01-01:2025-01-01"],
)
async def test_days_that_no_report_can_have_begin_no_work(rig: BotRig, days: str) -> None:
    chat, profile_id = await rig.connect(rig.alice)

    notice = await chat.wait_for_notice(chat.press(f"report_excel:{profile_id}:{days}", chat.last))

    assert any(why in notice.text for why in ("ещё не было", "ничего нет", "устарела"))
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    assert rig.operator.private(rig.me).transcript().count("⚠️") == 0


async def test_from_a_group_it_comes_to_the_owner_in_private(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(MINUTE)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id)
    own = rig.alice.at(group)
    own.send("/help@avito_test_bot")
    shown = await own.wait_for("личном чате")

    press = own.press(f"report_excel:{profile_id}:2026-11-20:2026-11-20", shown)

    assert "в личный чат" in (await own.wait_for_notice(press)).text
    assert (await chat.wait_for("Отчёт Avito в Excel")).document is not None
    assert "Excel" not in rig.bob.at(group).transcript()


async def test_a_strangers_button_gets_no_file(rig: BotRig) -> None:
    _, profile_id = await rig.connect(rig.alice)
    stranger = rig.charlie.private(rig.me)
    stranger.start()
    greeting = await stranger.wait_for("Avito Analytics Bot")

    press = stranger.press(f"report_excel:{profile_id}:2026-11-20:2026-11-20", greeting)

    notice = await stranger.wait_for_notice(press)
    assert "Такого профиля у вас нет" in notice.text


async def test_a_file_that_was_lost_before_it_was_sent_says_so(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)
    fault = rig.telegram.fault("drop_before", method="editMessageMedia")
    chat.click("📗 Excel")
    outgoing = rig.settings.data_dir / "outgoing"
    await rig.telegram.history.signal.until(lambda: list(outgoing.glob("*")))
    await rig.stop()
    for path in outgoing.iterdir():
        path.unlink()
    fault.times = 0

    await rig.start()

    await chat.wait_for("Файл не сохранился")


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (["editMessageMedia"], "Отчёт Avito в Excel"),
        (["editMessageMedia", "sendDocument"], "Telegram не принял файл"),
    ],
)
async def test_a_file_that_telegram_refuses_leaves_no_placeholder_behind(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch, refused: list[str], said: str
) -> None:
    def refuse(_call: object) -> None:
        raise bad_request("MEDIA_INVALID")

    chat, profile_id = await rig.connect(rig.alice)
    await ask_report(chat, profile_id)
    rig.clock.advance(MINUTE)
    for method in refused:
        monkeypatch.setitem(server.METHODS, method, refuse)

    chat.click("📗 Excel")

    told = await chat.wait_for(said)
    assert told.button_data == [f"profile_open:{profile_id}"]
    await rig.settled()
    assert "Собираю отчёт" not in chat.transcript()
