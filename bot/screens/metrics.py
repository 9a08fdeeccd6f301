"""Which metrics reports show: the ticks, for all places of a profile or for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    DestinationMetrics,
    DestinationMetricsAll,
    DestinationMetricsSame,
    DestinationToggle,
    DestinationView,
    ReportCharacteristics,
    ReportMetricsAll,
    ReportMetricsEverywhere,
    ReportMetricsUsual,
    ReportToggle,
)
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard
from bot.screens.destination import name_of
from bot.screens.metric_words import describe_metrics
from bot.screens.parts import Line, named, screen
from core.database.models import AvitoProfile, ReportTask
from core.services import metrics
from core.services.destinations import Destination
from core.services.metrics import Choices, Keys
from utils.metrics import CATALOGUE

LAST_STAYS = "Нужен хотя бы один показатель: отчёт без чисел никому не нужен."

_SHORT = {
    "cr": "Конверсия",
    "cpl": "Цена контакта",
    "cpv": "Цена просмотра",
    "active_items": "Объявления",
    "contacts_phone": "По телефону",
    "contacts_chat": "В чате",
    "orders": "Заказы",
    "orders_sum": "Сумма заказов",
    "bonus_spending": "Бонусы",
    "calls_missed": "Пропущенные",
}
"""Names for half of a phone's width, where a label is longer."""
_HOW = "Отметьте нужное: каждое нажатие действует сразу."


def choose(choices: Choices) -> Screen:
    profile = choices.profile
    lines: list[Line] = [
        Bold(f"📋 Что показывать в отчётах {named(profile.profile_name)}?"),
        "",
    ]
    lines += [
        f"• {_named(task, profile)}: {describe_metrics(choices.of(task))}"
        for task in choices.places
    ]
    if not any(_is_own_chat(task, profile) for task in choices.places):
        lines.append(f"• личный чат с ботом (по кнопке): {describe_metrics(choices.common)}")
    return screen(
        *lines,
        "",
        "Где изменить?",
        keyboard=keyboard(
            [button("📋 Везде одинаково", ReportMetricsEverywhere(profile_id=profile.id))],
            *([button(name_of(t), DestinationMetrics(task_id=t.id))] for t in choices.places),
            keyboards.to_report(profile.id),
        ),
    )


def everywhere(choices: Choices) -> Screen:
    profile, keys = choices.profile, choices.common
    about = {"profile_id": profile.id}
    remarks: list[Line] = ["", *_otherwise(choices)] if choices.differing else []
    return screen(
        Bold(f"📋 Что показывать в отчётах {named(profile.profile_name)}"),
        "Во всех местах: в отчётах по расписанию и по кнопке.",
        "",
        f"Сейчас: {describe_metrics(keys)}. {_HOW}",
        *remarks,
        keyboard=keyboard(
            *_ticks(keys, lambda key: ReportToggle(metric=key, **about)),
            [
                button(f"Все {len(CATALOGUE)}", ReportMetricsAll(**about)),
                button("Как обычно", ReportMetricsUsual(**about)),
            ],
            _back(choices),
        ),
    )


def here(destination: Destination) -> Screen:
    task, profile = destination.task, destination.profile
    keys = metrics.of_destination(destination)
    return screen(
        Bold(f"📋 Что показывать: {name_of(task)}"),
        f"Отчёты профиля {named(profile.profile_name)} в этом месте: по расписанию и по кнопке. "
        "Другие места не изменятся.",
        "",
        f"Сейчас: {describe_metrics(keys)}. {_HOW}",
        keyboard=keyboard(
            *_ticks(keys, lambda key: DestinationToggle(task_id=task.id, metric=key)),
            [
                button(f"Все {len(CATALOGUE)}", DestinationMetricsAll(task_id=task.id)),
                button("Как в профиле", DestinationMetricsSame(task_id=task.id)),
            ],
            [button("« К этому месту", DestinationView(task_id=task.id))],
            keyboards.to_report(profile.id),
        ),
    )


def _named(task: ReportTask, profile: AvitoProfile) -> str:
    return name_of(task) + (" (и по кнопке)" if _is_own_chat(task, profile) else "")


def _is_own_chat(task: ReportTask, profile: AvitoProfile) -> bool:
    """Where its owner presses the buttons."""
    return task.chat_id == profile.owner_id


def _otherwise(choices: Choices) -> list[Line]:
    """What a press here is going to change besides what it shows."""
    lines: list[Line] = [
        f"⚠️ {name_of(task)}: сейчас {describe_metrics(choices.of(task))}"
        for task in choices.differing
    ]
    return [*lines, "После нажатия будет одинаково везде."]


def _ticks(keys: Keys, target: Callable[[str], CallbackData]) -> list[Row]:
    buttons = [
        button(
            f"{'✅' if metric.key in keys else '▫️'} {_SHORT.get(metric.key, metric.label)}",
            target(metric.key),
        )
        for metric in CATALOGUE
    ]
    return _in_pairs(buttons)


def _in_pairs(buttons: Sequence[InlineKeyboardButton]) -> list[Row]:
    return [list(buttons[start : start + 2]) for start in range(0, len(buttons), 2)]


def _back(choices: Choices) -> Row:
    if choices.is_one:
        return keyboards.to_report(choices.profile.id)
    about = ReportCharacteristics(profile_id=choices.profile.id)
    return [button("« К выбору места", about)]
