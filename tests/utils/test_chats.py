"""Chats as files: every message there, in words, and what they tell put together rightly."""

from __future__ import annotations

import csv
import io
import random
import stat
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.chats import (
    DAY,
    HEAD,
    HOUR,
    MINUTE,
    NINE,
    bound,
    chat,
    order_for,
    ours,
    read,
    records,
    said,
    told_by,
)
from utils.chats.book import Book
from utils.chats.clock import LocalClock
from utils.chats.model import Line, Transcript
from utils.chats.order import Form, Which
from utils.chats.sheets import (
    CHAT_COLUMNS,
    MESSAGE_COLUMNS,
    UNANSWERED_COLUMNS,
    chat_row,
    message_rows,
    unanswered_row,
)
from utils.chats.study import Durations, Span, Studied, study
from utils.chats.words import address, price, told
from utils.workbook import OPEN, Link

MOSCOW = LocalClock("Europe/Moscow")
PICTURE = "https://img.k.avito.ru/chat/1280x960/50.3e.jpg"


def studied(*lines: Line, **head: Any) -> Studied:
    return study(chat(*lines, **head), Span())


def at(minute: int) -> datetime:
    """So many minutes after nine, in Moscow."""
    return datetime(2026, 11, 21, 9, tzinfo=UTC).replace(tzinfo=None, minute=minute)


# Words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (said(0, "Привет"), ("текст", "Привет", None)),
        (said(0, "", "voice"), ("голосовое", "Голосовое сообщение: открыть можно", None)),
        (said(0, "missed", "call"), ("пропущенный звонок", "Пропущенный звонок", None)),
        (said(0, "answered", "call"), ("звонок", "Звонок", None)),
        (said(0, PICTURE, "image"), ("фото", "Фото", PICTURE)),
        (said(0, "Москва, Арбат, 1", "location"), ("место на карте", "Москва, Арбат, 1", None)),
        (said(0, "Кресло", "item"), ("объявление", "Кресло", None)),
        (said(0, f"Стол 5 ₽ {HEAD.url}", "item"), ("объявление", "Стол 5 ₽ https", HEAD.url)),
        (said(0, "https://habr.com/ru", "link"), ("ссылка", "https://habr.com", "https://habr")),
        (said(0, "", "deleted"), ("удалено", "Сообщение удалено", None)),
        (ours(0, "Мы спим", "system"), ("автоответ", "Мы спим", None)),
        (said(0, "Скидки!", "system", author=0), ("от Avito", "Скидки!", None)),
        (said(0, "", "file"), ("файл", "Файл: открыть можно только в Avito", None)),
        (said(0, "", "video"), ("видео", "Видео: открыть можно только в Avito", None)),
        (said(0, "", "appCall"), ("звонок в приложении", "Звонок: открыть", None)),
        (said(0, "", "hologram"), ("неизвестный тип: hologram", "Сообщение: открыть", None)),
        (said(0, "☄", "hologram"), ("неизвестный тип: hologram", "☄", None)),
    ],
)
def test_every_kind_of_message_has_its_words(
    line: Line, words: tuple[str, str, str | None]
) -> None:
    kind, text, link = told(line)

    assert kind == words[0]
    assert text.startswith(words[1])
    assert (link is None) == (words[2] is None)
    assert (link or "").startswith(words[2] or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://avito.ru",
        "https://www.avito.ru/moskva/divan_1?x=1#photo",
        PICTURE,
        "https://90.img.avito.st/image/1/a.jpg",
    ],
)
def test_what_leads_to_avito_can_be_clicked(url: str) -> None:
    assert isinstance(address(url), Link)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.avito.ru/moskva",
        "https://avito.ru@evil.example/",
        "https://avito.ru.evil.example/",
        "https://evilavito.ru/",
        "https://avito.ru:8080/",
        "https://avito.ru/ \nhttps://evil.example",
        "https://avito.ru/" + "a" * 3_000,
        "javascript:alert(1)",
        "habr.com",
    ],
)
def test_what_leads_elsewhere_or_might_is_a_text(url: str) -> None:
    assert not isinstance(address(url), Link)


def test_prices_are_numbers_where_they_are_numbers() -> None:
    assert price("1\N{NO-BREAK SPACE}232 323 ₽") == 1_232_323
    for worded in ("Договорная", "от 500 ₽", "", "9" * 5_000 + "₽"):
        assert price(worded) == worded


# What a chat tells


