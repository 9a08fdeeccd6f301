"""Who comes and goes: bots in groups, blocks, upgrades to supergroups, and the updates of each."""

from typing import TYPE_CHECKING, Any

from sandbox.telegram.bots import Bot
from sandbox.telegram.model import PRESENT, Chat, Member, Status, User

if TYPE_CHECKING:
    from sandbox.telegram.world import World

Json = dict[str, Any]

_RIGHTS = (
    "can_be_edited",
    "can_manage_chat",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)
_ALLOWED_TO_RESTRICTED = (
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_react_to_messages",
    "can_edit_tag",
)


def member_json(chat: Chat, user: User) -> Json:
    """A ChatMember; somebody who never was there has "left"."""
    return status_json(chat, chat.members.get(user.id) or Member(user, "left"))


def status_json(chat: Chat, member: Member) -> Json:
    shown: Json = {"user": member.user.as_json(), "status": member.status}
    if member.status == "creator":
        shown["is_anonymous"] = member.is_anonymous
    elif member.status == "administrator":
        shown |= dict.fromkeys(_RIGHTS, False) | {"can_manage_chat": True}
        shown |= {"is_anonymous": member.is_anonymous, "can_delete_messages": member.can_delete}
        if chat.type == "channel":
            shown |= {"can_post_messages": member.can_send, "can_edit_messages": True}
    elif member.status == "restricted":
        shown |= dict.fromkeys(_ALLOWED_TO_RESTRICTED, False)
        shown |= {"is_member": True, "can_send_messages": member.can_send, "until_date": 0}
    elif member.status == "kicked":
        shown["until_date"] = 0
    return shown


def admit_bot(world: "World", chat: Chat, bot: Bot, by: User) -> None:
    """Bots of a channel are its administrators; there is no other way in for them."""
    status: Status = "administrator" if chat.type == "channel" else "member"
    set_bot_status(world, chat, bot, by, status)


def set_bot_status(world: "World", chat: Chat, bot: Bot, by: User, status: Status) -> Member:
    """Change what the bot is in a chat: it gets `my_chat_member`, people a service message."""
    before = chat.members.get(bot.id) or Member(bot.user, "left")
    was_present, is_present = before.status in PRESENT, status in PRESENT
    after = world.join(chat, bot.user, status)
    bot.known_users.add(by.id)
    _announce(world, chat, by, before, after)
    if chat.type != "channel" and is_present and not was_present:
        joined = [bot.user.as_json()]
        world.note(chat, by, new_chat_members=joined, new_chat_member=joined[0])
    elif chat.type != "channel" and was_present and not is_present:
        world.note(chat, by, left_chat_member=bot.user.as_json())
    return after


def restrict_bot(world: "World", chat: Chat, bot: Bot, by: User) -> None:
    """The bot stays and may not write; in a channel it is an administrator without that right."""
    before = chat.members[bot.id]
    after = world.join(chat, bot.user, "administrator" if chat.type == "channel" else "restricted")
    after.can_send = False
    _announce(world, chat, by, before, after)


def set_blocked(world: "World", chat: Chat, bot: Bot, *, blocked: bool) -> None:
    """The person of a private chat stops, or restarts, the bot."""
    if chat.user is None or chat.is_blocked == blocked:
        return
    chat.is_blocked = blocked
    states: tuple[Status, Status] = ("member", "kicked") if blocked else ("kicked", "member")
    before, after = (Member(bot.user, status) for status in states)
    _announce(world, chat, chat.user, before, after)


def migrate(world: "World", chat: Chat, by: User) -> Chat:
    """A group becomes a supergroup: a new id, two service messages, the old chat is dead."""
    upgraded = world.new_supergroup_like(chat)
    chat.migrated_to = upgraded
    world.note(chat, by, migrate_to_chat_id=upgraded.id)
    world.note(upgraded, by, migrate_from_chat_id=chat.id)
    return upgraded


def _announce(world: "World", chat: Chat, by: User, before: Member, after: Member) -> None:
    change = {"old_chat_member": status_json(chat, before)}
    change["new_chat_member"] = status_json(chat, after)
    bot = world.bot_of(after.user.id)
    world.emit(chat, "member", {"user_id": bot.id, "status": after.status})
    shown = {"chat": chat.as_json(), "from": by.as_json(), "date": world.unix_now(), **change}
    bot.updates.add("my_chat_member", shown)
