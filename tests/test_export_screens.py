"""Exports as a person reads them; every markup is parsed as Telegram's server would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.callbacks import ExportPick, ExportRun
from bot.effects import Document, Screen
from bot.markdown import to_plain
from bot.screens import export_results as results
from bot.screens import exports as screens
from bot.screens.parts import is_caption
from core.database.models import AvitoProfile, ReportTask
from core.errors import (
    Forbidden,
    KeysRefused,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
)
from core.messenger.collector import Collected
from core.services.destinations import Destination
from core.services.exports import Choice, Export, Within
from core.services.schedule import Every
from sandbox.telegram.markdown import parse_markdown_v2
from utils.chats.order import Bound, BoundFile, Form, Which
from utils.periods import Period

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
DAYS = Period(date(2026, 11, 1), date(2026, 11, 20))
UGLY = "=Мебель_*[x](y)_ \\ `&`"
MANY = Bound(
    files=(BoundFile(Path("x"), "chats.xlsx"),) * 3,
    chats=2200,
    messages=10**7,
    unanswered=1021,
    first_reply=4.0,
    slow_reply=180.0,
)
FILE = Document(kept_as="x", name="chats.xlsx")


def profile(**columns: object) -> AvitoProfile:
    usual = {"id": 7, "owner_id": 5, "profile_name": "Мебель", "created_at": NOW}
    return AvitoProfile(**{**usual, "is_report_active": True, "chats_kept_days": 90, **columns})


def place(**columns: object) -> ReportTask:
    usual = {"id": 9, "profile_id": 7, "chat_id": -100, "thread_id": 0, "is_active": True}
    return ReportTask(**{**usual, "chat_title": UGLY, "chat_type": "supergroup", **columns})


def read(screen: Screen) -> str:
    """As a person does, who sees no difference between spaces."""
    return parse_markdown_v2(screen.text).text.replace("\N{NO-BREAK SPACE}", " ").replace("\r", "")


def buttons(screen: Screen) -> dict[str, str]:
    assert screen.inline is not None
    return {
        button.text: button.callback_data or ""
        for row in screen.inline.inline_keyboard
        for button in row
    }


@pytest.mark.parametrize(
    ("choice", "said", "ticked"),
    [
        (Choice(), "за всё время, все чаты.", {"За всё время", "Все", "Excel"}),
        (
            Choice(Within.WEEK, None, Which.UNANSWERED, Form.CSV),
            "за 15.11.2026 – 21.11.2026, без ответа, CSV.",
            {"7 дней", "Без ответа", "CSV (zip)"},
        ),
        (
            Choice(Within.OWN, DAYS, Which.UNREAD),
            "за 01.11.2026 – 20.11.2026, непрочитанные.",
            {"✏️ 01.11.2026 – 20.11.2026", "Непрочитанные", "Excel"},
        ),
    ],
)
def test_ticks_say_what_the_file_will_have(choice: Choice, said: str, ticked: set[str]) -> None:
    shown = screens.choose(profile(), choice, NOW)
    assert f"Сейчас выбрано: {said}" in read(shown)
    offered = buttons(shown)
    assert {text[2:] for text in offered if text.startswith("✅ ")} == ticked
    assert ExportRun.unpack(offered["📤 Выгрузить"]).choice == choice
    for text, data in offered.items():
        if data.startswith("export_pick"):
            again = screens.choose(profile(), ExportPick.unpack(data).choice, NOW)
            assert f"✅ {text.removeprefix('✅ ')}" in buttons(again)


@pytest.mark.parametrize(
    ("left_sec", "said"),
    [(None, None), (20, "меньше минуты"), (170, "примерно 3 мин"), (4000, "примерно 1 ч 7 мин")],
)
def test_progress_tells_what_is_known(left_sec: float | None, said: str | None) -> None:
    counts = {"done": 120, "found": 1250, "messages": 31_000}
    text = read(
        results.reading(1, profile(), Export(), **counts, is_counting=False, left_sec=left_sec)
    )
    assert "Прочитано чатов: 120 из 1 250, сообщений: 31 000" in text
    assert ("Осталось" in text) is (said is not None)
    assert said is None or f"Осталось {said}" in text


def test_months_are_at_hand_where_dates_are_typed() -> None:
    asked = buttons(screens.ask_dates(profile(), Which.UNREAD, Form.CSV, date(2026, 12, 1)))
    first = date(2026, 12, 1)
    for label, days in (
        ("Этот месяц", Period(first, first)),
        ("Прошлый месяц", Period(date(2026, 11, 1), date(2026, 11, 30))),
    ):
        wanted = Choice(Within.OWN, days, Which.UNREAD, Form.CSV)
        assert ExportPick.unpack(asked[label]).choice == wanted


def test_where_something_is_missing_the_result_says_so_too() -> None:
    missing = ("В 1 чате начала переписки нет.",)
    made = results.done(profile(), Export(DAYS), MANY, remarks=missing)
    assert "⚠️ Попало не всё" in read(made)
    assert "⚠️" not in read(results.done(profile(), Export(DAYS), MANY))
    assert "⚠️ В 1 чате" in read(results.nothing(profile(), Export(DAYS), remarks=missing))


def test_from_what_came_of_it_one_goes_on_choosing_with_the_same() -> None:
    export = Export(DAYS, Which.UNREAD, Form.CSV)
    for shown in (
        results.done(profile(), export, MANY),
        results.nothing(profile(), export),
        results.failed(profile(), export, MemoryError(), "3FA9C1", NOW),
    ):
        [data] = [data for text, data in buttons(shown).items() if text.startswith("⚙️")]
        assert ExportPick.unpack(data).choice == Choice(Within.OWN, DAYS, Which.UNREAD, Form.CSV)


def test_without_the_subscription_the_first_button_does_not_promise_help() -> None:
    error = SubscriptionRequired("chats")
    failed = results.failed(profile(), Export(DAYS), error, "3FA9C1", NOW)
    assert [*buttons(failed)] == ["« К профилю", "🔄 Проверить ещё раз"]
    told = results.due_failed(profile(), place(chats_every="week"), error, "3FA9C1", NOW)
    assert buttons(told)["🔕 Больше не присылать сюда"] == "destination_chats_off:9"
    other = results.due_failed(
        profile(), place(chats_every="week"), Unavailable("chats"), "3FA9C1", NOW
    )
    assert "destination_chats_off:9" not in buttons(other).values()


def test_a_part_names_itself_and_fits_under_the_file_whatever_is_missing() -> None:
    missing = Collected(
        chats=frozenset(),
        read=2200,
        messages=10**7,
        cut_chats=21,
        cut_lists=("u2i", "u2u", "a2u"),
        refused_lists=("u2u", "a2u"),
        failed={"NotFound": 3, "Unavailable": 2},
        failure=Unavailable("messages"),
        nameless=4,
    )
    remarks, export = results.remarks(missing), Export(DAYS)
    about = profile(profile_name=UGLY * 8)
    caption = results.file(about, export, MANY, FILE, remarks=remarks, part=2)
    said = read(caption)
    assert is_caption(caption)
    assert said.startswith(f"📤 Чаты Avito\n{UGLY * 8}\nза 01.11.2026 – 20.11.2026, все чаты\n")
    assert "2 200 чатов, 10 000 000 сообщений\nЖдут ответа: 1 021\n" in said
    assert "В 21 чате Avito отдал только последние 1 100 сообщений" in said
    assert "Не прочитано: 5 чатов" in said
    assert said.endswith("Часть 2 из 3")
    lost = read(results.not_arrived(about, export, MANY, part=2))
    assert lost.startswith(f"❌ Файл с чатами «{UGLY * 8}» не дошёл, часть 2 из 3\n")
    brief = results.file(about, export, MANY, FILE, remarks=2 * remarks)
    assert is_caption(brief)
    assert "написано на первом листе" in read(brief)
    shared = results.file(profile(), Export(), replace(MANY, files=()), FILE, for_owner=False)
    assert shared.keyboard is None
    assert "⚠️" not in read(shared)


@pytest.mark.parametrize(
    ("error", "said", "way"),
    [
        (SubscriptionRequired("chats"), "«Расширенный» или «Максимальный»", "export_run:7"),
        (Forbidden("chats"), "проверьте права ключей", "export_run:7"),
        (KeysRefused("token"), "Замените их", "profile_keys:7"),
        (RateLimited("chats", retry_at=NOW + timedelta(hours=5)), "сегодня в 14:00", "export_run"),
        (Unavailable("chats"), "с того же места", "export_run:7:own:2026-11-01:2026-11-20"),
        (OSError(28, "No space left"), "не хватило места", "export_run:7"),
        (OSError(17, "File exists"), "сбой на нашей стороне", "export_run:7"),
        (MemoryError(), "слишком большим для памяти", "export_run:7"),
        (RuntimeError(), "сбой на нашей стороне", "export_run:7"),
    ],
)
def test_what_went_wrong_is_said_with_what_helps(error: Exception, said: str, way: str) -> None:
    failed = results.failed(profile(), Export(DAYS), error, "3FA9C1", NOW)
    assert said in read(failed)
    assert any(data.startswith(way) for data in buttons(failed).values())
    assert f"profile_view:{7}" in buttons(failed).values()
    told = results.due_failed(profile(), place(chats_every="week"), error, "3FA9C1", NOW)
    assert said in read(told)
    assert UGLY in read(told)


def test_what_is_not_kept_is_not_said_to_be() -> None:
    error = Unavailable("chats")
    assert "сохранено" not in results.why_not(profile(chats_kept_days=0), error, NOW)


def test_where_nothing_was_found_it_is_said_what_may_be_missing() -> None:
    none = read(results.nothing(profile(), Export(), remarks=["Не прочитано: 1 чат."]))
    assert "Чатов нет" not in none
    assert "⚠️ Не прочитано: 1 чат." in none


@pytest.mark.parametrize(
    ("export", "said"),
    [
        (Export(), "Чатов нет."),
        (Export(DAYS), "За 01.11.2026 – 20.11.2026 сообщений нет."),
        (Export(DAYS, Which.UNREAD), "За 01.11.2026 – 20.11.2026 непрочитанных чатов нет."),
        (Export(which=Which.UNANSWERED), "Чатов без ответа нет."),
    ],
)
def test_where_nothing_was_found_it_is_said_what_was_looked_for(export: Export, said: str) -> None:
    none = results.nothing(profile(), export, for_owner=False)

    assert read(none) == f"📭 Чаты Avito\nМебель\n{said}"


def test_a_place_of_others_is_warned_of_and_a_private_one_is_not() -> None:
    due = datetime(2026, 12, 1, 6, tzinfo=UTC)
    monthly = place(chats_every="month", chats_due_at=due)
    shown = read(screens.at_place(Destination(monthly, profile()), NOW))
    assert (
        "Сейчас: раз в месяц, 1-го числа каждого месяца в 09:00. Следующий файл — во вторник "
        "1 декабря в 09:00 (Москва)."
    ) in shown
    assert "Его увидят все" in shown
    own = place(chat_id=5, chat_type="private")
    assert "Его увидят все" not in read(screens.at_place(Destination(own, profile()), NOW))
    asked = screens.confirm_at_place(Destination(monthly, profile()), Every.WEEK)
    assert "Его увидят все" in read(asked)
    assert "destination_chats_confirm:9:week" in buttons(asked).values()


@pytest.mark.parametrize(
    ("days", "said", "ticked"),
    [
        (0, "только до конца выгрузки", "Не хранить"),
        (90, "90 дней", "90 дней"),
        (None, "пока профиль подключён", "Пока профиль подключён"),
    ],
)
def test_what_is_kept_is_said_in_words(days: int | None, said: str, ticked: str) -> None:
    shown = screens.ask_kept(profile(chats_kept_days=days))
    assert f"Сейчас: {said}." in read(shown)
    assert ("лежат у меня" in read(shown)) is (days != 0)
    assert [text for text in buttons(shown) if text.startswith("✅")] == [f"✅ {ticked}"]
    assert to_plain(screens.choose(profile(chats_kept_days=days), Choice(), NOW).text)
