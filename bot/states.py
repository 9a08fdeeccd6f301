"""The dialogues: what the bot waits for. Their data holds texts and ids, never a secret."""

from __future__ import annotations

from aiogram.fsm.state import State, StatesGroup


class Connect(StatesGroup):
    """Connecting an account. Data: `name`, then `client_id`."""

    name = State()
    client_id = State()
    client_secret = State()


class ReplaceKeys(StatesGroup):
    """New keys for a profile. Data: `profile_id`, then `client_id`."""

    client_id = State()
    client_secret = State()


class Rename(StatesGroup):
    """A new name for a profile. Data: `profile_id`."""

    name = State()


class Bind(StatesGroup):
    """A place for reports, from Telegram's list or a forwarded post. Data: `profile_id`."""

    pick = State()
    forward = State()


class SetSchedule(StatesGroup):
    """A schedule by typing. Data: `profile_id`."""

    time = State()
    zone = State()
    interval = State()
    month_day = State()


class History(StatesGroup):
    """The days of a report by typing. Data: `profile_id`."""

    dates = State()


class ExportChats(StatesGroup):
    """The days of an export by typing. Data: `profile_id`, `which`, `form`."""

    dates = State()


WAITS_FOR_KEY = (
    Connect.client_id,
    Connect.client_secret,
    ReplaceKeys.client_id,
    ReplaceKeys.client_secret,
)
"""Where the next text is part of a key pair: it must not be typed into a group."""
