"""What is set, profile by profile: /settings."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import ProfileAdd, ProfileReport, SettingsShow
from bot.effects import Screen
from bot.keyboards import button, keyboard, pager, shortened
from bot.screens import problems
from bot.screens.chats_words import EVERY, describe_kept
from bot.screens.parts import Line, screen
from bot.screens.schedule import in_words
from core.services.exports import chosen_every
from core.services.profiles import ProfilePage
from core.services.schedule import Every
from core.services.settings import ReportSettings
from utils.plurals import plural


def overview(page: ProfilePage, settings: list[ReportSettings], now: datetime) -> Screen:
    if not page.total:
        return screen(
            Bold("⚙️ Что настроено"),
            "",
            "Пока ничего: не подключён ни один профиль.",
            keyboard=keyboard([button("➕ Подключить профиль", ProfileAdd())]),
        )
    lines: list[Line] = [Bold("⚙️ Что настроено")]
    for one in settings:
        # As on its button: a page of the longest names would be no message any more.
        name = shortened(one.profile.profile_name)
        lines += ["", Bold(name), *_summary(one, now)]
    rows = [
        [button(f"⚙️ {one.profile.profile_name}", ProfileReport(profile_id=one.profile.id))]
        for one in settings
    ]
    return screen(
        *lines,
        keyboard=keyboard(
            *rows,
            pager(page.number, page.pages, lambda number: SettingsShow(page=number)),
            keyboards.to_list(),
        ),
    )


def _summary(one: ReportSettings, now: datetime) -> list[Line]:
    problem = one.profile.problem
    trouble = [f"⚠️ {problems.of_profile(problem)}"] if problem else []
    if not one.destinations:
        unset = "Отчёты по расписанию не настроены: отчёт приходит по кнопке."
        return [*trouble, unset, _chats(one)]
    return [*trouble, f"Куда: {_places(one)}", *in_words(one, now), _chats(one)]


def _chats(one: ReportSettings) -> str:
    chosen = Counter(map(chosen_every, one.destinations))
    said = [
        f"{EVERY[every].lower()} ({plural(chosen[every], 'место', 'места', 'мест')})"
        for every in Every
        if chosen[every]
    ]
    kept = describe_kept(one.profile)
    return f"Чаты файлом: {', '.join(said) or 'по кнопке'}. Прочитанное храню: {kept}"


def _places(one: ReportSettings) -> str:
    places = plural(len(one.destinations), "место", "места", "мест")
    refused = sum(task.suspended is not None for task in one.destinations)
    paused = sum(task.suspended is None and not task.is_active for task in one.destinations)
    idle = [f"недоступно: {refused}"] if refused else []
    idle += [f"на паузе: {paused}"] if paused else []
    return f"{places}, из них {', '.join(idle)}" if idle else places