def test_the_first_reply_is_a_person_s_and_counts_from_the_first_question() -> None:
    found = studied(
        ours(0, "Скидка только сегодня!"),
        said(1, "", "deleted"),
        said(10),
        ours(10, "Автоответ: мы спим", "system"),
        said(12, "Ау"),
        ours(13, "", "deleted"),
        ours(25),
        ours(40),
    )

    assert found.first_reply == 15
    assert not found.is_unanswered


def test_who_has_the_last_word_waits_since_his_first_one_after_ours() -> None:
    found = studied(
        said(0),
        ours(1),
        said(5, "А доставка?"),
        said(6, "Алло"),
        said(7, "", "deleted"),
        ours(8, "Автоответ", "system"),
    )

    assert found.is_unanswered
    assert found.waiting_since == NINE + 5 * MINUTE
    assert found.last is not None
    assert found.last.text == "Алло"


@pytest.mark.parametrize(
    ("lines", "minute", "who", "words"),
    [
        ([said(0), ours(19, "Да"), said(27, "", "deleted")], 27, "Анна (удалено)", "Да"),
        ([said(0), ours(19, "Да"), ours(27, "Мы спим", "system")], 19, "Мебель у дома", "Да"),
        ([ours(5, "", "deleted")], 5, "Мебель у дома (удалено)", "Сообщение удалено"),
    ],
)
def test_a_deleted_message_is_the_last_one_and_marked_as_such(
    tmp_path: Path, lines: list[Line], minute: int, who: str, words: str
) -> None:
    sheets = read(bound(tmp_path, [chat(*lines)]).files[0].path)

    [row] = records(sheets["Чаты"])
    assert row["Последнее сообщение"] == at(minute)
    assert row["Кто писал последним"] == who
    assert row["Последние слова"] == words
    written = [line for line in records(sheets["Сообщения"]) if line["Направление"] != "служебное"]
    assert row["Последнее сообщение"] == written[-1]["Время"]
    assert any("Удалённое" in str(line[0]) for line in sheets["Сводка"] if line)


@pytest.mark.parametrize("head", [{"is_buying": True}, {"kind": "a2u"}])
def test_where_nobody_buys_from_us_no_answer_is_owed(head: dict[str, Any]) -> None:
    found = studied(said(0), ours(5), said(6), **head)

    assert not found.is_unanswered
    assert found.first_reply is None


def test_without_its_beginning_nobody_knows_how_soon_a_chat_was_answered() -> None:
    assert studied(said(0), ours(5), is_cut=True).first_reply is None
    assert studied(said(0), ours(5), is_whole=False).first_reply is None


def test_without_its_beginning_a_chat_shows_none(tmp_path: Path) -> None:
    late = chat(said(0), created=NINE - DAY, is_whole=False)

    sheets = read(bound(tmp_path, [late]).files[0].path)

    [row] = records(sheets["Чаты"])
    assert row["Начат"] == datetime(2026, 11, 20, 9, tzinfo=UTC).replace(tzinfo=None)
    assert row["Первые слова"] is None
    assert "Начала переписки здесь нет" in row["Замечание"]
    assert any("нет начала переписки" in str(row[0]) for row in sheets["Сводка"] if row)


def test_phones_are_the_buyers_each_once() -> None:
    found = studied(
        said(0, "8 916 123-45-67"), ours(1, "Наш: 8 926 000-11-22"), said(2, "+79161234567")
    )

    assert found.phones == ["+79161234567"]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["text", "system", "deleted", "voice"]), max_size=8), st.data())
def test_every_message_is_counted_once(kinds: Sequence[str], data: st.DataObject) -> None:
    lines = [data.draw(st.sampled_from([said, ours]))(n, "", kind) for n, kind in enumerate(kinds)]

    found = studied(*lines)

    assert found.incoming + found.outgoing + found.service == len(lines)
    if found.first_reply is not None:
        assert found.first_reply > 0
    words = [line for line in lines if line.kind not in ("system", "deleted")]
    assert found.is_unanswered == (bool(words) and not words[-1].is_ours)


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=40))
def test_medians_and_the_slowest_tenth(minutes: list[float]) -> None:
    durations = Durations()
    for one in minutes:
        durations.add(one)

    assert durations.median == median(minutes)
    slow = durations.nine_of_ten
    assert slow in minutes
    assert sum(one <= slow for one in minutes) >= 0.9 * len(minutes)
    assert sum(one < slow for one in minutes) < 0.9 * len(minutes)


