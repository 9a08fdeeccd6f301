"""What an owner is told in private about reports on schedule that did not simply arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    DeliveryResend,
    ProfileKeys,
    ReportSetChat,
    ReportShow,
    SendTo,
    TrialTo,
)
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens import problems
from bot.screens.destination import name_of
from bot.screens.parts import named, screen
from core.services.deliveries import Report
from utils.formatter import format_period
from utils.periods import Period
from utils.plurals import plural

NAMED = 10
"""Of the reports that one notice is about; the others are counted."""
TOO_LATE = "Этот отчёт уже отправлен ещё раз, или его больше нет."


def held(report: Report) -> Screen:
    """Nobody knows whether it arrived; its owner can look and decide."""
    return _notice(
        f"✋ Неизвестно, дошёл ли отчёт {_title(report)}",
        [report],
        "Связь с Telegram прервалась во время отправки. Загляните в чат: если всего отчёта там "
        "нет, отправьте его ещё раз.",
        action=button("🔁 Отправить ещё раз", DeliveryResend(delivery_id=report.delivery.id)),
    )


def sent_again(report: Report) -> Screen:
    return screen(
        f"🔁 Отправляю ещё раз отчёт {_title(report)}",
        f"Куда: {name_of(report.task)}. Вверху будет пометка, что это повтор.",
        keyboard=keyboard(keyboards.to_report(report.profile.id)),
    )


def trial_missed(report: Report) -> Screen:
    return screen(
        Bold(f"❌ Пробный отчёт {_title(report)} не пришёл"),
        f"Куда: {name_of(report.task)}",
        "",
        "За полчаса его не удалось собрать и отправить: не отвечал Avito или Telegram либо не "
        "работал бот. Расписание осталось как было.",
        keyboard=keyboard(
            [button("📨 Прислать пробный", TrialTo(task_id=report.task.id))],
            keyboards.to_report(report.profile.id),
        ),
    )


def on_demand_missed(report: Report) -> Screen:
    """A report that its owner had sent there by hand."""
    period = _period(report)
    return _notice(
        f"❌ Отчёт {_title(report)} не отправлен",
        [report],
        "За полчаса его не удалось собрать и отправить: не отвечал Avito или Telegram либо не "
        "работал бот. Сам он больше не уйдёт.",
        action=button(
            "📤 Отправить ещё раз",
            SendTo(task_id=report.task.id, first=period.first, last=period.last),
        ),
    )


def failed(report: Report) -> Screen:
    return _notice(
        f"❌ Отчёт {_title(report)} не отправлен",
        [report],
        "Telegram его не принял. Причина записана в журнал бота, следующий отчёт уйдёт по "
        "расписанию.",
        action=_now(report),
    )


def not_built(reports: Sequence[Report], why: str) -> Screen:
    """Avito gave nothing that a report could be made of; `reports` are of one profile."""
    first = reports[0]
    return _notice(
        f"❌ Отчёт {_title(first)} не отправлен",
        reports,
        problems.of_delivery(why),
        "Следующий отчёт — по расписанию. Пока причина та же, напоминать о ней каждый день не "
        "буду.",
        action=button("🔑 Заменить ключи", ProfileKeys(profile_id=first.profile.id))
        if problems.asks_for_keys(why)
        else _now(first),
    )


def waits_long(reports: Sequence[Report]) -> Screen:
    """Avito has given no numbers yet; `reports` are of one owner."""
    return _list(
        "⏳ Отчёт задерживается" if len(_by_title(reports)) == 1 else "⏳ Отчёты задерживаются",
        reports,
        "Avito пока не отдаёт числа. Спрашиваю дальше: как только отдаст, отчёт уйдёт. Если это "
        "затянется, уйдёт то, что уже известно, а если не известно ничего, напишу вам.",
    )


def stays_cut(reports: Sequence[Report]) -> Screen:
    """They came without the evening of their last day; `reports` are of one owner."""
    about = {(report.profile.id, _period(report)): report for report in reports}
    return _list(
        "✂️ Отчёт остался без части дня",
        reports,
        "Остаток последнего дня Avito так и не отдал, и сам я отчёт больше не дополню. Когда "
        "Avito снова ответит, возьмите отчёт за эти дни по кнопке.",
        actions=[
            button(
                f"📈 {report.profile.profile_name} за {format_period(period)}",
                ReportShow(profile_id=profile_id, first=period.first, last=period.last),
            )
            for (profile_id, period), report in about.items()
        ],
    )


def topic_gone(report: Report) -> Screen:
    """It went to the chat itself."""
    return _notice(
        f"⚠️ Отчёт {_title(report)} пришёл мимо темы",
        [report],
        "Тема закрыта или удалена, поэтому отчёт отправлен в общий чат группы. Откройте тему "
        "или выберите другое место.",
        action=button("📍 Куда приходят отчёты", ReportSetChat(profile_id=report.profile.id)),
    )


def _notice(
    heading: str, reports: Sequence[Report], *said: str, action: InlineKeyboardButton
) -> Screen:
    """About reports of one profile, with what can be done now."""
    return screen(
        Bold(heading),
        f"Куда: {', '.join(name_of(report.task) for report in reports)}",
        "",
        *said,
        keyboard=keyboard([action], keyboards.to_report(reports[0].profile.id)),
    )


def _list(
    heading: str,
    reports: Sequence[Report],
    *said: str,
    actions: Sequence[InlineKeyboardButton] = (),
) -> Screen:
    """About reports of several profiles, each with the places it goes to."""
    lines = [
        f"{title}: {', '.join(dict.fromkeys(name_of(report.task) for report in alike))}"
        for title, alike in _by_title(reports).items()
    ]
    unnamed = len(lines) - NAMED
    return screen(
        Bold(heading),
        *lines[:NAMED],
        *([f"и ещё {plural(unnamed, 'отчёт', 'отчёта', 'отчётов')}"] if unnamed > 0 else []),
        "",
        *said,
        keyboard=keyboard(*([action] for action in actions[:NAMED]), keyboards.to_list()),
    )


def _by_title(reports: Sequence[Report]) -> dict[str, list[Report]]:
    """What goes to several places is one report."""
    alike: defaultdict[str, list[Report]] = defaultdict(list)
    for report in reports:
        alike[_title(report)].append(report)
    return alike


def _title(report: Report) -> str:
    others = ""
    if report.joined:
        others = f" и ещё {plural(report.joined, 'профиля', 'профилей', 'профилей')}"
    return f"{named(report.profile.profile_name)}{others} за {format_period(_period(report))}"


def _now(report: Report) -> InlineKeyboardButton:
    """The report of the same days, however much later the button is pressed."""
    period = _period(report)
    target = ReportShow(profile_id=report.profile.id, first=period.first, last=period.last)
    return button(f"📈 Отчёт за {format_period(period)}", target)


def _period(report: Report) -> Period:
    return Period(report.delivery.first_day, report.delivery.last_day)
