"""The commands and their menus, per scope and in Russian."""

from __future__ import annotations

from aiogram import Bot
from aiogram.methods import SetMyCommands, TelegramMethod
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

START = "start"
ADD_PROFILE = "add_profile"
PROFILES = "profiles"
SETTINGS = "settings"
CANCEL = "cancel"
HELP = "help"
STATS = "stats"
BIND = "bind"

PRIVATE_MENU = (
    BotCommand(command=PROFILES, description="Профили и отчёты"),
    BotCommand(command=ADD_PROFILE, description="Подключить профиль Avito"),
    BotCommand(command=SETTINGS, description="Что настроено"),
    BotCommand(command=CANCEL, description="Прервать начатое"),
    BotCommand(command=HELP, description="Как пользоваться"),
    BotCommand(command=START, description="Начать сначала"),
)
GROUP_MENU = (
    BotCommand(command=STATS, description="Сводка по профилям этого чата"),
    BotCommand(command=BIND, description="Присылать отчёты сюда"),
    BotCommand(command=HELP, description="Как пользоваться"),
)


def menus() -> list[TelegramMethod[bool]]:
    return [
        SetMyCommands(commands=list(PRIVATE_MENU), scope=BotCommandScopeAllPrivateChats()),
        SetMyCommands(commands=list(GROUP_MENU), scope=BotCommandScopeAllGroupChats()),
    ]


async def private_link(bot: Bot, payload: str = PROFILES) -> str:
    """The link that opens the private chat with the bot and sends `/start payload`."""
    me = await bot.me()
    return f"https://t.me/{me.username}?start={payload}"
