"""The demo: a Telegram and an Avito on this machine, and the real bot between them."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoWorld
from sandbox.checkup import CheckFailed, Visit, run_steps
from sandbox.clock import SandboxClock
from sandbox.page.scene import set_scene
from sandbox.page.server import add_page
from sandbox.serving import serve
from sandbox.telegram.people import ChatView
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World
from sandbox.visitor import Transcript, Visitor
from sandbox.worker import LOG, WorkerFailed, end_of_log, running_worker

START_SECONDS = 60
TOKEN = "7000000001:demo-token-of-the-sandbox-bot"
CHECKED_ACCOUNT = "shop"


@dataclass(frozen=True, slots=True)
class Demo:
    """Both sandboxes are up and the bot has asked Telegram for updates."""

    telegram: World
    avito: AvitoWorld
    telegram_url: str
    avito_url: str
    chat: ChatView
    group: ChatView
    worker: Process
    folder: Path


async def show(port: int) -> None:
    """Tell what is said until somebody stops the demo or the worker ends."""
    async with running_demo(port) as demo:
        say(_introduction(demo))
        await _first_of(demo.worker.wait(), _tell(demo.telegram))


async def check(port: int) -> None:
    """Do the main job as a person would and tell it. Raises `CheckFailed`."""
    async with running_demo(port) as demo, aiohttp.ClientSession() as session:
        visit = Visit(
            Visitor(session, demo.telegram_url, demo.chat, say),
            Visitor(session, demo.telegram_url, demo.group, say),
            session,
            demo.telegram_url,
            demo.avito_url,
            demo.avito.account(CHECKED_ACCOUNT).user_id,
        )
        try:
            await run_steps(visit, say)
        except CheckFailed:
            say(f"\n{end_of_log(demo.folder)}")
            raise
    say("\nВсё прошло: главное дело сделано тем же путём, каким его делает человек.")


def say(text: str) -> None:
    print(text, flush=True)


@asynccontextmanager
async def running_demo(port: int, clock: SandboxClock | None = None) -> AsyncIterator[Demo]:
    """The sandboxes and the worker on an empty database; nothing of them stays afterwards."""
    clock = clock or SandboxClock()
    telegram, avito = World(clock), demo_world(clock)
    bot = telegram.add_bot(TOKEN, "avito_demo_bot", "Avito-аналитик")
    operator = telegram.user("Оператор", username="operator")
    scene = set_scene(telegram, bot, operator)
    telegram_app = build_telegram_app(telegram)
    add_page(telegram_app, scene, avito)
    with TemporaryDirectory(prefix="avito-demo-") as name:
        folder = Path(name)
        async with (
            serve(telegram_app, port=port) as telegram_url,
            serve(build_avito_app(avito)) as avito_url,
            running_worker(
                folder, _settings(folder, telegram_url, avito_url, operator.id), clock
            ) as worker,
        ):
            try:
                await _first_of(telegram.polled(bot, START_SECONDS), worker.wait())
            except TimeoutError:
                raise WorkerFailed(f"бот не запустился\n{end_of_log(folder)}") from None
            if worker.returncode is None:
                yield Demo(
                    telegram=telegram,
                    avito=avito,
                    telegram_url=telegram_url,
                    avito_url=avito_url,
                    chat=scene.chat,
                    group=scene.owner.at(scene.group.chat),
                    worker=worker,
                    folder=folder,
                )


def _settings(folder: Path, telegram_url: str, avito_url: str, operator_id: int) -> dict[str, str]:
    return {
        "BOT_TOKEN": TOKEN,
        "ADMIN_CHAT_ID": str(operator_id),
        "TELEGRAM_API_BASE": telegram_url,
        "AVITO_API_BASE": avito_url,
        "DATA_DIR": str(folder / "data"),
    }


async def _tell(world: World) -> None:
    transcript, seen = Transcript(), world.events.last_seq
    while True:
        for event in await world.events.wait_after(seen):
            seen = event.seq
            if (told := transcript.tell(event.as_json())) is not None:
                say(told)


async def _first_of(*work: Coroutine[Any, Any, Any]) -> None:
    """Until one of them is over; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _introduction(demo: Demo) -> str:
    keys = "\n".join(
        f"  {account.name}\n    {account.client_id}\n    {account.client_secret}"
        for account in demo.avito.accounts.values()
    )
    control = f"{demo.telegram_url}/_sandbox"
    said = f'"user_id": {demo.chat.person.id}'
    return f"""
Демо Avito Analytics Bot: всё на этом компьютере, без токенов и без интернета.

  страница в браузере  {demo.telegram_url}
  Avito-песочница      {demo.avito_url}
  бот                  main.py, процесс {demo.worker.pid}, база SQLite во временной папке
  журнал бота          {demo.folder / LOG}

Откройте {demo.telegram_url} в браузере: там мессенджер, и ключи под рукой.
Всё, что говорится, появляется и здесь.

Ключи для /add_profile (client_id и client_secret):
{keys}

Без браузера — через HTTP песочницы, из другого терминала:
  написать:      curl -s {control}/send -d '{{{said}, "text": "/start"}}'
  нажать кнопку: curl -s {control}/click -d '{{{said}, "button": "profile_add"}}'
                 (надпись на кнопке или её callback data)

Остановить: Ctrl+C. Временная папка удалится.
"""
