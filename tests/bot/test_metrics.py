"""What reports show is ticked by their owner: for all places at once, or for one of them."""

from __future__ import annotations

import json

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Notice, Press
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.places import bound, greet, open_places
from tests.support.report import LABELS, ask_report, read_figures
from tests.support.rows import add_destination, add_profile, connected, execute, scalar
from tests.support.schedules import open_report_settings
from tests.support.stats import ask_stats, read_rows
from utils.metrics import METRICS, USUAL

pytestmark = pytest.mark.one_database

CLIENTS = -100200
PROFILE = "SELECT report_metrics FROM avito_profiles"
PLACE = "SELECT report_metrics FROM report_tasks WHERE id = :id"


def ticked(screen: Seen) -> list[str]:
    """The keys with a tick; everything else must show an empty box."""
    found = []
    for row in screen.keyboard:
        for button in row:
            if "_toggle:" in (button.data or ""):
                assert button.text.startswith(("✅ ", "▫️ "))
                if button.text.startswith("✅ "):
                    found.append((button.data or "").rpartition(":")[2])
    return found


async def open_metrics(chat: ChatView, profile_id: int) -> Seen:
    await open_report_settings(chat, profile_id)
    chat.click("📋 Что показывать")
    return await chat.wait_for("Что показывать в отчётах")


async def press(chat: ChatView, data: str) -> tuple[Seen, Notice]:
    """Press a button and see what becomes of its screen."""
    made = chat.click(data)
    assert isinstance(made, Press)
    notice = await chat.wait_for_notice(made)
    return chat.last, notice


async def stored(rig: BotRig, query: str = PROFILE, **values: int) -> list[str] | None:
    found = await scalar(rig, query, **values)
    return None if found is None else json.loads(found)


async def test_a_new_profile_has_the_usual_ones_ticked(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)

    screen = await open_metrics(chat, profile_id)

    assert ticked(screen) == list(USUAL)
    assert screen.button_data.count(f"report_toggle:{profile_id}:calls") == 1
    assert len([d for d in screen.button_data if d.startswith("report_toggle:")]) == len(METRICS)
    assert "Сейчас: 13 показателей." in screen.text
    chat.click("« К настройкам отчёта")
    await chat.wait_for("Настройки отчёта")