@pytest.mark.parametrize(
    ("zone", "instant", "shown"),
    [
        ("Europe/Moscow", NINE, "2026-11-21 09:00"),
        ("Asia/Kolkata", NINE, "2026-11-21 11:30"),
        ("America/St_Johns", NINE, "2026-11-21 02:30"),
        # The hour that Berlin had twice, before and after.
        ("Europe/Berlin", 1_792_889_999, "2026-10-25 02:59"),
        ("Europe/Berlin", 1_792_890_000, "2026-10-25 02:00"),
        # Nobody wrote then, but somebody's clock may be wrong.
        ("Europe/Moscow", 10**15, "9999-01-01 00:00"),
        ("Europe/Moscow", -(10**15), "1970-01-01 00:00"),
    ],
)
def test_times_are_those_of_the_reader_s_clock(zone: str, instant: int, shown: str) -> None:
    assert f"{LocalClock(zone).shown(instant):%Y-%m-%d %H:%M}" == shown


# The workbook


def test_rows_have_a_value_for_every_column() -> None:
    found = studied(said(0))

    assert len(chat_row(found, MOSCOW, "Мы")) == len(CHAT_COLUMNS)
    assert len(unanswered_row(found, MOSCOW, NINE)) == len(UNANSWERED_COLUMNS)
    assert [len(row) for row in message_rows(found, found.lines, MOSCOW, "Мы")] == [
        len(MESSAGE_COLUMNS)
    ]


def test_a_chat_stands_on_every_sheet_in_words(tmp_path: Path) -> None:
    text = '=HYPERLINK("http://evil","Жми")\x0b 😀'
    lines = [said(0, text), ours(12), said(20, "Мой номер 89161234567", is_read=False)]

    made = bound(tmp_path, [chat(*lines)], remarks=("Чатов старше предела нет.",))

    assert (made.chats, made.messages, made.unanswered) == (1, 3, 1)
    assert (made.first_reply, made.slow_reply) == (12, 12)
    [file] = made.files
    assert file.name == "Мебель_у_дома_чаты_2026-11-21.xlsx"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    sheets = read(file.path)
    assert list(sheets) == ["Сводка", "Чаты", "Сообщения", "Без ответа"]
    [row] = records(sheets["Чаты"])
    assert row == {
        "Покупатель": "Анна",
        "Объявление": "Диван угловой",
        "Цена": 35_000,
        "Объявление сейчас": "активно",
        "Начат": at(0),
        "Последнее сообщение": at(20),
        "Кто писал последним": "Анна",
        "Ждёт ответа": "да",
        "Не прочитано": 1,
        "Входящих": 2,
        "Исходящих": 1,
        "Служебных": 0,
        "Первый ответ, мин": 12,
        "Телефоны из переписки": "+79161234567",
        "Первые слова": '=HYPERLINK("http://evil","Жми") 😀',
        "Последние слова": "Мой номер 89161234567",
        "Чат в Avito": OPEN,
        "Страница объявления": OPEN,
        "Тип чата": "по объявлению",
        "Номер чата": "u2i-1",
        "Замечание": None,
    }
    first, second, third = records(sheets["Сообщения"])
    assert first["Текст"] == text.replace("\x0b", "")
    assert (second["Время"], second["Кто"], second["Направление"]) == (
        at(12),
        "Мебель у дома",
        "исходящее",
    )
    assert (third["Кто"], third["Тип"], third["Прочитано"]) == ("Анна", "текст", "нет")
    [waits] = records(sheets["Без ответа"])
    assert (waits["Ждёт с"], round(waits["Ждёт, часов"], 2)) == (at(20), 2.67)
    assert round(waits["Ждёт, дней"], 2) == 0.11
    summary = sheets["Сводка"]
    assert ["Чатов старше предела нет."] in [row[:1] for row in summary]
    assert told_by(summary, "Чаты", "Ждут ответа") == 1
    assert told_by(summary, "Сообщения", "Всего") == 3
    assert told_by(summary, "Первый ответ", "Медиана, минут") == 12
    [nine] = [row for row in summary if row[0] == "09:00–09:59"]
    assert nine[1:10] == [None] * 5 + [2, None, 2, 12]
    assert [row[:8] for row in summary if row[0] == "Диван угловой"] == [
        ["Диван угловой", 1, 2, 1, 0, 1, 1, 1]
    ]


