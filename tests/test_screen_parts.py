"""A word beneath a screen that stays as it was."""

from __future__ import annotations

from bot import jobs
from bot.effects import Screen
from bot.keyboards import keyboard, stop
from bot.screens import parts
from bot.screens.start import nothing_to_cancel

REPORT = Screen(text="отчёт", keyboard=keyboard())
SORRY = parts.screen("Не получилось.")


def test_a_remark_stands_beneath_and_the_next_one_takes_its_place() -> None:
    once = parts.with_remark(REPORT, SORRY)
    assert once == Screen(text="отчёт\n\n———\nНе получилось\\.", keyboard=REPORT.keyboard)
    assert parts.with_remark(once, SORRY) == once
    other = parts.with_remark(once, parts.screen("Снова нет"))
    assert other.text == "отчёт\n\n———\nСнова нет"


def test_the_buttons_stay_those_of_the_screen() -> None:
    assert parts.with_remark(REPORT, nothing_to_cancel()).keyboard == REPORT.keyboard


def test_where_there_is_no_room_for_both_the_remark_is_what_counts() -> None:
    long = Screen(text="я" * parts.MESSAGE_LIMIT, keyboard=REPORT.keyboard)
    assert parts.with_remark(long, SORRY) == Screen(text=SORRY.text, keyboard=REPORT.keyboard)


def test_work_in_a_message_leaves_what_stands_there_and_says_so_where_there_is_room() -> None:
    word = parts.screen("⏳ Читаю…", keyboard=keyboard(stop(7)))
    assert jobs.meanwhile(REPORT, word) == Screen(
        text="отчёт\n\n———\n⏳ Читаю…", keyboard=word.keyboard
    )
    full = Screen(text="я" * parts.CAPTION_LIMIT, keyboard=REPORT.keyboard, under_picture=True)
    assert jobs.meanwhile(full, word) == full.model_copy(update={"keyboard": word.keyboard})
