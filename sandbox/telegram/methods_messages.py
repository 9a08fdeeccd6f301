"""Sending, editing and deleting messages."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.telegram.access import known_chat, writable_chat, writable_thread
from sandbox.telegram.call import Call
from sandbox.telegram.entities import (
    MAX_TEXT,
    EntityParseError,
    Formatted,
    trimmed,
    utf16_length,
    with_found,
)
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import MAX_PHOTO, StoredFile, Upload, image_size
from sandbox.telegram.keyboards import checked_markup
from sandbox.telegram.markdown import parse_markdown_v2
from sandbox.telegram.markup_html import parse_html
from sandbox.telegram.model import IN_CHARGE, Chat, Json, Message

MAX_CAPTION = 1024
DELETABLE_SECONDS = 48 * 3600
_PARSERS = {"markdownv2": parse_markdown_v2, "html": parse_html}
_ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"}
    | {"upload_document", "choose_sticker", "find_location", "record_video_note"}
    | {"upload_video_note"}
)


def formatted(call: Call, field: str, entities_field: str) -> Formatted:
    """The text of a parameter by `parse_mode` or explicit entities, as people will get it."""
    source, mode = call.text(field), call.text("parse_mode").lower()
    if not mode or mode == "none":
        return with_found(trimmed(source, call.items(entities_field, "MessageEntity")))
    if mode not in _PARSERS:
        raise bad_request("unsupported parse_mode")
    try:
        parsed = _PARSERS[mode](source)
    except EntityParseError as error:
        raise bad_request(f"can't parse entities: {error}") from None
    for entity in parsed.entities:
        if entity["type"] == "text_mention":
            user = call.world.users.get(entity["user"]["id"])
            entity["user"] = user.as_json() if user else entity["user"]
    return with_found(trimmed(parsed.text, parsed.entities))


def _checked_text(call: Call, too_long: str) -> Formatted:
    body = formatted(call, "text", "entities")
    if not body.text:
        raise bad_request("message text is empty")
    if utf16_length(body.text) > MAX_TEXT:
        raise bad_request(too_long)
    return body


def _checked_caption(call: Call, too_long: str) -> Formatted:
    body = formatted(call, "caption", "caption_entities")
    if utf16_length(body.text) > MAX_CAPTION:
        raise bad_request(too_long)
    return body


def _markup(call: Call) -> Json | None:
    return checked_markup(call.parsed("reply_markup", "reply keyboard markup"))


# Sending


def send_message(call: Call) -> Json:
    chat = writable_chat(call)
    thread_id = writable_thread(call, chat)
    body = _checked_text(call, "message is too long")
    message = _draft(call, chat, thread_id)
    message.text, message.entities = body.text, body.entities
    return call.world.publish(message).as_json()


def send_document(call: Call) -> Json:
    return _send_media(call, "document")


def send_photo(call: Call) -> Json:
    return _send_media(call, "photo")


def _send_media(call: Call, field: str) -> Json:
    chat = writable_chat(call)
    thread_id = writable_thread(call, chat)
    if field == "photo" and not chat.allows_photos:
        raise bad_request("not enough rights to send photos to the chat")
    body = _checked_caption(call, "message caption is too long")
    media = _MEDIA[field](_stored(call, field, field))
    message = _draft(call, chat, thread_id)
    message.caption, message.entities, message.extra[field] = body.text, body.entities, media
    return call.world.publish(message).as_json()


def _draft(call: Call, chat: Chat, thread_id: int | None) -> Message:
    """Everything is checked before the message takes an id: a refused call leaves no gap."""
    markup, reply_to = _markup(call), _reply_target(call, chat)
    in_channel = chat.type == "channel"
    message = call.world.new_message(
        chat,
        call.bot.user,
        sender_chat=chat if in_channel else None,
        markup=markup,
        thread_id=thread_id,
        reply_to=reply_to,
        is_silent=call.flag("disable_notification"),
    )
    if call.flag("protect_content"):
        message.extra["has_protected_content"] = True
    return message


def _reply_target(call: Call, chat: Chat) -> Message | None:
    parameters = call.parsed("reply_parameters") or {}
    message_id = parameters.get("message_id") or call.integer("reply_to_message_id")
    if not message_id:
        return None
    target = chat.messages.get(int(message_id))
    if target is not None and not target.is_deleted:
        return target
    if parameters.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _stored(call: Call, field: str, kind: str) -> StoredFile:
    """The file that a field names or brings; `kind` is what it is to become."""
    value = call.text(field)
    upload = call.uploads.get(value.removeprefix("attach://") if value else field)
    if upload is not None:
        _check_upload(upload, kind)
        return call.world.files.keep(upload, f"{kind}s")
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    stored = call.world.files.by_id(value)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return stored


def _check_upload(upload: Upload, kind: str) -> None:
    if kind != "photo" or not upload.data:
        return
    if len(upload.data) > MAX_PHOTO:
        raise bad_request(f"file of size {len(upload.data)} bytes is too big for a photo")
    size = image_size(upload.data)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > 10_000 or max(size) > 20 * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _document_json(stored: StoredFile) -> Json:
    return {"file_name": stored.name, "mime_type": stored.mime_type, **stored.as_json()}


def _photo_json(stored: StoredFile) -> list[Json]:
    width, height = image_size(stored.data) or (0, 0)
    return [{**stored.as_json(), "width": width, "height": height}]


_MEDIA: Mapping[str, Callable[[StoredFile], Any]] = {
    "document": _document_json,
    "photo": _photo_json,
}


def send_chat_action(call: Call) -> bool:
    chat = writable_chat(call)
    action = call.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.emit(chat, "action", {"bot_id": call.bot.id, "action": action})
    return True


# Editing


def edit_message_text(call: Call) -> Json:
    message = _editable(call)
    body = _checked_text(call, "MESSAGE_TOO_LONG")
    markup = _markup(call)
    if message.text is None:
        raise bad_request("there is no text in the message to edit")
    _refuse_same(message, message.text, body, markup)
    message.text = body.text
    return _edited(call, message, body, markup)


def edit_message_caption(call: Call) -> Json:
    message = _editable(call)
    body = _checked_caption(call, "MEDIA_CAPTION_TOO_LONG")
    markup = _markup(call)
    if message.caption is None:
        raise bad_request("there is no caption in the message to edit")
    _refuse_same(message, message.caption, body, markup)
    message.caption = body.text
    return _edited(call, message, body, markup)


def edit_message_media(call: Call) -> Json:
    """Another picture or document, or one in place of a text."""
    message = _editable(call)
    media = call.nested("media", "InputMedia")
    field = media.text("type")
    if field not in _MEDIA:
        raise bad_request("InputMedia has unsupported type")
    body = _checked_caption(media, "MEDIA_CAPTION_TOO_LONG")
    markup = _markup(call)
    shown = _MEDIA[field](_stored(media, "media", field))
    for other in _MEDIA:
        message.extra.pop(other, None)
    message.text, message.caption, message.extra[field] = None, body.text, shown
    return _edited(call, message, body, markup)


def edit_message_reply_markup(call: Call) -> Json:
    message = _editable(call)
    markup = _markup(call)
    body = Formatted(message.words, message.entities)
    _refuse_same(message, message.words, body, markup)
    return _edited(call, message, body, markup)


def _editable(call: Call) -> Message:
    chat = writable_chat(call)
    message = _existing(call, chat, "message to edit not found")
    # A message that brought a reply keyboard can never be edited.
    has_other_markup = message.markup is not None and "inline_keyboard" not in message.markup
    if not message.is_from(call.bot.id) or message.is_service or has_other_markup:
        raise bad_request("message can't be edited")
    return message


def _existing(call: Call, chat: Chat, otherwise: str) -> Message:
    if not call.text("message_id"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(call.integer("message_id"))
    if message is None or message.is_deleted:
        raise bad_request(otherwise)
    return message


def _refuse_same(message: Message, words: str, body: Formatted, markup: Json | None) -> None:
    before = (words, message.entities, message.markup)
    if before == (body.text, body.entities, markup):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are"
            " exactly the same as a current content and reply markup of the message"
        )


def _edited(call: Call, message: Message, body: Formatted, markup: Json | None) -> Json:
    message.entities, message.markup = body.entities, markup
    call.world.changed(message)
    return message.as_json()


# Deleting


def delete_message(call: Call) -> bool:
    chat = known_chat(call)
    message = _existing(call, chat, "message to delete not found")
    _check_deletable(call, message)
    call.world.delete(message)
    return True


def delete_messages(call: Call) -> bool:
    """Ids that are gone already are passed over in silence."""
    chat = known_chat(call)
    ids = call.items("message_ids", "message identifiers")
    if not 1 <= len(ids) <= 100:
        raise bad_request(
            "too many message identifiers specified"
            if ids
            else "message identifiers are not specified"
        )
    found = [chat.messages[int(i)] for i in ids if int(i) in chat.messages]
    doomed = [message for message in found if not message.is_deleted]
    for message in doomed:
        _check_deletable(call, message)
    for message in doomed:
        call.world.delete(message)
    return True


def _check_deletable(call: Call, message: Message) -> None:
    chat, bot = message.chat, call.bot
    member = chat.members.get(bot.id)
    in_charge = member is not None and member.status in IN_CHARGE and member.can_delete
    if chat.type != "private" and not in_charge and not message.is_from(bot.id):
        raise bad_request("message can't be deleted")
    is_old = call.world.unix_now() - message.date > DELETABLE_SECONDS
    if is_old and not in_charge:
        raise bad_request("message can't be deleted for everyone")


METHODS: Mapping[str, Callable[[Call], Any]] = {
    "sendMessage": send_message,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "sendChatAction": send_chat_action,
    "editMessageText": edit_message_text,
    "editMessageMedia": edit_message_media,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
}
