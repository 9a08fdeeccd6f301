"""Connecting an account and replacing its keys: the questions, the check, how it ends."""

from __future__ import annotations

from datetime import datetime

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import KeysAgain, KeyStep, PlaceBind, ProfileReport, ProfileView, ReportNow
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens import problems
from bot.screens.destination import into_place
from bot.screens.parts import Line, named, screen
from core.database.models import AccountSync, AvitoProfile
from core.errors import AvitoError, EmployeeKey, KeysRefused, RateLimited
from core.services.destinations import Place
from utils.formatter import format_day, format_moment

WHERE_KEYS_ARE = "Ключи лежат в кабинете: avito.ru/professionals/api"


def ask_name() -> Screen:
    return screen(
        Bold("➕ Подключение профиля, шаг 1 из 3"),
        "Как назвать профиль? Например: Основной магазин.",
        keyboard=keyboard(keyboards.cancel()),
    )


def ask_client_id(name: str) -> Screen:
    return screen(
        Bold("➕ Подключение профиля, шаг 2 из 3"),
        f"Название: {named(name)}.",
        f"Пришлите client_id. {WHERE_KEYS_ARE}",
        keyboard=keyboard(keyboards.cancel()),
    )


def ask_client_secret(client_id: str) -> Screen:
    return screen(
        Bold("➕ Подключение профиля, шаг 3 из 3"),
        f"client_id: {client_id}",
        "Пришлите client_secret. Сообщение с ним я сразу удалю, а хранить буду зашифрованным.",
        keyboard=keyboard(_fix_client_id(), keyboards.cancel()),
    )


def ask_new_client_id(profile: AvitoProfile) -> Screen:
    return screen(
        Bold(f"🔑 Новые ключи для {named(profile.profile_name)}, шаг 1 из 2"),
        "Прежние ключи действуют, пока новые не проверены.",
        f"Пришлите client_id. {WHERE_KEYS_ARE}",
        keyboard=keyboard(keyboards.cancel()),
    )


def ask_new_client_secret(client_id: str) -> Screen:
    return screen(
        Bold("🔑 Новые ключи, шаг 2 из 2"),
        f"client_id: {client_id}",
        "Пришлите client_secret. Сообщение с ним я сразу удалю.",
        keyboard=keyboard(_fix_client_id(), keyboards.cancel()),
    )


def bad_key(what: str) -> Screen:
    return screen(
        f"Это не похоже на {what}: нужна одна строка без пробелов и русских букв, до 200 "
        "символов. Пришлите ещё раз.",
        keyboard=keyboard(keyboards.cancel()),
    )


def secret_not_erased() -> Screen:
    return screen(
        "⚠️ Удалить сообщение с client_secret не получилось. Удалите его сами: "
        "секрет не должен оставаться в переписке."
    )


def keys_after_command() -> Screen:
    return screen(
        "Ключи вместе с командой не принимаю: сообщение удаляю, чтобы секрет не остался в "
        "переписке. Спрошу по порядку."
    )


def no_command_for_key() -> Screen:
    return screen(
        "Такой команды нет. Если это был ключ, пришлите его без «/» в начале: сообщение я на "
        "всякий случай удалил.",
        keyboard=keyboard(keyboards.cancel()),
    )


def still_checking() -> Screen:
    return screen("⏳ Ещё проверяю ключи. Это сообщение я удалил: вдруг в нём секрет.")


