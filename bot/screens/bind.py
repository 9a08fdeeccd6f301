"""Setting a place for reports: Telegram's chooser, forwarded posts, links, words in a group."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from aiogram.types import (
    ChatAdministratorRights,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    DestinationPick,
    DestinationView,
    PlaceBind,
    PlaceProfiles,
    ProfileAdd,
    ReportSetChat,
    TrialTo,
)
from bot.effects import Screen
from bot.keyboards import button, keyboard, link, pager
from bot.screens.destination import UNNAMED, WHY_NOT, into, into_place, state_of, to_listing
from bot.screens.metric_words import describe_metrics
from bot.screens.parts import named, screen
from bot.screens.schedule_words import describe_schedule
from core.database.models import AvitoProfile
from core.services import metrics
from core.services.destinations import PLACES_LIMIT, Bound, Destination, Place, Refusal, Trouble
from core.services.profiles import ProfilePage
from core.services.schedule import schedule_of
from utils.metrics import USUAL

CANCEL = "❌ Отмена"
"""The only button of the reply keyboard that types its text."""


def ask_pick(profile: AvitoProfile) -> Screen:
    """Telegram shows its own list. Its answer tells only `request_id`: that names the profile."""
    group = KeyboardButtonRequestChat(
        request_id=profile.id, chat_is_channel=False, bot_is_member=True, request_title=True
    )
    channel = KeyboardButtonRequestChat(
        request_id=-profile.id,
        chat_is_channel=True,
        user_administrator_rights=_may_post(),
        bot_administrator_rights=_may_post(),
        request_title=True,
    )
    return screen(
        f"Куда присылать отчёты {named(profile.profile_name)}? Нажмите кнопку внизу и выберите "
        "чат: Telegram покажет те, где это возможно.",
        keyboard=ReplyKeyboardMarkup(
            keyboard=[
                [KeyboardButton(text="👥 Выбрать группу", request_chat=group)],
                [KeyboardButton(text="📢 Выбрать канал", request_chat=channel)],
                [KeyboardButton(text=CANCEL)],
            ],
            resize_keyboard=True,
            is_persistent=True,
        ),
    )


def ask_pick_again() -> Screen:
    return screen(f"Нажмите одну из кнопок внизу, а чтобы выйти — «{CANCEL}».")


def picked(title: str | None) -> Screen:
    return screen(
        f"Выбрано: {named(title)}." if title else "Чат выбран.", keyboard=ReplyKeyboardRemove()
    )


def keyboard_away() -> Screen:
    return screen("Выбор чата закрыт.", keyboard=ReplyKeyboardRemove())


def old_keyboard_away() -> Screen:
    return screen("Убрал кнопки выбора чата.", keyboard=ReplyKeyboardRemove())


def ask_forward(profile: AvitoProfile) -> Screen:
    return screen(
        Bold(f"↪️ Канал для отчётов {named(profile.profile_name)}"),
        "Перешлите сюда любой пост канала. Я должен быть в нём администратором с правом "
        "публиковать сообщения.",
        "",
        "Так можно выбрать только канал: в сообщении, пересланном из группы, Telegram не говорит, "
        "из какой оно группы.",
        keyboard=keyboard(
            [button("👥 Выбрать группу", DestinationPick(profile_id=profile.id))],
            keyboards.cancel(),
        ),
    )


def not_a_channel_post(profile_id: int) -> Screen:
    return screen(
        "По этому сообщению я не узнаю чат: подходит только пересланный пост канала. Перешлите "
        "другое или выберите группу из списка.",
        keyboard=keyboard(
            [button("👥 Выбрать группу", DestinationPick(profile_id=profile_id))],
            keyboards.cancel(),
        ),
    )


def choose_profile(
    page: ProfilePage,
    chat_id: int,
    thread_id: int,
    place: Place | None = None,
    there: Collection[AvitoProfile] = (),
) -> Screen:
    """For a place that is known already; as a `place` it is told only to who may set it.

    `there`: the profiles that report at it.
    """
    ticked = {profile.id for profile in there}
    rows = [
        [
            button(
                f"{'✅' if profile.id in ticked else '🏪'} {profile.profile_name}",
                PlaceBind(profile_id=profile.id, chat_id=chat_id, thread_id=thread_id),
            )
        ]
        for profile in page.profiles
    ]
    where = "этот чат" if chat_id > 0 else UNNAMED
    if place is not None:
        where = into_place(place)
    return screen(
        f"Отчёты какого профиля присылать в {where}?",
        keyboard=keyboard(
            *rows,
            pager(
                page.number,
                page.pages,
                lambda number: PlaceProfiles(chat_id=chat_id, thread_id=thread_id, page=number),
            ),
            keyboards.to_list(),
        ),
    )


def connect_first() -> Screen:
    return screen(
        "У вас пока нет подключённых профилей Avito. Подключите первый, и я предложу присылать "
        f"его отчёты в {UNNAMED}.",
        keyboard=keyboard([button("➕ Подключить профиль", ProfileAdd())], keyboards.to_list()),
    )


def channel_added(title: str, page: ProfilePage, chat_id: int) -> Screen:
    intro = screen(f"📢 Меня добавили в канал {named(title)}.", "", "")
    question = choose_profile(page, chat_id, 0)
    return Screen(text=intro.text + question.text, keyboard=question.keyboard)


def checking(job_id: int) -> Screen:
    return screen("⏳ Проверяю, могу ли я писать туда…", keyboard=keyboard(keyboards.stop(job_id)))


def bound(result: Bound, now: datetime) -> Screen:
    task, profile = result.destination.task, result.destination.profile
    if result.is_new:
        heading = f"✅ Отчёты {named(profile.profile_name)} будут приходить в {into(task)}"
    else:
        heading = f"Отчёты {named(profile.profile_name)} уже приходят в {into(task)}"
    return screen(
        Bold(heading),
        state_of(result.destination, now),
        *_unusual(result.destination),
        keyboard=keyboard(
            [button("📨 Прислать пробный", TrialTo(task_id=task.id))],
            [button("⚙️ Настроить это место", DestinationView(task_id=task.id))],
            [button("➕ Добавить ещё место", ReportSetChat(profile_id=profile.id))]
            if result.has_room
            else [],
            [
                button(
                    "➕ Ещё профиль в это место",
                    PlaceProfiles(chat_id=task.chat_id, thread_id=task.thread_id, page=0),
                )
            ]
            if result.has_others
            else [],
            keyboards.to_report(profile.id),
        ),
    )


def _unusual(destination: Destination) -> list[str]:
    """What reports show there, if it is not what anybody would expect of a new place."""
    keys = metrics.of_destination(destination)
    if keys == USUAL:
        return []
    return [f"В отчёте: {describe_metrics(keys)}. Изменить: «⚙️ Настроить это место»."]


def refused(profile: AvitoProfile, again: PlaceBind, why: Trouble | Refusal) -> Screen:
    return screen(
        Bold(f"❌ Отчёты {named(profile.profile_name)} туда пока не придут"),
        WHY_NOT[why],
        keyboard=keyboard([button("🔄 Проверить снова", again)], to_listing(profile.id)),
    )


def too_many(profile: AvitoProfile) -> Screen:
    return screen(
        Bold(f"❌ У отчётов {named(profile.profile_name)} уже {PLACES_LIMIT} мест"),
        "Больше настроить нельзя. Уберите место, которое больше не нужно, и добавьте это ещё раз.",
        keyboard=keyboard(to_listing(profile.id)),
    )


# What is read in the group itself


def bound_here(result: Bound) -> Screen:
    profile = result.destination.profile
    when = describe_schedule(schedule_of(profile))
    if not result.is_new:
        return screen(f"Отчёты {named(profile.profile_name)} уже приходят сюда: {when}.")
    return screen(f"✅ Отчёты {named(profile.profile_name)} будут приходить сюда: {when}.")


def ask_in_private(private_link: str) -> Screen:
    return screen(
        "Отчёты какого профиля присылать сюда? Выберите его в личном чате.",
        keyboard=keyboard([link("Выбрать профиль", private_link)]),
    )


def ask_who(private_link: str) -> Screen:
    return screen(
        "Сообщение отправлено от имени чата, и я не вижу, кто его написал. Откройте личный чат: "
        "там я проверю, что вы администратор, и настрою отчёты сюда.",
        keyboard=keyboard([link("Открыть личный чат", private_link)]),
    )


def nothing_to_bind(private_link: str) -> Screen:
    return screen(
        "У вас пока нет подключённых профилей Avito. Подключите первый в личном чате, и я "
        "предложу присылать его отчёты сюда.",
        keyboard=keyboard([link("Открыть личный чат", private_link)]),
    )


def _may_post() -> ChatAdministratorRights:
    return ChatAdministratorRights(
        is_anonymous=False,
        can_manage_chat=True,
        can_delete_messages=False,
        can_manage_video_chats=False,
        can_restrict_members=False,
        can_promote_members=False,
        can_change_info=False,
        can_invite_users=False,
        can_post_stories=False,
        can_edit_stories=False,
        can_delete_stories=False,
        can_send_welcome_messages=False,
        can_post_messages=True,
    )
