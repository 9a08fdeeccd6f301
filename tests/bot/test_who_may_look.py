"""Who may look at a profile's numbers: its owner, and whoever reads its reports where they go."""

from __future__ import annotations

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.looking import NOT_HERE, NOT_YOURS, craft, reporting_at, tap
from tests.support.places import greet
from tests.support.rows import add_destination, connected, dump, execute
from tests.support.stats import ask_stats, reporting

pytestmark = pytest.mark.one_database

LOOKS = (
    "report_days:{id}:7",
    "report_compare:{id}:2026-11-14:2026-11-20",
    "report_breakdown:{id}:2026-11-14:2026-11-20",
    "report_historical:{id}",
    "calendar_page:{id}:2026-11-01:",
)
PASSING = ("inbox", "replies")
ANOTHER = "В этом сообщении другой отчёт. Нажмите кнопку под тем, который нужен."
NOT_SHOWN = "Сюда этот профиль отчётов не присылает. Откройте его в личном чате с ботом."


async def is_refused(view: ChatView, profile_id: int) -> None:
    """Every look gets the sentence that a profile gets which does not exist."""
    for look in LOOKS:
        for about in (profile_id, 999):
            notice = await craft(view, look.format(id=about), view.last)
            said = NOT_YOURS if view.chat.type == "private" else NOT_HERE
            assert (notice.text, notice.is_alert) == (said, True)
    assert "Тайный" not in view.transcript()