def checking(job_id: int) -> Screen:
    return screen(
        "⏳ Проверяю ключи в Avito: шаг 1 из 2…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def reading_history(job_id: int) -> Screen:
    return screen(
        "⏳ Ключи подошли. Читаю статистику за 270 дней: шаг 2 из 2…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def connected(
    profile: AvitoProfile,
    state: AccountSync | None,
    failure: AvitoError | None,
    now: datetime,
    wanted: Place | None = None,
) -> Screen:
    """`wanted`: where its owner wanted reports before he had any profile, and may have them."""
    lines: list[Line] = [
        Bold(f"✅ Профиль {named(profile.profile_name)} подключён"),
        f"Аккаунт Avito: {profile.user_id}",
    ]
    if state is not None and state.first_day is not None:
        lines.append(f"История чисел — с {format_day(state.first_day)}.")
    if isinstance(failure, RateLimited):
        lines.append(
            f"Новые числа Avito отдаст {format_moment(failure.retry_at, now)}: прочитаю их "
            "вместе с отчётом."
        )
    elif failure is not None:
        lines += ["", f"⚠️ Прочитать статистику не удалось. {problems.reason(failure)}"]
    if wanted is None:
        return screen(*lines, keyboard=_after(profile.id))
    here = PlaceBind(profile_id=profile.id, chat_id=wanted.chat_id, thread_id=wanted.thread_id)
    return screen(
        *lines,
        "",
        f"Присылать отчёты по расписанию в {into_place(wanted)}?",
        keyboard=keyboard([button("📍 Да, присылать туда", here)], *_ways_from(profile.id)),
    )


def already_connected(profile_id: int, name: str) -> Screen:
    return screen(
        f"Этот аккаунт Avito у вас уже подключён: профиль {named(name)}. Второй раз не нужно: "
        "его числа посчитались бы дважды.",
        keyboard=keyboard(
            [button("Открыть профиль", ProfileView(profile_id=profile_id))],
            keyboards.to_list(),
        ),
    )


def check_failed(
    client_id: str, failure: AvitoError, code: str | None, asks_again: bool
) -> Screen:
    lines: list[Line] = [
        Bold(_what_failed(failure)),
        f"client_id: {client_id}",
        "",
        _what_to_do(failure, asks_again),
    ]
    if code is not None:
        lines.append(f"Код: {code}")
    return screen(*lines, keyboard=keyboard(*_ways_on(failure, asks_again)))


def _ways_on(failure: AvitoError, asks_again: bool) -> list[keyboards.Row]:
    if not asks_again:
        return [keyboards.to_list()]
    if isinstance(failure, EmployeeKey):
        return [keyboards.cancel()]
    return [_fix_client_id(), keyboards.cancel()]


def _what_failed(failure: AvitoError) -> str:
    match failure:
        case KeysRefused():
            return "❌ Avito не принял эту пару ключей"
        case EmployeeKey():
            return "❌ Эти ключи не подойдут"
        case _:
            return "❌ Проверить ключи не получилось"


def _what_to_do(failure: AvitoError, asks_again: bool) -> str:
    why = "" if isinstance(failure, KeysRefused) else f"{problems.reason(failure)} "
    if not asks_again:
        return f"{why}Чтобы попробовать снова: /profiles"
    match failure:
        case EmployeeKey():
            return f"{why}Пришлите client_id основного аккаунта."
        case KeysRefused():
            again = "Пришлите client_secret ещё раз (последний шаг) или исправьте client_id."
        case _:
            again = "Когда Avito ответит, пришлите client_secret ещё раз (последний шаг)."
    return f"{why}Всё введённое, кроме секрета, сохранено. {again}"


def keys_replaced(profile: AvitoProfile) -> Screen:
    return screen(
        f"✅ Ключи профиля {named(profile.profile_name)} заменены.",
        keyboard=_after(profile.id),
    )


def another_account(profile: AvitoProfile) -> Screen:
    return screen(
        Bold("❌ Это ключи другого аккаунта Avito"),
        f"Профиль {named(profile.profile_name)} останется с прежними ключами. Другой аккаунт "
        "подключите отдельным профилем: /add_profile",
        keyboard=keyboard(keyboards.to_card(profile.id)),
    )


def _after(profile_id: int) -> InlineKeyboardMarkup:
    return keyboard(*_ways_from(profile_id))


def _ways_from(profile_id: int) -> list[keyboards.Row]:
    return [
        [button("📈 Отчёт за вчера", ReportNow(profile_id=profile_id))],
        [button("⏰ Отчёты по расписанию", ProfileReport(profile_id=profile_id))],
        keyboards.to_card(profile_id),
    ]


def _fix_client_id() -> keyboards.Row:
    return [button("✏️ Исправить client_id", KeysAgain(step=KeyStep.CLIENT_ID))]
