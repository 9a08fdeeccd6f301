"""A report about chosen days to where the scheduled ones go: where to, and whether really."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.utils.formatting import Bold, Italic

from bot import keyboards
from bot.callbacks import SendReally, SendTo
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens.destination import choice_of, into, paused_note
from bot.screens.parts import named, screen
from core.database.models import AvitoProfile, ReportTask
from core.services.destinations import Destination
from utils.formatter import format_period
from utils.periods import Period

NOWHERE = "Отчёты больше никуда не уходят: отправлять некуда."


def choose(profile: AvitoProfile, tasks: Sequence[ReportTask], period: Period) -> Screen:
    return screen(
        Bold(f"📤 Куда отправить отчёт {named(profile.profile_name)}?"),
        Italic(format_period(period)),
        keyboard=keyboard(
            *(
                [
                    button(
                        choice_of(profile, task),
                        SendTo(task_id=task.id, first=period.first, last=period.last),
                    )
                ]
                for task in tasks
            ),
            keyboards.to_report(profile.id),
        ),
    )


def confirm(destination: Destination, period: Period) -> Screen:
    task, profile = destination.task, destination.profile
    send = SendReally(task_id=task.id, first=period.first, last=period.last)
    return screen(
        Bold(f"Отправить отчёт в {into(task)}?"),
        Italic(format_period(period)),
        "",
        f"Отчёт {named(profile.profile_name)} увидят все, кто там есть: "
        "с показателями, которые выбраны для этого места.",
        *paused_note(destination),
        keyboard=keyboard([button("📤 Да, отправить", send)], keyboards.to_report(profile.id)),
    )


def on_its_way(destination: Destination, period: Period) -> Screen:
    name = named(destination.profile.profile_name)
    return screen(
        f"📤 Отчёт {name} за {format_period(period)} придёт в {into(destination.task)}, "
        "обычно меньше чем за минуту.",
        keyboard=keyboard(keyboards.to_report(destination.profile.id)),
    )


def under_way(destination: Destination, period: Period) -> Screen:
    return screen(
        f"Отчёт за {format_period(period)} туда уже в пути.",
        keyboard=keyboard(keyboards.to_report(destination.profile.id)),
    )
