"""May this bot do that in this chat? The answers are the real server's, in its order."""

from sandbox.telegram.bots import Bot
from sandbox.telegram.call import Call
from sandbox.telegram.errors import ApiError, bad_request, forbidden
from sandbox.telegram.model import GENERAL_TOPIC, IN_CHARGE, PRESENT, Chat


def known_chat(call: Call) -> Chat:
    """The chat of `chat_id`, whether or not the bot may write there."""
    value = call.text("chat_id")
    if not value:
        raise bad_request("chat_id is empty")
    if value.startswith("@"):
        return _public_chat(call, value[1:])
    chat = call.world.find_chat(call.bot, call.integer("chat_id"))
    if chat is None or (chat.bot_id is None and call.bot.id not in chat.members):
        raise _unknown(call)
    if chat.bot_id is not None and not chat.is_started:
        raise _unknown(call)
    return chat


def _public_chat(call: Call, username: str) -> Chat:
    for chat in call.world.chats.values():
        if (chat.username or "").lower() == username.lower():
            return chat
    raise bad_request("chat not found")


def _unknown(call: Call) -> ApiError:
    user_id = call.integer("chat_id")
    user = call.world.users.get(user_id)
    if user is not None and user.is_bot:
        return forbidden("bots can't send messages to bots")
    if user is not None and user_id in call.bot.known_users:
        return forbidden("bot can't initiate conversation with a user")
    return bad_request("chat not found")


def readable_chat(call: Call) -> Chat:
    chat = known_chat(call)
    if chat.type != "private":
        _check_membership(call.bot, chat)
    return chat


def writable_chat(call: Call) -> Chat:
    chat = known_chat(call)
    if chat.type == "private":
        _check_person(chat)
    else:
        _check_upgrade(chat)
        _check_membership(call.bot, chat)
        _check_right_to_post(call.bot, chat)
    return chat


def _check_person(chat: Chat) -> None:
    if chat.user is not None and chat.user.is_deactivated:
        raise forbidden("user is deactivated")
    if chat.is_blocked:
        raise forbidden("bot was blocked by the user")


def _check_upgrade(chat: Chat) -> None:
    if chat.migrated_to is not None:
        raise bad_request(
            "group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=chat.migrated_to.id,
        )
    if chat.is_deleted:
        raise forbidden("the group chat was deleted")


def _check_membership(bot: Bot, chat: Chat) -> None:
    status = chat.status_of(bot.id)
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if status not in PRESENT:
        raise forbidden(f"bot is not a member of the {chat.type} chat")


def _check_right_to_post(bot: Bot, chat: Chat) -> None:
    member = chat.members[bot.id]
    if chat.type == "channel" and (member.status not in IN_CHARGE or not member.can_send):
        raise bad_request("need administrator rights in the channel chat")
    if not member.can_send or (chat.is_closed and member.status not in IN_CHARGE):
        raise bad_request("not enough rights to send text messages to the chat")


def writable_thread(call: Call, chat: Chat) -> int | None:
    """The topic of `message_thread_id`; chats without topics ignore the parameter."""
    thread_id = call.integer("message_thread_id")
    if not chat.is_forum and chat.type != "private":
        return None
    if not thread_id:
        _check_open(chat, GENERAL_TOPIC, call.bot)
        return None
    topic = chat.topics.get(thread_id)
    if thread_id == GENERAL_TOPIC or topic is None or topic.is_deleted:
        raise bad_request("message thread not found")
    _check_open(chat, thread_id, call.bot)
    return thread_id


def _check_open(chat: Chat, thread_id: int, bot: Bot) -> None:
    topic = chat.topics.get(thread_id)
    # Administrators may write into a closed topic.
    if topic is not None and topic.is_closed and chat.status_of(bot.id) not in IN_CHARGE:
        raise bad_request("TOPIC_CLOSED")
