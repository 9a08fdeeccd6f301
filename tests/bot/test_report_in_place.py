"""The buttons under a report turn it over where it stands, at once or while Avito is asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen, as_read
from tests.support.bot import BotRig
from tests.support.looking import craft, reporting_at, tap
from tests.support.looks import all_days, before, cells, compared_in, expected, table_in
from tests.support.places import greet
from tests.support.report import ask_report, read_figures
from tests.support.rows import connected, execute, scalar
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

WEEK = all_days(date(2026, 11, 14), date(2026, 11, 20))
STALE = timedelta(hours=4)


async def in_group(rig: BotRig) -> tuple[ChatView, int, Seen]:
    """Bob's view of a group where a profile of Alice's reports, and a report there."""
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.charlie, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob)
    await rig.settled()
    return bob, profile_id, report


def lines_of(report: Seen) -> list[str]:
    """A report without its last line, which tells the time."""
    return report.text.splitlines()[:-1]


@pytest.mark.parametrize("place", ["private", "group", "topic", "channel"])
async def test_it_is_turned_over_from_the_store_where_it_stands(rig: BotRig, place: str) -> None:
    match place:
        case "private":
            view = await greet(rig, rig.alice)
        case "group":
            view = rig.bob.at(rig.telegram.group("Клиенты", rig.alice, rig.bob, rig.me))
        case "topic":
            forum = rig.telegram.supergroup("Форум", rig.alice, rig.bob, rig.me, is_forum=True)
            view = rig.bob.at(forum, rig.telegram.topic(forum, "Отчёты", rig.alice))
        case _:
            view = rig.alice.at(rig.telegram.channel("Новости", rig.alice, rig.me))
    _, report = await reporting_at(rig, view)
    await rig.settled()
    account, sent = rig.avito.account("shop"), len(rig.telegram.sent(view.chat.id))
    asked = len(rig.avito.history)

    await tap(view, "7 дней", report)
    await view.wait_for("14.11.2026 – 20.11.2026")
    said, wanted = read_figures(report), expected(account, WEEK, before(WEEK))
    assert {label: said[label] for label in wanted} == wanted

    await tap(view, "⚖️ Сравнить", report)
    await view.wait_for("Сравнение")
    was = expected(account, before(WEEK), None)
    assert compared_in(report.text) == {
        label: (was[label].value, one.value, one.change) for label, one in wanted.items()
    }

    await tap(view, "📅 По дням", report)
    await view.wait_for("Итого")
    assert table_in(report.message.words)["Итого"] == cells(account, WEEK)

    await tap(view, "« Отчёт за 14.11.2026 – 20.11.2026", report)
    await view.wait_for("Отчёт Avito")
    assert {label: read_figures(report)[label] for label in wanted} == wanted
    await tap(view, "« К отчёту", report)
    await view.wait_for("Отчёт Avito\nМебель\n20.11.2026")
    last = report.button_data[-1]
    assert last.startswith("profile_open") if place == "private" else last == "stats_show"
    assert len(rig.avito.history) == asked
    assert len(rig.telegram.sent(view.chat.id)) == sent
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


async def test_one_day_is_shown_among_the_seven_that_end_with_it(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    _, report = await reporting_at(rig, view)

    await tap(view, "📅 По дням", report)

    await view.wait_for("14.11.2026 – 20.11.2026")
    assert list(table_in(report.message.words)) == [
        *("сб 14.11", "вс 15.11", "пн 16.11", "вт 17.11", "ср 18.11", "чт 19.11", "пт 20.11"),
        "Итого",
    ]
    await tap(view, "По неделям", report)
    await view.wait_for("16–20.11*")


async def test_a_day_is_compared_with_its_weekday_and_with_any_other(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    _, report = await reporting_at(rig, view)
    await tap(view, "⚖️ Сравнить", report)
    await view.wait_for("Было: 19.11.2026")
    assert report.button_texts[:2] == [
        ["✓ Предыдущие дни", "Неделей раньше"],
        ["Месяцем раньше", "🗓 Другие дни"],
    ]

    await tap(view, "Неделей раньше", report)
    await view.wait_for("Было: 13.11.2026")
    assert "✓ Неделей раньше" in report.button_texts[0]
    await tap(view, "🗓 Другие дни", report)
    await view.wait_for("С чем сравнить 20.11.2026: Ноябрь 2026")
    await tap(view, "‹ Октябрь 2026", report)
    await view.wait_for("Октябрь 2026")
    await tap(view, "7", report)

    await view.wait_for("Было: 07.10.2026")
    chosen = expected(rig.avito.account("shop"), [date(2026, 10, 7)], None)
    assert compared_in(report.text)["Расходы"][0] == chosen["Расходы"].value


async def test_refreshing_reads_the_numbers_and_the_wallet_anew(rig: BotRig) -> None:
    bob, _, report = await in_group(rig)
    rig.clock.advance(timedelta(hours=1))
    account = rig.avito.account("shop")
    account.set_day(date(2026, 11, 20), views=4_321)
    account.real = 8_000.0

    await tap(bob, "🔄 Обновить", report)

    await bob.wait_for("4 321")
    said = as_read(report.text)
    assert "Кошелёк: 8 000,00 ₽" in said
    assert said.endswith("Обновлено в 10:00 по Москве")
    asked = len(rig.avito.history)

    # Avito would refuse the second one, so it is not asked, not even for the wallet.
    notice = await tap(rig.charlie.at(bob.chat), "🔄 Обновить", report)
    until = "Обновлено в 10:00 по Москве. Новые числа Avito отдаст с 10:02"
    assert as_read(notice.text) == until
    await bob.wait_for("Avito отдаёт новые числа раз в минуту: следующие — с 10:02.")
    assert len(rig.avito.history) == asked

    rig.clock.advance(timedelta(seconds=65))
    await tap(bob, "🔄 Обновить", report)
    await bob.wait_for("Обновлено в 10:01 по Москве")
    assert "раз в минуту" not in report.text
    assert len(rig.avito.calls("stats_v2")) == 3


async def test_taps_in_a_row_end_with_what_was_tapped_last(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    charlie = rig.charlie.at(bob.chat)
    sent = len(rig.telegram.sent(bob.chat.id))

    presses = [bob.press(f"report_days:{profile_id}:7", report) for _ in range(3)]
    presses.append(charlie.press(f"report_days:{profile_id}:30", report))
    for press in presses:
        await bob.wait_for_notice(press)
    await rig.settled()

    assert {press.notice.text for press in presses if press.notice} == {""}
    assert "22.10.2026 – 20.11.2026" in report.text
    assert len(rig.telegram.sent(bob.chat.id)) == sent


async def test_while_avito_is_asked_the_message_says_so_and_becomes_the_answer(
    rig: BotRig,
) -> None:
    bob, profile_id, report = await in_group(rig)
    charlie = rig.charlie.at(bob.chat)
    rig.clock.advance(STALE)
    rig.avito.fault("hold", "stats_v2")

    first = bob.press(f"report_days:{profile_id}:7", report)
    placeholder = await bob.wait_for("Собираю отчёт «Мебель» за 14.11.2026 – 20.11.2026")
    assert (placeholder.id, placeholder.button_texts) == (report.id, [["⏹ Остановить"]])
    assert placeholder.text.startswith("📊 Отчёт Avito\nМебель\n20.11.2026\n\n👁")
    # Somebody whose screen still shows the old buttons.
    second = charlie.press(f"report_days:{profile_id}:30", report)

    assert (await bob.wait_for_notice(first)).text == ""
    notice = await charlie.wait_for_notice(second)
    assert (notice.text, notice.is_alert) == ("Уже выполняю, подождите немного.", False)
    rig.avito.clear_faults()
    await bob.wait_for("Отчёт Avito\nМебель\n14.11.2026 – 20.11.2026\n")
    assert "Обновлено в 13:00" in report.text
    assert "⏳" not in report.text
    assert len(rig.avito.calls("stats_v2")) == 2


async def test_two_people_at_two_reports_ask_avito_once(rig: BotRig) -> None:
    bob, profile_id, first = await in_group(rig)
    charlie = rig.charlie.at(bob.chat)
    charlie.send("/help@avito_test_bot")
    second = await charlie.wait_for("в личном чате")
    rig.clock.advance(STALE)
    held = rig.avito.fault("hold", "stats_v2", times=1)

    presses = [
        bob.press(f"report_days:{profile_id}:7", first),
        charlie.press(f"report_days:{profile_id}:30", second),
    ]
    await eventually(lambda: all("Собираю отчёт" in each.text for each in (first, second)))
    held.lift()

    await eventually(lambda: "22.10.2026 – 20.11.2026\n\n👁" in second.text)
    await eventually(lambda: "14.11.2026 – 20.11.2026\n\n👁" in first.text)
    assert {press.notice.text for press in presses if press.notice} == {""}
    assert len(rig.avito.calls("stats_v2")) == 2


async def test_in_a_group_everybody_can_stop_it_and_the_report_is_back(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    as_it_was = (report.text, report.entities, report.button_data)
    rig.clock.advance(STALE)
    rig.avito.fault("hang", "stats_v2")
    bob.press(f"report_days:{profile_id}:7", report)
    placeholder = await bob.wait_for("Собираю отчёт")

    await tap(rig.charlie.at(bob.chat), "⏹ Остановить", placeholder)

    await bob.wait_for("Отчёт Avito")
    await rig.settled()
    assert (report.text, report.entities, report.button_data) == as_it_was
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


async def test_what_its_owner_asked_for_in_a_group_only_he_stops(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    rig.clock.advance(STALE)
    rig.avito.fault("hold", "stats_v2")
    own = rig.alice.at(bob.chat)
    own.press(f"report_days:{profile_id}:7", report)
    placeholder = await own.wait_for("Собираю отчёт")

    assert (await tap(bob, "⏹ Остановить", placeholder)).text == "Это уже закончено."

    rig.avito.clear_faults()
    await own.wait_for("Отчёт Avito")


async def test_cancel_brings_the_report_back_too(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    _, report = await reporting_at(rig, view)
    text = report.text
    rig.clock.advance(STALE)
    rig.avito.fault("hang", "stats_v2")
    await tap(view, "7 дней", report)
    await view.wait_for("Собираю отчёт")

    view.send("/cancel")

    await view.wait_for("Остановлено: сбор отчёта")
    await rig.settled()
    assert report.text == text


async def never_read(rig: BotRig, view: ChatView) -> tuple[int, Seen]:
    """A report at this place of which the store holds no number any more."""
    profile_id, report = await reporting_at(rig, view)
    await execute(rig, "DELETE FROM daily_stats")
    await execute(rig, "DELETE FROM account_syncs")
    rig.clock.advance(STALE)
    return profile_id, report


async def test_in_a_group_a_failure_leaves_the_report_and_tells_no_reason(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob, own, private = rig.bob.at(group), await greet(rig, rig.alice), await greet(rig, rig.bob)
    profile_id, report = await never_read(rig, bob)
    before_it, buttons = report.text, report.button_data
    said = len(own.messages), len(private.messages)
    rig.avito.fault("status", "stats_v2", status=500)

    for _ in range(2):
        await craft(bob, f"report_days:{profile_id}:7", report)
        await bob.wait_for("Отчёт сейчас не получился. Попробуйте позже.")
        await rig.settled()
        rig.clock.advance(timedelta(seconds=65))

    assert report.text.startswith(before_it)
    assert report.text.count("Отчёт сейчас не получился") == 1
    assert report.text.count("Код: ") == 1
    assert "Avito не отвечает" not in report.text
    assert report.button_data == buttons
    assert (len(own.messages), len(private.messages)) == said

    rig.avito.clear_faults()
    await tap(bob, "7 дней", report)
    await bob.wait_for("14.11.2026 – 20.11.2026")
    assert "не получился" not in report.text


async def test_in_private_a_failure_leaves_the_report_and_says_what_helps(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    profile_id, report = await never_read(rig, view)
    text = report.text
    rig.avito.fault("status", "stats_v2", status=402)

    await craft(view, f"report_compare:{profile_id}:2026-11-14:2026-11-20", report)

    await view.wait_for("❌ Не получилось")
    assert report.text.startswith(text)
    assert "Подключите её в кабинете Avito" in report.text
    assert "report_days" in report.button_data[0]


async def test_without_any_numbers_it_waits_for_avitos_minute_in_place(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    profile_id, report = await never_read(rig, view)
    rig.avito.fault("status", "stats_v2", times=1, status=500)
    await craft(view, f"report_days:{profile_id}:7", report)
    await view.wait_for("❌ Не получилось")
    await rig.settled()

    await tap(view, "📅 По дням", report)
    await view.wait_for("Прочитаю через")
    rig.clock.advance(timedelta(seconds=65))

    await view.wait_for("Итого")
    assert table_in(report.message.words)["Итого"] == cells(rig.avito.account("shop"), WEEK)


async def test_calls_that_avito_refuses_for_good_are_no_work_at_every_look(rig: BotRig) -> None:
    view = await greet(rig, rig.alice)
    _, report = await reporting_at(rig, view)
    await execute(rig, 'UPDATE avito_profiles SET report_metrics = \'["views", "calls"]\'')
    rig.avito.fault("status", "calls_stats", status=403)
    refused = "Звонки прочитать не удалось: Avito не даёт доступ к этим данным"

    await tap(view, "7 дней", report)
    await view.wait_for(refused)
    await tap(view, "30 дней", report)

    assert refused in (await view.wait_for("22.10.2026 – 20.11.2026")).text
    assert len(rig.avito.calls("calls_stats")) == 1


async def test_calls_of_the_days_to_compare_with_are_asked_for_like_those_of_the_report(
    rig: BotRig,
) -> None:
    view = await greet(rig, rig.alice)
    _, report = await reporting_at(rig, view)
    await execute(rig, 'UPDATE avito_profiles SET report_metrics = \'["views", "calls"]\'')
    await tap(view, "7 дней", report)
    await view.wait_for("Звонки")
    await tap(view, "⚖️ Сравнить", report)
    await view.wait_for("Сравнение")

    await tap(view, "Месяцем раньше", report)

    await view.wait_for("Было: 14.10.2026 – 20.10.2026")
    rows = [rig.avito.account("shop").call_numbers(day - timedelta(days=31)) for day in WEEK]
    calls = sum(row["calls"] for rows_of_day in rows for row in rows_of_day.values())
    assert compared_in(report.text)["Звонки"][0] == str(calls)
    assert len(rig.avito.calls("calls_stats")) == 2


@pytest.mark.impatient
async def test_a_restart_in_the_middle_ends_in_the_same_message(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    rig.clock.advance(STALE)
    rig.avito.fault("hang", "stats_v2", times=1)
    bob.press(f"report_breakdown:{profile_id}:2026-11-14:2026-11-20", report)
    await bob.wait_for("Собираю отчёт")

    await rig.restart()
    rig.clock.advance(timedelta(seconds=65))

    await bob.wait_for("Итого")
    assert table_in(report.message.words)["Итого"] == cells(rig.avito.account("shop"), WEEK)


async def test_unbound_while_avito_was_asked_it_comes_back_with_a_word(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    text = report.text
    rig.clock.advance(STALE)
    rig.avito.fault("hold", "stats_v2")
    bob.press(f"report_days:{profile_id}:7", report)
    await bob.wait_for("Собираю отчёт")

    await execute(rig, "DELETE FROM report_tasks")
    rig.avito.clear_faults()

    await bob.wait_for("больше не присылает сюда")
    assert report.text == f"{text}\n\n———\nЭтот профиль больше не присылает сюда отчёты."
    await rig.settled()
    assert "⚠️" not in rig.operator.private(rig.me).transcript()


async def test_an_old_message_is_answered_with_a_new_one(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    rig.clock.advance(timedelta(hours=49))

    press = bob.press(f"report_days:{profile_id}:7", report)

    newer = await bob.wait_for("16.11.2026 – 22.11.2026")
    assert newer.id != report.id
    assert (await bob.wait_for_notice(press)).text == ""


async def test_of_an_old_message_in_a_forum_nobody_knows_the_topic(rig: BotRig) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    profile_id, report = await reporting_at(rig, rig.bob.at(forum, topic))
    await execute(rig, "UPDATE report_tasks SET is_active = false")
    rig.clock.advance(timedelta(hours=49))
    sent = len(rig.telegram.sent(forum.id))

    for person in (rig.alice, rig.bob):
        for data in (*report.button_data, f"report_now:{profile_id}", "stats_days:7"):
            notice = await craft(person.at(forum, topic), data, report)
            assert (notice.text, notice.is_alert) == (
                "Это сообщение слишком старое. Свежие числа покажет /stats или следующий отчёт.",
                True,
            )

    assert len(rig.telegram.sent(forum.id)) == sent


async def test_a_message_deleted_meanwhile_is_answered_with_a_new_one(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)

    bob.press(f"report_days:{profile_id}:7", report)
    bob.delete(report)

    assert (await bob.wait_for("14.11.2026 – 20.11.2026")).id != report.id


async def test_under_a_report_on_demand_they_work_the_same(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)

    await tap(chat, "30 дней", report)

    await chat.wait_for("22.10.2026 – 20.11.2026")
    month = all_days(date(2026, 10, 22), date(2026, 11, 20))
    wanted = expected(rig.avito.account("shop"), month, before(month))
    said = read_figures(report)
    assert {label: said[label] for label in wanted} == wanted


async def test_the_buttons_of_a_profile_that_nobody_confirmed_ask_avito_first(
    rig: BotRig,
) -> None:
    profile_id = await connected(rig, rig.alice)
    await execute(rig, "UPDATE avito_profiles SET user_id = NULL")
    chat = await greet(rig, rig.alice)

    chat.press(f"report_days:{profile_id}:7", chat.last)

    await chat.wait_for("14.11.2026 – 20.11.2026\n\n👁")
