"""The main job as a person does it, step by step, with the figures compared to Avito's own.

A new step is a function in `STEPS`. It says in one sentence what it found right, and raises
`CheckFailed`, `TimeoutError` or `LookupError` with a sentence when something is wrong.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import aiohttp

from sandbox.avito.world import MOSCOW
from sandbox.visitor import Visitor

Json = dict[str, Any]

PROFILE = "Мастерская"
REPORT = "Отчёт Avito"
REPORT_AT = time(7, 30)
ALMOST = timedelta(seconds=3)
SETTLED = 3
"""Real seconds in which a bot that wants to send twice does so."""
CENT = Decimal("0.01")


class CheckFailed(Exception):
    """The bot did not do what a person may expect. The text says what."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who the steps are done by, and where the truth stands."""

    visitor: Visitor
    group: Visitor
    """The same person in the group of a client."""
    session: aiohttp.ClientSession
    telegram: str
    avito: str
    user_id: int
    """The Avito account to connect."""

    async def account(self) -> Json:
        """Its keys and its money, as Avito knows them now."""
        accounts = await self.told(self.avito, "accounts")
        return next(a for a in accounts if a["user_id"] == self.user_id)

    async def today(self) -> date:
        return (await self.now()).date()

    async def now(self) -> datetime:
        """By the clock of the sandbox, in Moscow."""
        told = await self.told(self.telegram, "clock")
        return datetime.fromisoformat(told["now"]).astimezone(MOSCOW)

    async def wait_until(self, moment: datetime) -> None:
        """Nobody waits in a sandbox: its clock is moved."""
        seconds = (moment - await self.now()).total_seconds()
        clock = f"{self.telegram}/_sandbox/clock"
        async with self.session.post(clock, json={"advance_seconds": seconds}) as response:
            response.raise_for_status()

    async def told(self, sandbox: str, path: str) -> Any:
        """What a sandbox says about itself."""
        async with self.session.get(f"{sandbox}/_sandbox/{path}") as response:
            response.raise_for_status()
            return await response.json()


async def greet(visit: Visit) -> str:
    await visit.visitor.send("/start")
    await visit.visitor.wait_for("Avito")
    return "бот поздоровался"


async def try_wrong_keys(visit: Visit) -> str:
    visitor = visit.visitor
    await visitor.send("/add_profile")
    await visitor.wait_for("Как назвать")
    await visitor.send(PROFILE)
    await visitor.wait_for("client_id")
    await visitor.send((await visit.account())["client_id"])
    await visitor.wait_for("client_secret")
    await visitor.send("not-the-secret-of-this-account")
    await visitor.wait_for("не принял")
    return "отказ Avito назван, секрет просят ещё раз"


async def connect_profile(visit: Visit) -> str:
    """What was typed before the wrong secret is kept, so the right one is enough."""
    secret = (await visit.account())["client_secret"]
    await visit.visitor.send(secret)
    await visit.visitor.wait_for("подключён")
    if any(secret in text for text in await visit.visitor.texts()):
        raise CheckFailed("сообщение с client_secret осталось в чате")
    return "профиль подключён, сообщений с секретом в чате нет"


async def read_report(visit: Visit) -> str:
    await visit.visitor.click("report_now:")
    report = await visit.visitor.wait_for(REPORT)
    count = await compare_with_avito(visit, report)
    return f"{count} чисел отчёта равны числам Avito"


async def set_schedule(visit: Visit) -> str:
    visitor = visit.visitor
    await visitor.click("profile_open:")
    await visitor.wait_for(PROFILE)
    await visitor.click("profile_report:")
    await visitor.wait_for("Настройки отчёта")
    await visitor.click("report_set_time:")
    await visitor.wait_for("ЧЧ:ММ")
    await visitor.send(f"{REPORT_AT:%H:%M}")
    await visitor.wait_for(f"каждый день в {REPORT_AT:%H:%M}")
    await visitor.click("report_set_chat:")
    await visitor.wait_for("Куда приходят отчёты")
    await visitor.click("report_chat_here:")
    bound = await visitor.wait_for("будут приходить в этот чат")
    slot = await next_slot(visit)
    day = "сегодня" if slot.date() == await visit.today() else "завтра"
    words = f"{slot:%H:%M} (Москва)"
    if day not in bound or words not in bound:
        raise CheckFailed(f"не сказано, что следующий отчёт {day} в {words}")
    return f"отчёт назначен на {day}, {words}"


async def receive_report(visit: Visit) -> str:
    """It comes by itself at its time, and no second one follows."""
    before = await count_reports(visit)
    slot = await next_slot(visit)
    await visit.wait_until(slot - ALMOST)
    report = await visit.visitor.wait_for(REPORT)
    if (came := await visit.now()) < slot:
        raise CheckFailed(f"отчёт пришёл раньше срока, в {came:%H:%M:%S}")
    count = await compare_with_avito(visit, report)
    await visit.wait_until(slot + timedelta(hours=1))
    await asyncio.sleep(SETTLED)
    if (arrived := await count_reports(visit) - before) != 1:
        raise CheckFailed(f"вместо одного отчёта пришло {arrived}")
    return f"в срок пришёл ровно один отчёт, {count} чисел равны числам Avito"