def test_every_sheet_counts_alike(tmp_path: Path) -> None:
    service = [said(3, "Скидки!", author=0), ours(4, "Мы спим", "system")]
    chats = [
        chat(said(0), ours(1), *service),
        chat(said(2, "Новости", "system", author=0), id="a2u-1", kind="a2u", listing_id=0),
        chat(ours(5), said(6), id="u2i-2", is_buying=True),
        chat(said(7), id="u2u-1", kind="u2u", listing_id=0, title=""),
    ]

    sheets = read(bound(tmp_path, chats).files[0].path)

    summary, rows = sheets["Сводка"], records(sheets["Чаты"])
    ways = [row["Направление"] for row in records(sheets["Сообщения"])]
    listings = summary[[row[0] for row in summary].index("По объявлениям") + 2 :]
    assert told_by(summary, "Чаты", "Всего") == len(rows) == sum(row[1] for row in listings)
    told = [
        told_by(summary, "Сообщения", label)
        for label in ("Входящих", "Исходящих", "Служебных (автоответы и от Avito)")
    ]
    assert told == [ways.count(one) for one in ("входящее", "исходящее", "служебное")] == [3, 2, 3]
    assert told == [sum(row[column] for row in listings) for column in (2, 3, 4)]
    columns = ("Входящих", "Исходящих", "Служебных")
    assert told == [sum(row[title] for row in rows) for title in columns]


@pytest.mark.parametrize("name", ["", "Авито"])
def test_what_avito_writes_has_dates_and_words_too(tmp_path: Path, name: str) -> None:
    lines = [said(n, f"Новость {n}", "system", author=0) for n in (1, 2)]
    news = chat(*lines, id="a2u-1", kind="a2u", name=name)

    sheets = read(bound(tmp_path, [news]).files[0].path)

    [row] = records(sheets["Чаты"])
    assert (row["Начат"], row["Последнее сообщение"]) == (at(1), at(2))
    assert (row["Первые слова"], row["Последние слова"]) == ("Новость 1", "Новость 2")
    authors = {line["Кто"] for line in records(sheets["Сообщения"])}
    assert {row["Покупатель"], row["Кто писал последним"], *authors} == {"Avito"}
    assert (row["Входящих"], row["Первый ответ, мин"], row["Ждёт ответа"]) == (0, None, None)


def test_chats_that_avito_refused_are_there_and_say_so(tmp_path: Path) -> None:
    fresh, old = chat(said(0), id="fresh"), chat(said(0), id="old", is_cut=True)
    never = [HEAD._replace(id="never"), HEAD._replace(id="long ago", updated=NINE - DAY)]

    made = bound(
        tmp_path, [fresh, old], since=NINE, not_read=(*never, old.head._replace(updated=NINE + 1))
    )

    rows = records(read(made.files[0].path)["Чаты"])
    refused = "Не прочитан в этот раз: Avito не отдал"
    assert {row["Номер чата"]: row["Замечание"] for row in rows} == {
        "fresh": None,
        "old": f"{refused}. Начало переписки Avito не отдал",
        "never": refused,
    }
    assert made.chats == 3


