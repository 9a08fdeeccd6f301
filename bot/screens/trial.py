"""A trial of the scheduled report: where to, whether really, and that it is on its way."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import TrialSend, TrialTo
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens.destination import choice_of, into, paused_note
from bot.screens.parts import named, screen
from core.database.models import AvitoProfile, ReportTask
from core.services.destinations import Destination

NOWHERE = "Сначала выберите, куда отправлять отчёты."
REFUSED = "Туда сейчас нельзя отправить: вот что мешает."
UNDER_WAY = "Пробный отчёт туда уже в пути."


def choose(profile: AvitoProfile, tasks: Sequence[ReportTask]) -> Screen:
    return screen(
        Bold(f"📨 Куда прислать пробный отчёт {named(profile.profile_name)}?"),
        keyboard=keyboard(
            *([button(choice_of(profile, task), TrialTo(task_id=task.id))] for task in tasks),
            keyboards.to_report(profile.id),
        ),
    )


def confirm(destination: Destination, others: Sequence[Destination]) -> Screen:
    """`others` come in the same message."""
    task, profile = destination.task, destination.profile
    names = ", ".join(named(each.profile.profile_name) for each in (destination, *others))
    return screen(
        Bold(f"Прислать {'пробную сводку' if others else 'пробный отчёт'} в {into(task)}?"),
        "",
        f"{'Сводку' if others else 'Отчёт'} {names} увидят все, кто там есть.",
        *paused_note(destination),
        keyboard=keyboard(
            [button("📨 Да, прислать", TrialSend(task_id=task.id))],
            keyboards.to_report(profile.id),
        ),
    )


def under_way(destination: Destination) -> Screen:
    return screen(UNDER_WAY, keyboard=keyboard(keyboards.to_report(destination.profile.id)))


def on_its_way(told: Sequence[Destination]) -> Screen:
    first, *others = told
    names = ", ".join(named(each.profile.profile_name) for each in told)
    what = (
        f"Пробная сводка заказана: {names}. Она придёт"
        if others
        else f"Пробный отчёт {names} заказан: он придёт"
    )
    return screen(
        f"📨 {what} в {into(first.task)}, обычно меньше чем за минуту.",
        keyboard=keyboard(keyboards.to_report(first.profile.id)),
    )
