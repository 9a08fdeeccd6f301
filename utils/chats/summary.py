"""The first sheet: what all chats together tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from utils.chats.clock import LocalClock
from utils.chats.order import BookOrder, Which
from utils.chats.study import ListingTally, Survey, Tally
from utils.chats.words import about, address, price
from utils.workbook import Cell, Kind

WIDTHS = (44, *[13] * 9, 18, 12)
MOST_LISTINGS = 500
"""All chats of all others are on their own sheet, to be filtered."""
_LONGEST_TITLE = 120
_WEEKDAYS = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_LISTING_TITLES = (
    "Чатов",
    "Входящих",
    "Исходящих",
    "Служебных",
    "Ждут ответа",
    "С номером",
    "Отвечено",
    "Ответ, мин",
    "9 из 10, мин",
    "Цена",
)
_WHICH = {
    Which.ALL: "",
    Which.UNREAD: "Только чаты с непрочитанными сообщениями",
    Which.UNANSWERED: "Только чаты без ответа",
}
_HOW_REPLIES_ARE_COUNTED = (
    "От первого сообщения покупателя до первого сообщения человека с нашей стороны: "
    "автоответы не считаются."
)
_HOW_STATES_ARE_COUNTED = (
    "Сообщения — за период. Кто писал последним, ждёт ли покупатель ответа и что не прочитано — "
    "по всей переписке."
)
_WHAT_IS_LAST = (
    "«Последнее сообщение» на листе «Чаты» — без служебных. Удалённое — тоже сообщение, но не "
    "вопрос и не ответ: «Ждёт ответа», «Первый ответ» и «Последние слова» считаются без него."
)
_NO_BEGINNINGS = "У части чатов нет начала переписки: их первый ответ не считается."


class Lines(Protocol):
    def line(self, *cells: Cell, lines: int = 1) -> None: ...

    def shaded(self, columns: range) -> AbstractContextManager[None]: ...


def write_summary(
    page: Lines, order: BookOrder, survey: Survey, clock: LocalClock, part: str | None
) -> None:
    """`part` says what of all chats is in this file, where there are several."""
    page.line((Kind.TITLE, f"Чаты Avito: {order.profile_name}"))
    for said in _said_first(order, clock, part):
        page.line((Kind.TEXT, said))
    if remarks := [*order.remarks, *([_NO_BEGINNINGS] if survey.lacks_beginnings else [])]:
        _head(page, "Чего здесь нет")
        for remark in remarks:
            page.line((Kind.TEXT, remark))
    _write_counts(page, order, survey)
    _write_hours(page, survey)
    _write_listings(page, survey)


def _said_first(order: BookOrder, clock: LocalClock, part: str | None) -> Iterator[str]:
    yield _period(order, clock)
    if order.which is not Which.ALL:
        yield _WHICH[order.which]
    made = clock.shown(order.made_at)
    yield f"Собрано {made:%d.%m.%Y %H:%M}, часовой пояс {clock.ahead(order.made_at)}"
    if part is not None:
        yield part


def _period(order: BookOrder, clock: LocalClock) -> str:
    since = f"с {clock.shown(order.since):%d.%m.%Y}" if order.since is not None else ""
    # The end is the first moment that is not in it any more.
    until = f"по {clock.shown(order.until - 1):%d.%m.%Y}" if order.until is not None else ""
    return f"Сообщения {' '.join(filter(None, (since, until))) or 'за всё время'}"


def _write_counts(page: Lines, order: BookOrder, survey: Survey) -> None:
    total = survey.total
    _head(page, "Чаты")
    _count(page, "Всего", total.chats)
    _count(page, "Ждут ответа", total.unanswered)
    _count(page, "С непрочитанным", total.unread)
    _count(page, "С телефоном в переписке", total.with_phone)
    _head(page, "Сообщения")
    _count(page, "Всего", total.messages)
    _count(page, "Входящих", total.incoming)
    _count(page, "Исходящих", total.outgoing)
    _count(page, "Служебных (автоответы и от Avito)", total.service)
    if order.since is not None or order.until is not None:
        page.line((Kind.NOTE, _HOW_STATES_ARE_COUNTED))
    page.line((Kind.NOTE, _WHAT_IS_LAST))
    _head(page, "Первый ответ")
    _count(page, "Чатов, где ответили", len(total.replies))
    page.line((Kind.TEXT, "Медиана, минут"), _minutes(total.replies.median))
    page.line((Kind.TEXT, "В 9 чатах из 10 не дольше, минут"), _minutes(total.replies.nine_of_ten))
    page.line((Kind.NOTE, _HOW_REPLIES_ARE_COUNTED))


def _write_hours(page: Lines, survey: Survey) -> None:
    by_day = [survey.asked[day * 24 : day * 24 + 24] for day in range(7)]
    by_hour = list(zip(*by_day, strict=True))
    busy = [hour for hour, asked in enumerate(by_hour) if any(asked)]
    if not busy:
        return
    page.line()
    page.line((Kind.TITLE, "Когда пишут покупатели и как быстро им отвечают"))
    titles = (*_WEEKDAYS, "Всего", "Ответ, мин")
    page.line((Kind.HEADING, "Час"), *((Kind.NUMBER_HEADING, title) for title in titles))
    with page.shaded(range(1, 8)):
        for hour in range(busy[0], busy[-1] + 1):
            asked = by_hour[hour]
            page.line(
                (Kind.TEXT, f"{hour:02}:00–{hour:02}:59"),
                *((Kind.INTEGER, count or None) for count in (*asked, sum(asked))),
                _minutes(survey.replies_by_hour[hour].median),
            )
    totals = [sum(day) for day in by_day]
    page.line(
        (Kind.HEADING, "Всего"), *((Kind.INTEGER, count) for count in (*totals, sum(totals)))
    )
    page.line(
        (Kind.HEADING, "Ответ, мин"), *(_minutes(one.median) for one in survey.replies_by_day)
    )
    page.line((Kind.NOTE, "Ответ — медиана первого ответа тем, кто впервые написал в это время."))


def _write_listings(page: Lines, survey: Survey) -> None:
    page.line()
    page.line((Kind.TITLE, "По объявлениям"))
    page.line(
        (Kind.HEADING, "Объявление"),
        *((Kind.NUMBER_HEADING, title) for title in _LISTING_TITLES),
        (Kind.HEADING, "Страница"),
        lines=2,
    )
    listings = sorted(survey.listings.values(), key=lambda listing: -listing.chats)
    for listing in listings[:MOST_LISTINGS]:
        page.line(*_listing_cells(listing))
    if len(listings) > MOST_LISTINGS:
        rest = len(listings) - MOST_LISTINGS
        page.line((Kind.NOTE, f"И ещё объявлений: {rest}. Все их чаты — на листе «Чаты»."))
    if survey.others.chats:
        page.line((Kind.TEXT, "Чаты, где мы покупаем, и чаты с Avito"), *_counts(survey.others))


def _listing_cells(listing: ListingTally) -> Sequence[Cell]:
    head = listing.head
    title = about(head) if head else ""
    return (
        (Kind.TEXT, title[:_LONGEST_TITLE] or "Без объявления"),
        *_counts(listing),
        (Kind.PRICE, price(head.price) if head else None),
        (Kind.LINK, address(head.url) if head else None),
    )


def _counts(tally: Tally) -> Sequence[Cell]:
    counts = (
        tally.chats,
        tally.incoming,
        tally.outgoing,
        tally.service,
        tally.unanswered,
        tally.with_phone,
        len(tally.replies),
    )
    return (
        *((Kind.INTEGER, count) for count in counts),
        _minutes(tally.replies.median),
        _minutes(tally.replies.nine_of_ten),
    )


def _head(page: Lines, title: str) -> None:
    page.line()
    page.line((Kind.HEADING, title), (Kind.HEADING, " "))


def _count(page: Lines, title: str, count: int) -> None:
    page.line((Kind.TEXT, title), (Kind.INTEGER, count))


def _minutes(minutes: float | None) -> Cell:
    return Kind.NUMBER, minutes
