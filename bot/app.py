"""The composition root: the one place where everything meets, for production and for tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import DeleteWebhook
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import commands
from bot.aftermath import Aftermath
from bot.bookbinder import Bookbinder
from bot.cooldown import Cooldown
from bot.delivery import Courier
from bot.errors import IncidentDesk
from bot.handlers import (
    bind,
    connect,
    deliveries,
    destination,
    exports,
    fallback,
    groups,
    history,
    listings,
    membership,
    metrics,
    profiles,
    reports,
    schedule,
    send,
    settings,
    start,
    stats,
    trial,
)
from bot.intake import Intake
from bot.jobs import JobFunction, JobOffice
from bot.lanes import Lanes
from bot.middleware import DbSessionMiddleware
from bot.painter import Painter
from bot.polling import Poller, PollPolicy
from bot.replies import ReplyDesk
from bot.roll_call import RollCall
from bot.scribe import Draw, Scribe
from bot.sender import Sender
from bot.telegram import TelegramSession
from bot.throttle import Throttle, UrgentCourier
from bot.work.bind import BindWork
from bot.work.chat_files import ChatFiles
from bot.work.connect import ConnectWork
from bot.work.excel import ExcelWork
from bot.work.exports import ExportWork
from bot.work.listings import ListingsWork
from bot.work.reports import ReportWork, freeze
from bot.work.stats import StatsWork, freeze_digest
from core.avito.client import Avito
from core.avito.http import AvitoDoor, Patience
from core.background import Background
from core.combined import Combiner
from core.config import Settings
from core.database.repositories.gates import DatabaseRateGate
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions, create_engine, create_sessions, hurry, writers
from core.errors import SettingsError
from core.housekeeping import Housekeeper
from core.journal import Journal
from core.logs import get_logger
from core.messenger.collector import ChatCollector
from core.messenger.pace import Paces
from core.outbox import Outbox, worker_name
from core.ports import Clock
from core.report_data import Collector
from core.report_runner import ReportRunner
from core.rounds import Rounds
from core.scheduler import Errands, Scheduler
from core.secrets import Keyring
from core.shelf import Shelf
from core.statistics.listing_sync import ListingSync
from core.statistics.sync import StatisticsSync
from core.worker_lock import WorkerLock

log = get_logger(__name__)

BACKLOG_LIMIT = 1_000
"""Updates in the lanes before polling pauses; Telegram keeps the rest for a day."""
STATS_PAUSE = timedelta(seconds=30)
"""Between two combined reports in one chat."""
MEGABYTE = 1 << 20
DRAIN_SEC = 3.5
JOB_GRACE_SEC = 0.5
OUTBOX_GRACE_SEC = 0.5


@dataclass(slots=True)
class App:
    """The bot, assembled. `prepare`, `take_over`, `run` until cancelled, `close`."""

    settings: Settings
    keyring: Keyring
    engine: AsyncEngine
    sessions: Sessions
    bot: Bot
    dispatcher: Dispatcher
    poller: Poller
    intake: Intake
    lanes: Lanes
    office: JobOffice
    background: Background
    outbox: Outbox
    scheduler: Scheduler
    runner: ReportRunner
    sender: Sender
    journal: Journal
    telegram: TelegramSession
    painter: Painter
    door: AvitoDoor
    lock: WorkerLock
    drained_by: float | None = None
    """When what is in hand is given up, on the loop's clock; None while no end is in sight."""

    async def prepare(self) -> None:
        """Say hello to Telegram: who we are, no webhook, the menus.

        Raises aiogram's errors when Telegram is away or refuses the token.
        """
        me = await self.bot.me()
        # A webhook left by an earlier set-up would answer every getUpdates with a conflict.
        for method in (DeleteWebhook(drop_pending_updates=False), *commands.menus()):
            try:
                await self.bot(method)
            except TelegramAPIError as error:
                # The bot works without its menus, and polling says loudly what a webhook does.
                log.warning("not_prepared", what=method.__api_method__, why=str(error))
        log.info("hello_telegram", username=me.username, bot_id=me.id)

    async def take_over(self) -> None:
        """Become the only worker there is. Raises `AnotherWorker` if that cannot be had."""
        with _writing_in_data_dir():
            await self.lock.take()

    async def run(self) -> None:
        """Recover, then poll until cancelled or `PollingFailed`."""
        with _writing_in_data_dir():
            self.journal.open()
        await self.sender.recall()
        await self.intake.recover()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lock.keep(), name="lock")
            tasks.create_task(self.scheduler.run(), name="scheduler")
            tasks.create_task(self.runner.run(), name="builder")
            tasks.create_task(self.sender.run(), name="sender")
            tasks.create_task(
                self.poller.run(self.intake.submit, lambda: self.lanes.room(BACKLOG_LIMIT)),
                name="polling",
            )

    def hurry(self) -> float:
        """The end is near: what is in hand has `DRAIN_SEC` from the first call. Seconds left."""
        now = asyncio.get_running_loop().time()
        if self.drained_by is None:
            hurry(self.engine)
            self.drained_by = now + DRAIN_SEC
        return max(self.drained_by - now, JOB_GRACE_SEC)

    async def drain(self) -> None:
        """Finish what is in hand; everything else is a row and waits for the next start."""
        left = self.hurry()
        await asyncio.gather(
            self.lanes.close(left), self.office.close(JOB_GRACE_SEC), self.sender.close(left)
        )
        await self.background.close()
        await self.outbox.release()
        await self.outbox.close(OUTBOX_GRACE_SEC)
        await self.poller.confirm()

    async def close(self) -> None:
        self.journal.close()
        await self.painter.close()
        await self.door.close()
        await self.telegram.close()
        await self.lock.release()
        await self.engine.dispose()