async def test_every_member_of_a_bound_group_may_look(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    _, report = await reporting_at(rig, bob)

    for button, shown in (
        ("7 дней", "14.11.2026 – 20.11.2026"),
        ("⚖️ Сравнить", "Было: 07.11.2026 – 13.11.2026"),
        ("📅 По дням", "Итого"),
        ("« Отчёт за 14.11.2026 – 20.11.2026", "Отчёт Avito"),
        ("Другие дни", "за какие дни?"),
        ("🗓 Выбрать в календаре", "Выберите первый день"),
    ):
        assert (await tap(bob, button, report)).text == ""
        assert (await bob.wait_for(shown)).id == report.id


async def test_a_member_does_not_fill_the_group_with_reports(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob)
    await tap(bob, "7 дней", report)
    sent = len(rig.telegram.sent(group.id))

    # No report has this button any more, but old ones in the field do.
    assert (await craft(bob, f"report_now:{profile_id}", report)).text == ""

    assert (await bob.wait_for("Мебель\n20.11.2026\n")).id == report.id
    assert len(rig.telegram.sent(group.id)) == sent


async def test_what_a_member_may_look_at_he_may_not_change(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob)
    await rig.settled()
    before = await dump(rig, without=PASSING)

    for data in ("profile_view", "profile_report", "profile_delete_confirm", "report_pause"):
        notice = await craft(bob, f"{data}:{profile_id}", report)
        assert notice.url or notice.text == NOT_HERE
    # What asks for typing is for the private chat.
    notice = await craft(bob, f"report_dates:{profile_id}", report)
    assert "?start=profiles" in (notice.url or "")

    assert await dump(rig, without=PASSING) == before


async def test_elsewhere_only_the_owner_may(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.charlie, rig.me)
    profile_id, report = await reporting_at(rig, rig.bob.at(group), "Тайный магазин")
    other = rig.telegram.supergroup("Другая", rig.alice, rig.bob, rig.me)
    elsewhere = rig.bob.at(other)
    # A forwarded report has no buttons: to press them takes a message of the bot.
    elsewhere.forward(report).text = "пересланное"
    assert elsewhere.messages[-1].keyboard == []
    elsewhere.send("/help@avito_test_bot")
    await elsewhere.wait_for("в личном чате")

    for stranger in (await greet(rig, rig.bob), await greet(rig, rig.charlie), elsewhere):
        await is_refused(stranger, profile_id)

    own = await greet(rig, rig.alice)
    await craft(own, f"report_days:{profile_id}:7", own.last)
    await own.wait_for("14.11.2026 – 20.11.2026")


@pytest.mark.parametrize("kind", ["channel", "group"])
@pytest.mark.impatient
async def test_nobody_puts_his_own_profile_over_a_report_of_another(
    rig: BotRig, kind: str
) -> None:
    if kind == "channel":
        place = rig.telegram.channel("Новости", rig.alice, rig.me)
        rig.charlie.join(place)
    else:
        place = rig.telegram.supergroup("Клиенты", rig.alice, rig.charlie, rig.me)
    _, report = await reporting_at(rig, rig.alice.at(place))
    own = await connected(rig, rig.charlie, "second", "Чужая реклама")
    private = await greet(rig, rig.charlie)
    rig.avito.fault("hang", "stats_v2")
    private.press(f"report_days:{own}:7", private.last)
    [stop] = (await private.wait_for("Собираю отчёт")).button_data
    text, sent = report.text, len(rig.telegram.sent(place.id))

    reader = rig.charlie.at(place)
    for data in (*LOOKS, "report_now:{id}", "report_items:{id}:2026-11-20:2026-11-20"):
        notice = await craft(reader, data.format(id=own), report)
        assert (notice.text, notice.is_alert) == (NOT_SHOWN, True)
    assert (await craft(reader, stop, report)).text == "Это уже закончено."

    await rig.settled()
    assert (report.text, len(rig.telegram.sent(place.id))) == (text, sent)


async def test_nobody_puts_another_profile_of_the_place_over_a_report(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    other = await connected(rig, rig.alice, "second", "Кофейня")
    await add_destination(rig, other, group.id)
    _, report = await reporting_at(rig, bob)

    looks = (*LOOKS, "report_now:{id}", "report_items:{id}:2026-11-20:2026-11-20", "stats_days:7")
    for look in looks:
        notice = await craft(bob, look.format(id=other), report)
        assert (notice.text, notice.is_alert) == (ANOTHER, True)
    assert (await tap(bob, "7 дней", report)).text == ""
    await bob.wait_for("Мебель\n14.11.2026 – 20.11.2026\n")
    for look in looks:
        notice = await craft(bob, look.format(id=other), report)
        assert (notice.text, notice.is_alert) == (ANOTHER, True)

    await rig.settled()
    assert "Мебель\n14.11.2026 – 20.11.2026\n" in report.text


async def test_nobody_puts_one_profile_over_a_combined_report(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    [profile_id] = await reporting(rig, bob, ("shop", "Мебель"))
    combined = await ask_stats(bob)
    await rig.settled()

    for _ in ("kept", "on schedule, as nobody has pressed yet"):
        notice = await craft(bob, f"report_days:{profile_id}:7", combined)
        assert (notice.text, notice.is_alert) == (ANOTHER, True)
        await execute(rig, "DELETE FROM kept_reports")


async def test_a_topic_is_a_place_of_its_own(rig: BotRig) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me, is_forum=True)
    reports = rig.bob.at(forum, rig.telegram.topic(forum, "Отчёты", rig.alice))
    chatter = rig.bob.at(forum, rig.telegram.topic(forum, "Болтовня", rig.alice))
    profile_id, report = await reporting_at(rig, reports, "Тайный магазин")
    chatter.send("/help@avito_test_bot")
    await chatter.wait_for("в личном чате")
    general = rig.bob.at(forum)
    general.send("/help@avito_test_bot")
    await general.wait_for(lambda seen: seen.message.thread_id is None)

    await is_refused(chatter, profile_id)
    notice = await craft(general, f"report_days:{profile_id}:7", general.last)
    assert notice.text == NOT_HERE

    await tap(reports, "7 дней", report)
    assert (await reports.wait_for("14.11.2026 – 20.11.2026")).id == report.id


async def test_an_anonymous_administrator_may_look(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.bob.join(group, as_admin=True)
    rig.bob.go_anonymous(group)
    bob = rig.bob.at(group)
    _, report = await reporting_at(rig, bob)

    await tap(bob, "30 дней", report)

    assert (await bob.wait_for("22.10.2026 – 20.11.2026")).id == report.id


async def test_readers_of_a_channel_may_look(rig: BotRig) -> None:
    channel = rig.telegram.channel("Новости", rig.alice, rig.me)
    _, report = await reporting_at(rig, rig.alice.at(channel))
    rig.bob.join(channel)

    await tap(rig.bob.at(channel), "7 дней", report)

    assert (await rig.bob.at(channel).wait_for("14.11.2026 – 20.11.2026")).id == report.id


@pytest.mark.parametrize("end", ["unbound", "deleted"])
async def test_when_the_profile_reports_there_no_more_its_numbers_are_closed(
    rig: BotRig, end: str
) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob)
    text = report.text
    if end == "unbound":
        await execute(rig, "DELETE FROM report_tasks WHERE profile_id = :id", id=profile_id)
    else:
        own = await greet(rig, rig.alice)
        own.press(f"profile_delete_confirm:{profile_id}", own.last)
        await own.wait_for("удалён")

    notice = await tap(bob, "7 дней", report)

    assert (notice.text, notice.is_alert) == (NOT_HERE, True)
    await rig.settled()
    assert report.text == text


async def test_a_paused_place_is_still_a_place(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    _, report = await reporting_at(rig, bob)
    await execute(rig, "UPDATE report_tasks SET is_active = false")

    assert (await tap(bob, "7 дней", report)).text == ""


async def test_once_the_owner_has_left_his_numbers_are_closed(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.bob, rig.me)
    rig.alice.join(group)
    await greet(rig, rig.alice)
    bob = rig.bob.at(group)
    _, report = await reporting_at(rig, bob)
    text = report.text

    rig.alice.leave(group)
    await rig.settled()

    notice = await tap(bob, "7 дней", report)
    assert (notice.text, notice.is_alert) == (NOT_HERE, True)
    bob.send("/stats")
    assert "Мебель" not in (await bob.wait_for("Сюда пока не приходит ни один отчёт")).text
    await rig.settled()
    assert report.text == text


async def test_a_place_shows_no_more_than_is_ticked_for_it(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob)
    await execute(rig, 'UPDATE report_tasks SET report_metrics = \'["views", "contacts"]\'')

    for data in (*LOOKS[:3], "report_preset:{id}:last_month"):
        await craft(bob, data.format(id=profile_id), report)
        await rig.settled()
        assert "Просмотры" in report.text or "просм." in report.text
        assert "Расход" not in report.text
        assert "расход" not in report.text
        assert "Кошелёк" not in report.text