def test_what_nobody_has_read_waits_for_no_answer(tmp_path: Path) -> None:
    made = bound(tmp_path, [], not_read=(HEAD,), which=Which.UNANSWERED)

    assert made.chats == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "2026-11-21"),
        ({"which": Which.UNREAD}, "непрочитанные_2026-11-21"),
        (
            {"which": Which.UNANSWERED, "since": NINE, "until": NINE + 2 * DAY},
            "без_ответа_с_2026-11-21_по_2026-11-23",
        ),
        ({"since": NINE - DAY}, "с_2026-11-20_по_2026-11-21"),
        ({"until": NINE - DAY}, "по_2026-11-20"),
    ],
)
def test_a_file_is_called_by_what_is_in_it(
    tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    [file] = bound(tmp_path, [], **more).files

    assert file.name == f"Мебель_у_дома_чаты_{words}.xlsx"


def test_hours_are_told_from_the_first_in_which_somebody_wrote_to_the_last(tmp_path: Path) -> None:
    def hours(transcript: Transcript, folder: Path) -> list[str]:
        summary = read(bound(folder, [transcript]).files[0].path)["Сводка"]
        return [row[0] for row in summary if row[0] and "–" in row[0] and ":00" in row[0]]

    assert hours(chat(said(0), said(125)), tmp_path) == [
        f"{hour}:00–{hour}:59" for hour in ("09", "10", "11")
    ]
    assert hours(chat(ours(0)), tmp_path) == []


def test_a_period_takes_its_messages_and_the_chat_s_whole_story(tmp_path: Path) -> None:
    old = [said(0), ours(30)]
    new = [said(24 * 60 + 1, "Ещё вопрос")]
    quiet = chat(*old, id="quiet")

    made = bound(tmp_path, [chat(*old, *new), quiet], since=NINE + DAY, until=NINE + 2 * DAY)

    sheets = read(made.files[0].path)
    assert made.chats == made.messages == made.unanswered == 1
    [row] = records(sheets["Чаты"])
    assert (row["Входящих"], row["Исходящих"], row["Первый ответ, мин"]) == (1, 0, 30)
    assert row["Начат"] == at(0)
    # Answered before the period, it says nothing of how fast people are answered in it.
    assert made.first_reply is None
    assert sheets["Сводка"][1][0] == "Сообщения с 22.11.2026 по 23.11.2026"


@pytest.mark.parametrize(
    ("which", "kept"),
    [(Which.ALL, ["a", "b", "c"]), (Which.UNREAD, ["b"]), (Which.UNANSWERED, ["b", "c"])],
)
def test_only_the_chats_asked_for_are_there(tmp_path: Path, which: Which, kept: list[str]) -> None:
    chats = [
        chat(said(0), ours(1), id="a"),
        chat(said(0, is_read=False), id="b"),
        chat(said(0), id="c"),
    ]

    made = bound(tmp_path, chats, which=which)

    sheets = read(made.files[0].path)
    assert [row["Номер чата"] for row in records(sheets["Чаты"])] == kept
    assert made.chats == len(kept)


def test_where_messages_do_not_say_what_is_unread_avitos_list_does(tmp_path: Path) -> None:
    chats = [
        chat(said(0, is_read=None), id="a"),
        chat(said(0), ours(1)._replace(is_read=None), id="b"),
    ]

    made = bound(tmp_path, chats, which=Which.UNREAD)

    sheets = read(made.files[0].path)
    assert [row["Номер чата"] for row in records(sheets["Чаты"])] == ["a"]
    assert ["С непрочитанным", 1] in [list(row[:2]) for row in sheets["Сводка"]]
    # Among all chats nobody knows that.
    sheets = read(bound(tmp_path, chats).files[0].path)
    assert ["С непрочитанным", 0] in [list(row[:2]) for row in sheets["Сводка"]]


def test_nothing_to_tell_is_told_too(tmp_path: Path) -> None:
    made = bound(tmp_path, [])

    sheets = read(made.files[0].path)
    assert [len(rows) for title, rows in sheets.items() if title != "Сводка"] == [1, 1, 1]
    assert (made.chats, made.first_reply) == (0, None)


def noise(number: int, lines: int) -> Transcript:
    """A chat that no archive makes much smaller."""
    chance = random.Random(number)
    texts = ["".join(chance.choices("абвгдежзийклмнопрст", k=150)) for _ in range(lines)]
    return chat(*(said(n, text) for n, text in enumerate(texts)), id=f"u2i-{number}")


@pytest.mark.parametrize("form", list(Form))
def test_files_over_the_limit_are_split_between_chats(tmp_path: Path, form: Form) -> None:
    limit = 60_000
    chats = [noise(number, 20) for number in range(40)]

    made = bound(tmp_path, chats, form=form, max_bytes=limit)

    count = len(made.files)
    assert count > 1
    ending = "xlsx" if form is Form.XLSX else "zip"
    assert [file.name for file in made.files] == [
        f"Мебель_у_дома_чаты_2026-11-21_часть_{number}_из_{count}.{ending}"
        for number in range(1, count + 1)
    ]
    assert all(limit // 3 < file.path.stat().st_size <= limit for file in made.files[:-1])
    told_chats, told_texts = [], []
    for file in made.files:
        sheets = read(file.path) if form is Form.XLSX else read_csv(file.path)
        own = [row["Номер чата"] for row in records(sheets["Чаты"])]
        messages = records(sheets["Сообщения"])
        assert {row["Номер чата"] for row in messages} == set(own)
        assert int(told_by(sheets["Сводка"], "Чаты", "Всего")) == len(chats)
        told_chats += own
        told_texts += [row["Текст"] for row in messages]
    assert told_chats == [one.head.id for one in chats]
    assert told_texts == [line.text for one in chats for line in one.lines]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        file.path.name for file in made.files
    )


def test_a_chat_that_no_file_can_hold_goes_on_in_the_next(tmp_path: Path) -> None:
    longest = noise(1, 800)

    made = bound(tmp_path, [longest], max_bytes=60_000)

    assert all(file.path.stat().st_size <= 60_000 for file in made.files)
    texts = [row["Текст"] for file in made.files for row in records(read(file.path)["Сообщения"])]
    assert texts == [line.text for line in longest.lines]
    assert made.chats == 1


def test_a_book_needs_no_room_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    assert bound(tmp_path, [chat(said(0))]).chats == 1


def test_a_book_given_up_leaves_nothing(tmp_path: Path) -> None:
    book = Book(order_for(tmp_path))

    book.discard()

    assert list(tmp_path.iterdir()) == []


# CSV


def read_csv(path: Path) -> dict[str, list[list[Any]]]:
    with ZipFile(path) as archive:
        return {
            name.removesuffix(".csv"): list(
                csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")), delimiter=";")
            )
            for name in archive.namelist()
        }


def test_csv_is_what_excel_in_russian_opens(tmp_path: Path) -> None:
    text = 'Да; "верно"\nи точка\x0b'
    lines = [said(0.5, text), ours(1), said(2, "89161234567 и 8 926 765 43 21")]

    made = bound(tmp_path, [chat(*lines)], form=Form.CSV)

    [file] = made.files
    assert file.name.endswith(".zip")
    with ZipFile(file.path) as archive:
        assert archive.read("Чаты.csv").startswith("\ufeffПокупатель;Объявление;".encode())
    sheets = read_csv(file.path)
    assert set(sheets) == {"Сводка", "Чаты", "Сообщения", "Без ответа"}
    message = records(sheets["Сообщения"])[0]
    assert message["Текст"] == text.removesuffix("\x0b")
    assert message["Время"] == "21.11.2026 09:00:30"
    [row] = records(sheets["Чаты"])
    assert (row["Цена"], row["Первый ответ, мин"]) == ("35000", "0,5")
    assert row["Чат в Avito"] == "https://www.avito.ru/profile/messenger/channel/u2i-1"
    assert row["Страница объявления"] == HEAD.url
    assert row["Телефоны из переписки"] == "+79161234567, +79267654321"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1+1", "\r=1", "+79161234567*2"]
)
def test_no_text_of_a_csv_is_computed(tmp_path: Path, text: str) -> None:
    made = bound(tmp_path, [chat(said(0, text), name=text, title=text)], form=Form.CSV)

    sheets = read_csv(made.files[0].path)
    for row in [*records(sheets["Чаты"]), *records(sheets["Сообщения"])]:
        assert row["Покупатель"].startswith("'")
        assert row["Объявление"].startswith("'")
    assert records(sheets["Сообщения"])[0]["Текст"].startswith("'")