def build_app(
    settings: Settings,
    keyring: Keyring,
    clock: Clock,
    *,
    patience: Patience | None = None,
    draw: Draw | None = None,
) -> App:
    """Everything wired, nothing started, no connection made."""
    engine = create_engine(settings.database, keyring)
    sessions = create_sessions(engine)
    telegram = TelegramSession(settings.telegram_api_base)
    base = _Base(
        settings=settings,
        sessions=sessions,
        clock=clock,
        telegram=telegram,
        bot=Bot(settings.bot_token.get_secret_value(), session=telegram),
        throttle=Throttle(settings.telegram_messages_per_second),
        incidents=IncidentDesk(settings.admin_chat_id, clock),
        shelf=Shelf(settings.data_dir / "outgoing"),
    )
    painter = Painter()
    scribe = Scribe(base.shelf, draw or painter.draw)
    numbers = _numbers(base, patience)
    background = Background(clock)
    cooldown = Cooldown(clock, STATS_PAUSE)

    courier = UrgentCourier(base.bot, telegram, base.throttle)
    office = JobOffice(sessions, courier, base.incidents, clock)
    office.employ(_work(base, numbers, background, cooldown))
    journal, lanes = Journal(settings.data_dir / f"journal-{_fingerprint(engine)}.log"), Lanes()
    desk = ReplyDesk(courier, scribe, journal, sessions, office)
    dispatcher = build_dispatcher(sessions, clock, base.incidents, cooldown)
    intake = Intake(
        base.bot,
        dispatcher,
        sessions,
        lanes,
        desk,
        office,
        journal,
        base.incidents,
        clock,
        decided_at_once=writers(engine),
    )
    office.deliver_through(intake.hand_over)
    schedule = _schedule(base, engine, numbers, scribe, office, intake)

    policy = PollPolicy(settings.worker_polling_retries, settings.worker_retry_backoff_max_sec)
    updates = dispatcher.resolve_used_update_types()
    return App(
        settings=settings,
        keyring=keyring,
        engine=engine,
        sessions=sessions,
        bot=base.bot,
        dispatcher=dispatcher,
        poller=Poller(base.bot, telegram, sessions, clock, policy, updates),
        intake=intake,
        lanes=lanes,
        office=office,
        background=background,
        outbox=schedule.outbox,
        scheduler=schedule.scheduler,
        runner=schedule.runner,
        sender=schedule.sender,
        journal=journal,
        telegram=telegram,
        painter=painter,
        door=numbers.door,
        lock=WorkerLock(settings.data_dir, engine, settings.worker_startup_timeout_sec),
    )


@dataclass(frozen=True, slots=True)
class _Base:
    """What every part stands on."""

    settings: Settings
    sessions: Sessions
    clock: Clock
    telegram: TelegramSession
    bot: Bot
    throttle: Throttle
    incidents: IncidentDesk
    shelf: Shelf


@dataclass(frozen=True, slots=True)
class _Numbers:
    """From Avito's door to the facts of a report."""

    door: AvitoDoor
    avito: Avito
    sync: StatisticsSync
    listing_sync: ListingSync
    collector: Collector


def _numbers(base: _Base, patience: Patience | None) -> _Numbers:
    sessions, clock = base.sessions, base.clock
    door = AvitoDoor(
        base.settings.avito_api_base,
        clock=clock,
        gate=DatabaseRateGate(sessions, clock),
        patience=patience,
        escalate=base.incidents.escalate,
    )
    avito = Avito(door, DatabaseTokenStore(sessions), clock)
    sync = StatisticsSync(sessions, avito, clock)
    return _Numbers(
        door=door,
        avito=avito,
        sync=sync,
        listing_sync=ListingSync(sessions, avito, sync, clock),
        collector=Collector(sessions, avito, sync, clock),
    )


