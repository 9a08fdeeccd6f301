"""The first screens: greeting, help, what cannot be done here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import ExportMessenger, ProfileAdd, ReportNow
from bot.effects import Screen
from bot.keyboards import Row
from bot.screens.destination import to_listing
from bot.screens.parts import screen


@cache
def greeting(*, is_known: bool) -> Screen:
    """`is_known`: there are profiles already."""
    return screen(
        Bold("👋 Это Avito Analytics Bot"),
        "",
        "Показываю, что принесли деньги на Avito: просмотры, контакты, расходы и баланс — "
        "по каждому профилю, с изменением к прошлому дню.",
        "",
        "Откройте профиль, чтобы увидеть отчёт, или подключите ещё один."
        if is_known
        else "Чтобы увидеть первый отчёт, подключите профиль: понадобятся client_id и "
        "client_secret из кабинета Avito для бизнеса.",
        keyboard=keyboards.main_menu(),
    )


@cache
def help_text() -> Screen:
    return screen(
        Bold("Три шага до первого отчёта"),
        "1. Откройте avito.ru/professionals/api и скопируйте client_id и client_secret "
        "основного аккаунта (ключи сотрудника не подойдут).",
        "2. Пришлите их сюда: /add_profile. Сообщение с секретом я сразу удалю, хранится он "
        "только зашифрованным.",
        "3. В карточке профиля нажмите «Отчёт за вчера» или «Отчёт за другие дни». А чтобы он "
        "приходил сам — «Отчёты по расписанию». Переписка с покупателями — «Чаты в Excel».",
        "",
        Bold("Команды"),
        "/profiles — профили и отчёты",
        "/add_profile — подключить профиль Avito",
        "/settings — что настроено",
        "/stats — сводка там, куда приходят отчёты: в группе, канале, теме или здесь",
        "/bind — в группе или теме: присылать отчёты туда",
        "/cancel — прервать начатое",
        "/help — эта подсказка",
        keyboard=keyboards.main_menu(with_help=False),
    )


def group_hint(link: str) -> Screen:
    return screen(
        "Профили и ключи настраиваются в личном чате с ботом: здесь их увидели бы все.",
        "",
        "/stats — сводка по профилям этого чата",
        "/bind — присылать отчёты сюда",
        keyboard=keyboards.keyboard([keyboards.link("Открыть личный чат", link)]),
    )


def secret_in_group(link: str) -> Screen:
    return screen(
        Bold("⚠️ Похоже, в группу отправлен ключ Avito."),
        "Здесь я его не принимаю, а прочитать его могли все. Перевыпустите ключ в кабинете "
        "Avito и пришлите новый в личном чате.",
        keyboard=keyboards.keyboard([keyboards.link("Открыть личный чат", link)]),
    )


def secret_stays_in_group() -> Screen:
    return screen(
        "Удалить сообщение с ключом я здесь не могу: удалите его сами или сделайте меня "
        "администратором с правом удалять сообщения."
    )


def not_understood() -> Screen:
    return screen(
        "Не понял это сообщение. Выберите, что сделать, или откройте /help.",
        keyboard=keyboards.main_menu(),
    )


def unknown_command() -> Screen:
    return screen(
        "Такой команды нет. Вот что я умею: /help",
        keyboard=keyboards.main_menu(),
    )


def nothing_to_cancel() -> Screen:
    return screen("Отменять нечего.", keyboard=keyboards.main_menu())


def left_behind(dialogue: str) -> Screen:
    return screen(f"Прервано: {DIALOGUES[dialogue]}.")


def cancelled(what: str, back: Row | None = None) -> Screen:
    return screen(f"Прервано: {what}.", keyboard=keyboards.keyboard(back) if back else _anywhere())


def way_back(dialogue: str, profile_id: int | None) -> Row | None:
    """To where a dialogue about a profile began."""
    return None if profile_id is None else _BEGAN_AT[dialogue](profile_id)


def stopped(kind: str, profile_id: int | None) -> Screen:
    """One piece of work that was stopped, and the way back to what it was about."""
    what = f"⏹ Остановлено: {JOBS[kind]}."
    if profile_id is None:
        return screen(what, keyboard=_anywhere())
    again: dict[str, Row] = {
        "export": [keyboards.button("📤 Чаты в Excel", ExportMessenger(profile_id=profile_id))]
    }
    report = [keyboards.button("📈 Отчёт за вчера", ReportNow(profile_id=profile_id))]
    again |= dict.fromkeys(("report", "listings"), report)
    return screen(
        what,
        keyboard=keyboards.keyboard(again.get(kind, []), keyboards.to_card(profile_id)),
    )


def taken_up(job_id: int, kind: str) -> Screen:
    """The placeholder of work that waited until its person let the bot write to him."""
    return screen(
        f"⏳ Теперь могу вам писать. Продолжаю: {JOBS[kind]}.",
        keyboard=keyboards.keyboard(keyboards.stop(job_id)),
    )


def no_longer() -> Screen:
    """In place of a placeholder whose work was stopped by a command."""
    return screen("⏹ Остановлено.")


def left_over() -> Screen:
    """In place of a placeholder whose work is gone."""
    return screen(
        "Это уже закончено: результат, если он был, в другом сообщении.",
        keyboard=keyboards.keyboard(keyboards.to_list()),
    )


def _anywhere() -> InlineKeyboardMarkup:
    return keyboards.keyboard(
        keyboards.to_list(), [keyboards.button("➕ Подключить профиль", ProfileAdd())]
    )


BUTTON_IS_OLD = "Эта кнопка устарела. Вот что сейчас."
ALREADY_OVER = "Это уже закончено."


DIALOGUES = {
    "Connect": "подключение профиля, ключи не сохранены",
    "ReplaceKeys": "замена ключей, прежние остались в силе",
    "Rename": "переименование, название осталось прежним",
    "SetSchedule": "настройка расписания, всё уже выбранное действует",
    "History": "выбор дней для отчёта",
    "Bind": "выбор места для отчётов, всё осталось как было",
    "ExportChats": "выбор дней для выгрузки чатов",
}
"""What was left, by the group of states; for `/cancel` and for a command inside a dialogue."""

_BEGAN_AT: dict[str, Callable[[int], Row]] = {
    "ReplaceKeys": keyboards.to_card,
    "Rename": keyboards.to_card,
    "SetSchedule": keyboards.to_report,
    "Bind": to_listing,
    "History": keyboards.to_card,
    "ExportChats": keyboards.to_card,
}

JOBS = {
    "connect": "проверка ключей, профиль не подключён",
    "replace_keys": "проверка ключей, прежние остались в силе",
    "first_read": "чтение статистики, профиль подключён",
    "report": "сбор отчёта",
    "report_excel": "сбор отчёта в Excel",
    "export": "выгрузка чатов",
    "export_parked": "выгрузка чатов",
    "export_due": "выгрузка чатов по расписанию",
    "listings": "чтение объявлений",
    "stats": "сбор сводки",
    "choose_profile": "выбор профиля для чата, ничего не изменилось",
    "bind": "проверка чата, отчёты туда не придут",
    "check_place": "проверка чата",
    "unpause": "проверка чата, место осталось на паузе",
    "trial": "пробный отчёт, он не отправлен",
    "send_report": "отчёт в чат, он не отправлен",
    "send_again": "повтор отчёта, он не отправлен",
    "forget_chats": "удаление старых сообщений, срок хранения уже действует",
    "chats_here": "проверка чата, файлы с чатами туда не придут",
}
"""What was stopped, by the kind of job."""