@pytest.mark.parametrize("call", ["=1+1", "@SUM(A1)", "+cmd|'/C calc'!A0", "-IF(1)"])
@pytest.mark.parametrize("before", [",", "\t", "\n"])
def test_nor_is_what_stands_in_the_middle_of_it_where_others_split(
    tmp_path: Path, before: str, call: str
) -> None:
    ordinary = "Осталось:\n- диван (серый)\n-50%, +7 916 123-45-67; 2=2"
    lines = [said(0, f"Добрый день{before}{call}, спасибо"), said(1, ordinary)]

    made = bound(tmp_path, [chat(*lines)], form=Form.CSV)

    told, other = (row["Текст"] for row in records(read_csv(made.files[0].path)["Сообщения"]))
    assert told == f"Добрый день{before}'{call}, спасибо"
    assert other == ordinary


def test_hours_of_the_week_are_the_reader_s(tmp_path: Path) -> None:
    # Nine o'clock on Saturday in Moscow is still Friday evening in Honolulu.
    made = bound(tmp_path, [chat(said(0), said(13 * HOUR / MINUTE))], zone="Pacific/Honolulu")

    summary = read(made.files[0].path)["Сводка"]
    [evening] = [row for row in summary if row[0] == "20:00–20:59"]
    [morning] = [row for row in summary if row[0] == "09:00–09:59"]
    assert evening[1:9] == [None] * 4 + [1, None, None, 1]
    assert morning[1:9] == [None] * 5 + [1, None, 1]
