"""What is set: the overview of all profiles, and the settings of one profile's report."""

from __future__ import annotations

from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import ProfileAdd, ProfileReport, ReportNow, SettingsShow
from bot.effects import Screen
from bot.keyboards import button, keyboard, pager
from bot.screens.parts import Line, named, screen
from core.services.profiles import ProfilePage
from core.services.settings import ReportSettings
from utils.metrics import CATALOGUE
from utils.plurals import plural

_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")


def overview(page: ProfilePage, settings: list[ReportSettings]) -> Screen:
    if not page.total:
        return screen(
            Bold("⚙️ Что настроено"),
            "",
            "Пока ничего: не подключён ни один профиль.",
            keyboard=keyboard([button("➕ Подключить профиль", ProfileAdd())]),
        )
    lines: list[Line] = [Bold("⚙️ Что настроено"), ""]
    for one in settings:
        lines += [Bold(one.profile_name), *_in_words(one), ""]
    rows = [
        [button(f"⚙️ {one.profile_name}", ProfileReport(profile_id=one.profile_id))]
        for one in settings
    ]
    return screen(
        *lines[:-1],
        keyboard=keyboard(
            *rows,
            pager(page.number, page.pages, lambda number: SettingsShow(page=number)),
            keyboards.to_list(),
        ),
    )


def of_report(one: ReportSettings) -> Screen:
    return screen(
        Bold(f"⚙️ Настройки отчёта {named(one.profile_name)}"),
        "",
        *_in_words(one),
        keyboard=keyboard(
            [button("📈 Отчёт за вчера", ReportNow(profile_id=one.profile_id))],
            keyboards.to_card(one.profile_id),
        ),
    )


def _in_words(one: ReportSettings) -> list[Line]:
    chosen = len(one.metrics) if one.metrics is not None else len(CATALOGUE)
    lines: list[Line] = [f"Показатели: {chosen} из {len(CATALOGUE)}"]
    if not one.destinations:
        lines.append("Отчёты по расписанию: не настроены, отчёт приходит по кнопке")
        return lines
    where = plural(len(one.destinations), "чат", "чата", "чатов")
    lines += [
        f"Куда: {where}",
        f"Когда: {_frequency(one)} в {one.time:%H:%M}, зона {one.zone}",
        "Состояние: включено" if one.is_active else "Состояние: на паузе",
    ]
    return lines


def _frequency(one: ReportSettings) -> str:
    match one.frequency:
        case "interval":
            return f"раз в {plural(one.interval_days or 1, 'день', 'дня', 'дней')}"
        case "weekly":
            return "по " + ", ".join(_DAYS[day] for day in one.weekdays)
        case "monthly":
            return "раз в месяц"
        case _:
            return "ежедневно"
