"""What a person reads when something did not work: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from aiogram.filters.callback_data import CallbackData
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import ProfileKeys
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens.parts import marked, screen
from core.database.repositories.delivery_states import PAUSED
from core.errors import (
    ABOUT_KEYS,
    AvitoError,
    BadRequest,
    DeliveryRefused,
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    ProductError,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    UnexpectedAnswer,
)
from core.services.destinations import Refusal, Trouble

NO_SUCH_PROFILE = "Такого профиля у вас нет: возможно, он удалён."
SHOWN_ELSEWHERE = "Сюда этот профиль отчётов не присылает. Откройте его в личном чате с ботом."
ANOTHER_REPORT = "В этом сообщении другой отчёт. Нажмите кнопку под тем, который нужен."
TOO_OLD = "Это сообщение слишком старое. Свежие числа покажет /stats или следующий отчёт."
REPORTS_NO_MORE = "Этот профиль больше не присылает сюда отчёты."
NO_SUCH_DESTINATION = "Этого места для отчётов у вас уже нет: возможно, его убрали."
ALREADY_RUNNING = "Уже выполняю, подождите немного."

_REASONS: dict[type[ProductError], str] = {
    KeysRefused: "Avito больше не принимает ключи профиля. Замените их.",
    EmployeeKey: (
        "Это ключи сотрудника компании: Avito показывает по ним пустой аккаунт. Нужны ключи "
        "основного аккаунта."
    ),
    SubscriptionRequired: (
        "Для этих данных у аккаунта нет подписки Avito. Подключите её в кабинете Avito."
    ),
    Forbidden: (
        "Avito не даёт доступ к этим данным: проверьте тариф и права аккаунта в кабинете Avito."
    ),
    NotFound: "На тарифе этого аккаунта таких данных у Avito нет.",
    BadRequest: "Avito не понял запрос. Это наша ошибка, мы о ней уже знаем.",
    RateLimited: "Avito отдаёт статистику не чаще раза в минуту. Повторите через минуту.",
    Unavailable: "Avito сейчас не отвечает. Попробуйте через несколько минут.",
    UnexpectedAnswer: (
        "Avito ответил не так, как обещает. Попробуйте позже; мы о сбое уже знаем."
    ),
}
_UNDELIVERED = {
    "too_late": "Бот долго не работал или не мог его собрать, и слать его стало поздно.",
    "lost_answer": "Связь с Telegram прервалась: дошёл ли он, неизвестно.",
    "outage": "Бот в это время не работал.",
    "defect": "Сбой на нашей стороне, мы о нём уже знаем.",
    PAUSED: "Вы поставили отчёты на паузу раньше, чем он ушёл.",
    # All these are over where they are read: a place that is still refused says so itself.
    Trouble.BLOCKED.value: (
        "Бот был остановлен: вы заблокировали его в Telegram. Теперь он снова может вам писать."
    ),
    Trouble.KICKED.value: "Бота тогда не было в том чате. Теперь он там есть.",
    Trouble.NO_RIGHTS.value: "Боту тогда нельзя было писать в тот чат. Теперь можно.",
    Trouble.CHAT_GONE.value: "Telegram тогда не находил тот чат. Теперь он есть.",
    Refusal.NOT_MEMBER.value: "Вас не было в том чате.",
    Refusal.NOT_ADMIN.value: "Вы не были администратором того канала.",
    "topic_gone": "Тема закрыта или удалена, поэтому он ушёл в общий чат группы.",
}
_TROUBLES: dict[type[Exception], str] = {
    KeysRefused: "Avito не принимает ключи профиля",
    BadRequest: "Avito не понял запрос бота",
    Unavailable: "Avito не отвечает",
    UnexpectedAnswer: "Avito ответил не так, как обещает",
    DeliveryRefused: "Telegram не принял отчёт по расписанию",
}
"""What the operator reads of the errors that he is told about."""
_BY_NAME = {kind.__name__: sentence for kind, sentence in _REASONS.items()}
_REFUSED = (
    "Telegram отказался его принять, почему — записано в журнале бота. Следующий уйдёт по "
    "расписанию."
)
_UNKNOWN = "Не получилось прочитать данные Avito."


def shown_later(seconds: float) -> str:
    return f"Telegram просит писать сюда реже. Покажу примерно через {ceil(seconds)} с."


def reason(error: Exception) -> str:
    """One sentence for an error of the core."""
    return _BY_NAME.get(type(error).__name__, _UNKNOWN)


def of_failure(name: str) -> str:
    """The same, from the class name that was stored with a failed read."""
    return _BY_NAME.get(name, _UNKNOWN)


of_profile = of_failure


def asks_for_keys(name: str | None) -> bool:
    """Whether new keys are what helps against a stored failure."""
    return name in ABOUT_KEYS


def of_delivery(problem: str) -> str:
    """Why a scheduled report did not arrive, from what is stored with its destination."""
    return _UNDELIVERED.get(problem) or _BY_NAME.get(problem) or _REFUSED


def short_incident(code: str) -> str:
    return f"Не получилось. Попробуйте ещё раз. Код: {code}"


def incident(code: str) -> Screen:
    return screen(
        "😔 Не получилось: сбой на нашей стороне, мы о нём уже знаем. Попробуйте ещё раз.",
        f"Код: {code}",
    )


def job_in_group(code: str) -> Screen:
    return screen("Отчёт сейчас не получился. Попробуйте позже.", f"Код: {code}")


def repeated(messages: Sequence[Screen]) -> list[Screen]:
    """The second copy of a message whose first may have arrived: it must say so."""
    mark = "🔁 Повтор: связь с Telegram прервалась, первая копия могла дойти."
    return marked(mark, messages)


def file_gone() -> Screen:
    """In place of a file that lay about for too long before Telegram could be reached."""
    return screen("Файл не сохранился. Соберите его ещё раз.")


def file_refused(file: Screen) -> Screen:
    """In place of a file that Telegram does not take; the way on from it stays."""
    words = screen("😔 Telegram не принял файл. Попробуйте собрать его ещё раз позже.")
    return words.model_copy(update={"keyboard": file.keyboard})


def of_job(
    error: ProductError, again: CallbackData | None, *, profile_id: int | None, code: str
) -> Screen:
    """How a job ends that could not do its work."""
    rows: list[keyboards.Row] = []
    if profile_id is not None:
        if isinstance(error, KeysRefused | EmployeeKey):
            rows.append([button("🔑 Заменить ключи", ProfileKeys(profile_id=profile_id))])
        elif again is not None:
            rows.append([button("🔄 Повторить", again)])
        rows.append(keyboards.to_card(profile_id))
    return screen(
        Bold("❌ Не получилось"), reason(error), f"Код: {code}", keyboard=keyboard(*rows)
    )


def for_operator(error: Exception, code: str, held_back: int) -> Screen:
    kind = type(error)
    if isinstance(error, AvitoError):
        trouble = f"{_TROUBLES.get(kind, 'Avito отказал')} ({error.endpoint})"
    else:
        trouble = _TROUBLES.get(kind) or f"Сбой в боте ({kind.__name__})"
    lines = [f"⚠️ {trouble}", f"Код: {code}, подробности в журнале."]
    if held_back:
        lines.append(f"Таких же за последнее время не показано: {held_back}.")
    return screen(*lines)
