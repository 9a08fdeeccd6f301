"""The list of profiles, the card, renaming and deleting."""

from __future__ import annotations

from datetime import datetime

from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    ExportChoose,
    ExportMessenger,
    ProfileAdd,
    ProfileDelete,
    ProfileDeleteConfirm,
    ProfileKeys,
    ProfileRename,
    ProfileReport,
    ProfilesPage,
    ProfileView,
    ReportHistorical,
    ReportNow,
)
from bot.effects import Screen
from bot.keyboards import button, keyboard, pager
from bot.screens import problems
from bot.screens.parts import Line, named, screen
from bot.screens.schedule_words import describe_next, describe_waiting
from core.database.models import AvitoProfile
from core.services.profiles import NAME_LIMIT, Card, ProfilePage
from core.services.schedule import schedule_of
from utils.formatter import format_day, format_moment, format_money
from utils.plurals import plural


def listing(page: ProfilePage) -> Screen:
    if not page.total:
        return screen(
            Bold("📋 Профили Avito"),
            "",
            "Пока не подключён ни один. Подключите первый — и отчёт за вчера будет через минуту.",
            keyboard=keyboard([button("➕ Подключить профиль", ProfileAdd())]),
        )
    rows = [
        [button(f"{'⚠️' if profile.problem else '🏪'} {profile.profile_name}", _view(profile))]
        for profile in page.profiles
    ]
    heading = f"📋 Профили Avito: {page.total}"
    if page.pages > 1:
        heading += f", страница {page.number + 1} из {page.pages}"
    return screen(
        Bold(heading),
        "Выберите профиль, чтобы увидеть отчёт и настройки.",
        keyboard=keyboard(
            *rows,
            pager(page.number, page.pages, lambda number: ProfilesPage(page=number)),
            [button("➕ Подключить профиль", ProfileAdd())],
        ),
    )


def card(card: Card, now: datetime) -> Screen:
    profile = card.profile
    lines: list[Line] = [
        Bold(f"🏪 {profile.profile_name}"),
        "",
        f"Аккаунт Avito: {profile.user_id or 'ещё не подтверждён'}",
        f"Ключ: …{profile.client_id[-4:]}",
        _wallet_line(card, now),
        _numbers_line(card, now),
        *_schedule_lines(card, now),
        *(describe_waiting(each, schedule_of(profile).zone, now) for each in card.waiting),
    ]
    if profile.is_duplicate:
        lines += ["", "⚠️ Этот аккаунт Avito подключён у вас дважды: один из профилей лишний."]
    if profile.problem:
        lines += ["", f"⚠️ {problems.of_profile(profile.problem)}"]
    elif card.failure:
        lines += ["", f"⚠️ Последнее чтение не удалось: {problems.of_failure(card.failure)}"]
    return screen(
        *lines,
        keyboard=keyboard(
            [button("📈 Отчёт за вчера", ReportNow(profile_id=profile.id))],
            [button("🗓 Отчёт за другие дни", ReportHistorical(profile_id=profile.id))],
            [button("⏰ Отчёты по расписанию", ProfileReport(profile_id=profile.id))],
            [
                button("📤 Чаты в Excel", ExportMessenger(profile_id=profile.id)),
                button("⚙️ Какие чаты", ExportChoose(profile_id=profile.id)),
            ],
            [
                button("✏️ Переименовать", ProfileRename(profile_id=profile.id)),
                button("🔑 Заменить ключи", ProfileKeys(profile_id=profile.id)),
            ],
            [button("🗑 Удалить", ProfileDelete(profile_id=profile.id))],
            keyboards.to_list(),
        ),
    )


def ask_new_name(profile: AvitoProfile) -> Screen:
    return screen(
        f"Сейчас профиль называется {named(profile.profile_name)}.",
        "Пришлите новое название.",
        keyboard=keyboard(keyboards.cancel()),
    )


def renamed(profile: AvitoProfile) -> Screen:
    return screen(
        f"✅ Теперь профиль называется {named(profile.profile_name)}.",
        keyboard=keyboard(keyboards.to_card(profile.id)),
    )


def bad_name() -> Screen:
    return screen(
        f"Нужно название текстом, от 1 до {NAME_LIMIT} символов. Пришлите ещё раз.",
        keyboard=keyboard(keyboards.cancel()),
    )


def confirm_delete(profile: AvitoProfile, destinations: int) -> Screen:
    reports = ""
    if destinations:
        reports = (
            f" Отчёты уходят в {plural(destinations, 'чат', 'чата', 'чатов')}: и это прекратится."
        )
    return screen(
        Bold(f"Удалить профиль {named(profile.profile_name)}?"),
        "",
        "Ключи, накопленная статистика, прочитанные чаты и настройки отчётов этого профиля "
        "пропадут."
        f"{reports} Вернуть их нельзя.",
        keyboard=keyboard(
            [button("🗑 Да, удалить", ProfileDeleteConfirm(profile_id=profile.id))],
            [button("Оставить", _view(profile))],
        ),
    )


def gone() -> Screen:
    """In place of a placeholder whose profile is deleted."""
    return screen("Этот профиль удалён.")


def deleted(name: str, page: ProfilePage) -> Screen:
    rest = listing(page)
    done = screen(
        f"✅ Профиль {named(name)} удалён вместе с ключами, настройками, статистикой и чатами.",
        "",
        "",
    )
    return Screen(text=done.text + rest.text, keyboard=rest.keyboard)


def _view(profile: AvitoProfile) -> ProfileView:
    return ProfileView(profile_id=profile.id)


def _wallet_line(card: Card, now: datetime) -> Line:
    if card.wallet is None or card.wallet.real is None:
        return "Кошелёк: нет данных"
    line = f"Кошелёк: {format_money(card.wallet.real)}"
    if card.wallet.bonus:
        line += f" и {format_money(card.wallet.bonus)} бонусами"
    if card.wallet.advance is not None:
        line += f", аванс {format_money(card.wallet.advance)}"
    return f"{line} ({format_moment(card.wallet.taken_at, now)})"


def _numbers_line(card: Card, now: datetime) -> Line:
    if card.stats_read_at is None:
        return "Статистика ещё не прочитана"
    line = f"Статистика прочитана {format_moment(card.stats_read_at, now)}"
    if card.first_day is not None:
        line += f", история с {format_day(card.first_day)}"
    return line


def _schedule_lines(card: Card, now: datetime) -> list[Line]:
    if not card.destinations:
        return ["Отчёты по расписанию не настроены"]
    lines: list[Line] = []
    if not card.profile.is_report_active:
        lines.append("Отчёты по расписанию на паузе")
    elif card.next_due_at is None:
        lines.append("Отчёты по расписанию сейчас не приходят")
    else:
        zone = schedule_of(card.profile).zone
        lines.append(f"Отчёт по расписанию: {describe_next(card.next_due_at, zone, now)}")
    if card.refused:
        lines.append(
            f"⚠️ Недоступно мест для отчётов: {card.refused} из {card.destinations}, что делать — "
            "в «Отчётах по расписанию»"
        )
    return lines