async def sum_up_in_group(visit: Visit) -> str:
    await visit.group.send("/stats")
    await visit.group.wait_for("/bind")
    await visit.group.send("/bind")
    await visit.group.wait_for("будут приходить сюда")
    await visit.group.send("/stats")
    summary = await visit.group.wait_for("Сводка Avito")
    count = await compare_with_avito(visit, summary)
    return f"группа привязана, {count} чисел сводки равны числам Avito"


async def look_for_violations(visit: Visit) -> str:
    """Neither Avito's rules nor the Bot API's were broken on the way."""
    violations = await visit.told(visit.avito, "violations")
    history = await visit.told(visit.telegram, "history")
    broken = [f"{call['path']}: {call['violation']}" for call in violations]
    broken += [f"{c['method']}: {c['description']}" for c in history["calls"] if c["ok"] is False]
    if broken:
        raise CheckFailed("\n".join(["бот нарушил правила", *broken]))
    return f"на {len(history['calls'])} вызовов Bot API ни одного отказа, Avito не нарушен ни разу"


Step = Callable[[Visit], Awaitable[str]]
STEPS: dict[str, Step] = {
    "Знакомство": greet,
    "Профиль с чужим секретом": try_wrong_keys,
    "Профиль с верными ключами": connect_profile,
    "Отчёт за вчера, число в число": read_report,
    "Расписание: время и место": set_schedule,
    "Отчёт по расписанию, ровно один": receive_report,
    "Сводка в группе клиента": sum_up_in_group,
    "Ни одного нарушения правил Avito и Telegram": look_for_violations,
}


async def run_steps(visit: Visit, say: Callable[[str], None]) -> None:
    for number, (title, step) in enumerate(STEPS.items(), start=1):
        say(f"\n— {number}. {title}")
        try:
            say(f"✓ {await step(visit)}")
        except (CheckFailed, TimeoutError, LookupError, aiohttp.ClientError) as error:
            raise CheckFailed(f"шаг {number} «{title}»: {error}") from error


async def next_slot(visit: Visit) -> datetime:
    now = await visit.now()
    today = datetime.combine(now, REPORT_AT, MOSCOW)
    return today if today > now else today + timedelta(days=1)


async def count_reports(visit: Visit) -> int:
    return sum(REPORT in text for text in await visit.visitor.texts())


async def compare_with_avito(visit: Visit, report: str) -> int:
    """How many figures of a report about yesterday are right: all of them, or it raises."""
    day = await visit.today() - timedelta(days=1)
    if f"{day:%d.%m.%Y}" not in report:
        raise CheckFailed(f"отчёт не за вчера, {day:%d.%m.%Y}")
    numbers = await visit.told(visit.avito, f"accounts/{visit.user_id}/days/{day}")
    figures = true_figures(numbers, await visit.account())
    wrong = [
        f"{label}: в отчёте {shown}, у Avito {true}"
        for label, true in figures.items()
        if (shown := figure_in(report, label)) != true
    ]
    if wrong:
        raise CheckFailed("\n".join(["числа отчёта не сходятся с Avito", *wrong]))
    return len(figures)


def true_figures(numbers: dict[str, int], account: Json) -> dict[str, Decimal]:
    """All figures of a one-day report by their label. Avito's numbers are in kopecks."""
    spent, views, contacts = (Decimal(numbers[s]) for s in ("spending", "views", "contacts"))
    figures = {
        "Просмотры": views,
        "Контакты": contacts,
        "В избранном": Decimal(numbers["favorites"]),
        "Расходы": spent / 100,
        "Размещение": Decimal(numbers["presenceSpending"]) / 100,
        "Продвижение": Decimal(numbers["promoSpending"]) / 100,
        "Прочие расходы": Decimal(numbers["restSpending"]) / 100,
        "Кошелёк": Decimal(str(account["real"])),
        "Кошелёк / бонусами": Decimal(str(account["bonus"])),
        "Аванс": Decimal(account["advance"]) / 100,
        "Конверсия (CR)": 100 * contacts / views,
        "Цена контакта (CPL)": spent / contacts / 100,
        "Цена просмотра (CPV)": spent / views / 100,
        "Активные объявления": Decimal(numbers["activeItems"]),
    }
    return {label: value.quantize(CENT, ROUND_HALF_UP) for label, value in figures.items()}


def figure_in(report: str, label: str) -> Decimal | None:
    """The number after `label`, written the Russian way: `1 234,56`.

    `Кошелёк / бонусами` is what stands under the wallet: spending has a line of that name too.
    """
    spaces = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
    words = "(?s:.*?)".join(re.escape(part) for part in label.split(" / "))
    found = re.search(rf"{words}: ([-−]?\d[\d{spaces}]*(?:,\d+)?)", report)
    if found is None:
        return None
    digits = re.sub(rf"[{spaces}]", "", found.group(1)).replace(",", ".").replace("−", "-")
    return Decimal(digits).quantize(CENT)
