"""/start, /help, /cancel: the ways in and the way out."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue
from bot import jobs as work
from bot.callbacks import Cancel, HelpShow
from bot.dialogue import Left
from bot.effects import Screen
from bot.filters import InPrivate
from bot.screens import profiles as profile_screens
from bot.screens import start as screens
from bot.show import Stage
from core.database.models import Job
from core.database.repositories import jobs
from core.database.session import Session
from core.ports import Clock
from core.services import profiles, register


async def start(
    message: Message,
    command: CommandObject,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    person = message.chat.id
    await dialogue.give_way(state, stage)
    await register.ensure_user(session, person, clock.now())
    page = await profiles.page(session, person)
    if command.args == commands.PROFILES:
        stage.show(profile_screens.listing(page))
    else:
        stage.show(screens.greeting(is_known=page.total > 0))
    await work.take_up(session, stage, person)


async def help_command(_message: Message, stage: Stage) -> None:
    stage.show(screens.help_text())


async def help_button(_query: CallbackQuery, stage: Stage) -> None:
    stage.show(screens.help_text())


async def cancel_command(
    message: Message, session: Session, state: FSMContext, stage: Stage
) -> None:
    left = await dialogue.leave(state, stage)
    stopped = await jobs.remove_of(session, message.chat.id, message.chat.id)
    for job in stopped:
        stage.stop_job(job.id)
        if job.message_id is not None:
            stage.replace(job.message_id, work.replaced_by(job) or screens.no_longer())
    stage.show(_what_was_left(left, stopped))


async def cancel_button(_query: CallbackQuery, state: FSMContext, stage: Stage) -> None:
    stage.show(_what_was_left(await dialogue.leave(state, stage), []))


def _what_was_left(left: Left | None, stopped: list[Job]) -> Screen:
    if left is None and len(stopped) == 1:
        return screens.stopped(stopped[0].kind, stopped[0].profile_id)
    what = [screens.DIALOGUES[left.name]] if left else []
    what += [screens.JOBS[job.kind] for job in stopped]
    if not what:
        return screens.nothing_to_cancel()
    back = screens.way_back(left.name, left.profile_id) if left else None
    return screens.cancelled("; ".join(what), back)


def setup() -> Router:
    router = Router(name="start")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.message.register(start, CommandStart())
    router.message.register(help_command, Command(commands.HELP))
    router.callback_query.register(help_button, HelpShow.filter())
    router.message.register(cancel_command, Command(commands.CANCEL))
    router.callback_query.register(cancel_button, Cancel.filter())
    return router