async def test_a_press_ticks_or_unticks_exactly_that_metric(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    await open_metrics(chat, profile_id)

    await press(chat, f"report_toggle:{profile_id}:favorites")
    screen = await chat.wait_for("просмотры, контакты и ещё 10")
    assert ticked(screen) == [key for key in USUAL if key != "favorites"] == await stored(rig)
    await press(chat, f"report_toggle:{profile_id}:orders")
    screen = await chat.wait_for("просмотры, контакты и ещё 11")
    assert ticked(screen)[-1] == "orders"
    await press(chat, f"report_toggle:{profile_id}:orders")
    assert "orders" not in ticked(await chat.wait_for("просмотры, контакты и ещё 10"))


async def test_the_last_one_stays_ticked_and_the_alert_says_why(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", report_metrics='["cpl"]')
    chat = rig.alice.private(rig.me)
    await open_metrics(chat, profile_id)

    screen, notice = await press(chat, f"report_toggle:{profile_id}:cpl")

    assert notice.is_alert
    assert notice.text.startswith("Нужен хотя бы один показатель")
    assert ticked(screen) == ["cpl"] == await stored(rig)


async def test_all_of_them_and_back_to_the_usual(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    await open_metrics(chat, profile_id)

    chat.click("Все 22")
    screen = await chat.wait_for("Сейчас: все 22 показателя")
    assert ticked(screen) == list(METRICS)
    chat.click("Как обычно")
    screen = await chat.wait_for("Сейчас: 13 показателей")
    assert ticked(screen) == list(USUAL)
    assert await stored(rig) is None


@pytest.mark.parametrize(
    "nonsense", ["", "[]", "{not json", '"views"', '{"views": true}', "[1, null, {}]", '["likes"]']
)
async def test_what_makes_no_sense_is_the_usual(rig: BotRig, nonsense: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", report_metrics=nonsense)
    await add_destination(rig, profile_id, CLIENTS, report_metrics=nonsense)

    screen = await open_metrics(rig.alice.private(rig.me), profile_id)

    assert ticked(screen) == list(USUAL)


@pytest.mark.parametrize("metric", ["likes", "", "Views", "x" * 24])
async def test_a_metric_nobody_knows_gets_a_sentence(rig: BotRig, metric: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    task_id = await add_destination(rig, profile_id, CLIENTS)
    chat = rig.alice.private(rig.me)
    screen = await open_metrics(chat, profile_id)

    for data in (f"report_toggle:{profile_id}:{metric}", f"destination_toggle:{task_id}:{metric}"):
        pressed = chat.press(data, screen)
        assert (await chat.wait_for_notice(pressed)).text == "Эта кнопка устарела. Вот что сейчас."
    await rig.settled()

    assert await stored(rig) is None
    assert await stored(rig, PLACE, id=task_id) is None


async def test_of_several_places_the_owner_picks_one(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    clients = await add_destination(rig, profile_id, CLIENTS, chat_title="Клиенты")
    await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)

    screen = await open_metrics(chat, profile_id)
    assert (
        "• чат «Клиенты»: 13 показателей\n"
        "• личный чат с ботом (и по кнопке): 13 показателей\n\n"
        "Где изменить?"
    ) in screen.text
    chat.click(f"destination_metrics:{clients}")
    await chat.wait_for("Что показывать: чат «Клиенты»")
    for key in USUAL[2:]:
        await press(chat, f"destination_toggle:{clients}:{key}")
    screen = await chat.wait_for("Сейчас: просмотры и контакты.")

    assert ticked(screen) == ["views", "contacts"] == await stored(rig, PLACE, id=clients)
    assert await stored(rig) is None
    settings = await open_report_settings(chat, profile_id)
    assert "В отчёте: 13 показателей; в 1 месте другие" in settings.text
    assert "• чат «Клиенты»\n   там: просмотры и контакты\n" in settings.text
    chat.click("📋 Что показывать")
    await chat.wait_for(
        "• чат «Клиенты»: просмотры и контакты\n• личный чат с ботом (и по кнопке): 13"
    )


async def test_one_place_may_show_everything_or_what_the_profile_shows(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", report_metrics='["cr", "views"]')
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, group)
    chat = await greet(rig, rig.alice)
    chat.press(f"destination_view:{task_id}", chat.last)
    card = await chat.wait_for("В отчёте: просмотры и конверсия (CR)")
    assert f"destination_metrics:{task_id}" in card.button_data
    chat.click("📋 Что показывать")
    assert ticked(await chat.wait_for("Что показывать: группа")) == ["views", "cr"]

    chat.click("Все 22")
    await chat.wait_for("Сейчас: все 22 показателя")
    chat.click("Как в профиле")
    assert ticked(await chat.wait_for("Сейчас: просмотры и конверсия (CR)")) == ["views", "cr"]
    assert await stored(rig, PLACE, id=task_id) is None
    _, notice = await press(chat, f"destination_toggle:{task_id}:cr")
    assert not notice.is_alert
    screen, notice = await press(chat, f"destination_toggle:{task_id}:views")
    assert notice.is_alert
    assert ticked(screen) == ["views"] == await stored(rig, PLACE, id=task_id)
    chat.click("« К этому месту")
    await chat.wait_for("В отчёте: просмотры")


async def test_where_places_differ_one_press_makes_them_the_same_and_says_so(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    clients = await add_destination(
        rig, profile_id, CLIENTS, chat_title="Клиенты", report_metrics='["views"]'
    )
    chat = rig.alice.private(rig.me)
    # With one place too: its reports show something else than the ones by button.
    screen = await open_metrics(chat, profile_id)
    assert "• личный чат с ботом (по кнопке): 13 показателей" in screen.text

    chat.click("📋 Везде одинаково")
    screen = await chat.wait_for("⚠️ чат «Клиенты»: сейчас просмотры\nПосле нажатия")
    assert ticked(screen) == list(USUAL)
    await press(chat, f"report_toggle:{profile_id}:cpv")

    screen = await chat.wait_for("и ещё 10")
    assert "⚠️" not in screen.text
    assert await stored(rig, PLACE, id=clients) is None
    assert await stored(rig) == [key for key in USUAL if key != "cpv"]


@pytest.mark.parametrize("is_left", [False, True])
async def test_a_new_place_takes_no_ticks_of_another(rig: BotRig, is_left: bool) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    narrow = await bound(rig, profile_id, forum, report_metrics='["views", "contacts"]')
    chat = await greet(rig, rig.alice)
    if is_left:
        chat.press(f"destination_remove_confirm:{narrow}", chat.last)
        await chat.wait_for("Пока никуда")

    rig.alice.at(forum, rig.telegram.topic(forum, "Отчёты", rig.alice)).send("/bind")

    said = await chat.wait_for("будут приходить в тему «Отчёты»")
    assert "В отчёте" not in said.text
    assert (
        await stored(rig, "SELECT report_metrics FROM report_tasks WHERE thread_id != 0") is None
    )


async def test_a_new_place_that_shows_the_profiles_own_choice_says_so(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", report_metrics='["cr", "views"]')
    chat = rig.alice.private(rig.me)
    await open_places(chat, profile_id)

    chat.click(f"report_chat_here:{profile_id}")

    said = await chat.wait_for("будут приходить в этот чат")
    assert "В отчёте: просмотры и конверсия (CR). Изменить: «⚙️ Настроить это место»." in said.text


@pytest.mark.parametrize("own", [None, ["views"]])
async def test_by_button_and_on_schedule_a_private_chat_shows_the_same(
    rig: BotRig, own: list[str] | None
) -> None:
    profile_id = await connected(rig, rig.alice)
    await execute(rig, 'UPDATE avito_profiles SET report_metrics = \'["cpl", "orders"]\'')
    await add_destination(rig, profile_id, CLIENTS, report_metrics='["contacts"]')
    if own:
        await add_destination(rig, profile_id, rig.alice.id, report_metrics=json.dumps(own))
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)

    said = read_figures(await ask_report(chat, profile_id))

    usual = ("Цена контакта (CPL)", "Заказы с Доставкой")
    assert tuple(said) == (("Просмотры",) if own else usual)


async def test_in_a_place_of_the_profile_it_shows_what_is_ticked_there(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id, report_metrics='["views", "contacts"]')
    own = rig.alice.at(group)
    own.send("/help@avito_test_bot")
    own.press(f"report_now:{profile_id}", await own.wait_for("в личном чате"))

    report = await own.wait_for("Отчёт Avito")

    assert tuple(read_figures(report)) == ("Просмотры", "Контакты")
    assert "₽" not in report.text


async def test_stats_tell_a_chat_nothing_that_its_reports_do_not(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    for label, name, keys in (
        ("shop", "Мебель", '["views", "contacts", "wallet_balance"]'),
        ("second", "Кофейня", '["views", "cr", "impressions"]'),
        ("debtor", "Долги", '["favorites", "views"]'),
    ):
        profile_id = await connected(rig, rig.alice, label, name)
        await add_destination(rig, profile_id, group.chat.id, report_metrics=keys)

    report = await ask_stats(group)

    totals, _, _ = report.text.partition("По профилям")
    assert tuple(label for label in LABELS if f" {label}: " in totals) == ("Просмотры",)
    signs = {
        name: [part[0] for part in row[0].split(" · ")] for name, row in read_rows(report).items()
    }
    assert signs == {"Мебель": ["👁", "📞", "👛"], "Кофейня": ["👁"], "Долги": ["👁"]}