def _work(
    base: _Base, numbers: _Numbers, background: Background, cooldown: Cooldown
) -> dict[str, JobFunction]:
    """Which kind of job is done by whom."""
    sessions, clock, collector = base.sessions, base.clock, numbers.collector
    place_checks = BindWork(base.bot, sessions, clock)
    key_checks = ConnectWork(
        base.bot, sessions, numbers.avito, numbers.sync, base.incidents, clock
    )
    report_work = ReportWork(collector, background, base.incidents, clock)
    export_work = ExportWork(sessions, _chat_files(base, numbers), base.incidents, clock)
    return {
        "connect": key_checks.connect,
        "replace_keys": key_checks.replace_keys,
        "first_read": key_checks.first_read,
        "choose_profile": place_checks.choose_profile,
        "bind": place_checks.bind,
        "check_place": place_checks.check,
        "unpause": place_checks.unpause,
        "trial": place_checks.trial,
        "send_report": place_checks.send_report,
        "send_again": place_checks.send_again,
        "chats_here": place_checks.send_chats,
        "report": report_work.run,
        "report_excel": ExcelWork(report_work, numbers.listing_sync, base.shelf).run,
        "listings": ListingsWork(collector, numbers.listing_sync, clock).run,
        "export": export_work.run,
        "export_due": export_work.run_due,
        "forget_chats": export_work.forget,
        "stats": StatsWork(sessions, Combiner(collector), cooldown, clock).run,
    }


def _chat_files(base: _Base, numbers: _Numbers) -> ChatFiles:
    settings, sessions, clock = base.settings, base.sessions, base.clock
    paces = Paces(settings.avito_messenger_calls_per_minute, clock)
    return ChatFiles(
        sessions,
        numbers.collector,
        ChatCollector(sessions, numbers.avito, paces, clock),
        Bookbinder(),
        base.shelf,
        clock,
        max_bytes=int(settings.export_file_mb * MEGABYTE),
    )


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What makes reports due, builds them and sends them."""

    outbox: Outbox
    scheduler: Scheduler
    runner: ReportRunner
    sender: Sender


def _schedule(
    base: _Base,
    engine: AsyncEngine,
    numbers: _Numbers,
    scribe: Scribe,
    office: JobOffice,
    intake: Intake,
) -> _Schedule:
    sessions, clock, escalate = base.sessions, base.clock, base.incidents.escalate
    with _writing_in_data_dir():
        outbox = Outbox(sessions, clock, worker_name(base.settings.data_dir))
    aftermath = Aftermath(sessions, clock, intake.hand_over, base.incidents)
    sender = Sender(
        outbox,
        Courier(base.bot, base.telegram),
        scribe,
        base.throttle,
        aftermath,
        clock,
        escalate=escalate,
    )
    runner = ReportRunner(
        sessions,
        outbox,
        numbers.collector,
        clock,
        render=freeze,
        render_digest=freeze_digest,
        gave_up=aftermath.not_built,
        escalate=escalate,
    )
    rounds = Rounds(numbers.collector, numbers.listing_sync, escalate)

    def wake() -> None:
        runner.wake()
        sender.wake()

    errands = Errands(
        wake_builder=wake,
        begin_export=office.start,
        warm_up=rounds.ahead_of_slots,
        sync_statistics=rounds.all_night,
        keep_house=Housekeeper(sessions, base.shelf, clock).tidy,
        tell=aftermath.catch_up,
        call_roll=RollCall(base.bot, sessions, aftermath).run,
        escalate=escalate,
    )
    scheduler = Scheduler(engine.url, sessions, outbox, clock, errands)
    return _Schedule(outbox, scheduler, runner, sender)


def build_dispatcher(
    sessions: Sessions, clock: Clock, incidents: IncidentDesk, cooldown: Cooldown
) -> Dispatcher:
    """The routers, in the order that matters.

    Links that bind are a /start too, groups lead away what is for private, the fallback is last.
    """
    dispatcher = Dispatcher(disable_fsm=True, clock=clock, cooldown=cooldown)
    dispatcher.update.outer_middleware(DbSessionMiddleware(sessions, clock, incidents))
    for module in (
        bind,
        start,
        reports,
        history,
        listings,
        exports,
        stats,
        groups,
        profiles,
        connect,
        destination,
        schedule,
        metrics,
        trial,
        send,
        deliveries,
        settings,
        membership,
        fallback,
    ):
        dispatcher.include_router(module.setup())
    return dispatcher


def _fingerprint(engine: AsyncEngine) -> str:
    """Names a database without its password: a journal must never speak about another one."""
    where = engine.url.render_as_string(hide_password=True)
    return hashlib.sha256(where.encode()).hexdigest()[:8]


@contextmanager
def _writing_in_data_dir() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            "DATA_DIR", f"nothing can be written there: {error.strerror}"
        ) from error
