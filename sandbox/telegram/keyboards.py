"""Reply markup: what the server accepts, and what it says to the rest."""

import re
from typing import Any

from sandbox.telegram.errors import bad_request

Json = dict[str, Any]

MAX_BUTTONS = 100
_INLINE_ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def checked_markup(markup: Any) -> Json | None:
    """The markup to keep with the message; None for none or an empty inline keyboard."""
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        return _checked_inline(markup["inline_keyboard"])
    if "keyboard" in markup:
        return _checked_reply(markup)
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return markup
    return None


def _rows(keyboard: Any, name: str) -> list[list[Any]]:
    if not isinstance(keyboard, list) or not all(isinstance(row, list) for row in keyboard):
        raise bad_request(f'field "{name}" must be an Array of Arrays')
    rows = [row for row in keyboard if row]
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return rows


def _checked_inline(keyboard: Any) -> Json | None:
    rows = _rows(keyboard, "inline_keyboard")
    for row in rows:
        for button in row:
            _check_inline_button(button)
    return {"inline_keyboard": rows} if rows else None


def _check_inline_button(button: Any) -> None:
    trouble = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{trouble}InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request(f'{trouble}Can\'t find field "text"')
    if not text.strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if not any(action in button for action in _INLINE_ACTIONS):
        raise bad_request(f"{trouble}Text buttons are unallowed in the inline keyboard")
    _check_callback_data(button)
    url = button.get("url")
    if url is not None and not re.match(r"(https?://|tg://|mailto:)?[^\s/]+\.?\S*$", str(url)):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _check_callback_data(button: Json) -> None:
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")


def _checked_reply(markup: Json) -> Json | None:
    rows = _rows(markup["keyboard"], "keyboard")
    if not rows:
        return None
    keyboard = [[_reply_button(button) for button in row] for row in rows]
    return {**markup, "keyboard": keyboard}


def _reply_button(button: Any) -> Json:
    trouble = "can't parse keyboard button: "
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict):
        raise bad_request(f"{trouble}KeyboardButton must be a String or an Object")
    if not isinstance(button.get("text"), str):
        raise bad_request(f'{trouble}Can\'t find field "text"')
    request = button.get("request_chat")
    if request is not None and not isinstance(request.get("request_id"), int):
        raise bad_request(f'{trouble}Can\'t find field "request_id"')
    return button
