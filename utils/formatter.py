"""Numbers, money and dates the Russian way. Plain text: escaping is the screens' business.

Groups, `₽` and `%` are joined by no-break spaces, and so are a number and what it counts, `в` and
its time: a line never tears them, and a whole change goes to the next line of a phone. Minus is
the sign of that name, no hyphen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern

from utils.analytics import Change, Figure, Value, earlier
from utils.metrics import Better, Kind, Metric
from utils.periods import MOSCOW, Period
from utils.plurals import NBSP, plural

# Made once: to look a locale or a pattern up takes Babel longer than to write a number.
LOCALE = Locale.parse("ru")
MINUS = "\N{MINUS SIGN}"
NO_DATA = "нет данных"
NO_VALUE = "—"
NO_CHANGE = f"как{NBSP}было"
FROM_ZERO = f"с{NBSP}нуля"

NOTABLE = Fraction(1, 20)
"""From this share on a change is worth a colour."""
FEW = 10
"""Below it a count is no base for a percentage."""
MANIFOLD = 3
"""From so many times on, "× 3" reads better than 200 %."""
ROUND_FROM = 10
"""From here on a rough number has no digits after the comma."""
A_YEAR = 365
MOST_DIGITS = 5000
"""More than Python turns into an `int`, so more than a stored number has."""
_MONEY = parse_pattern(f"#,##0.00{NBSP}₽")


@contextmanager
def _all_digits() -> Iterator[None]:
    """Babel breaks at a number longer than the 28 digits of Python's default."""
    with localcontext(prec=MOST_DIGITS):
        yield


@_all_digits()
def format_count(value: int) -> str:
    return _typeset(format_decimal(value, locale=LOCALE))


@_all_digits()
def format_money(kopecks: Value) -> str:
    """`123456` kopecks as `1 234,56 ₽`; a fraction of a kopeck is rounded half up."""
    roubles = _rounded(Fraction(kopecks) / 100, 2)
    return _typeset(format_decimal(roubles, _MONEY, locale=LOCALE))


@_all_digits()
def format_roubles(kopecks: Value) -> str:
    """`123456` kopecks as `1 235`: whole roubles without their sign, for the width of a table."""
    return format_count(int(_rounded(Fraction(kopecks) / 100, 0)))


def format_price(kopecks: int) -> str:
    """What a thing is sold for: `3500000` as `35 000 ₽`, with kopecks only where there are any."""
    if kopecks % 100:
        return format_money(kopecks)
    return f"{format_count(kopecks // 100)}{NBSP}₽"


@_all_digits()
def format_share(share: Value, digits: int = 2) -> str:
    """A share of one as a percentage: `1/25` as `4,00 %`."""
    rounded = _rounded(Fraction(share), digits + 2)
    return _typeset(format_percent(rounded, _percentage(digits), locale=LOCALE))


@cache
def _percentage(digits: int) -> NumberPattern:
    return parse_pattern(f"#,##0.{'0' * digits}{NBSP}%")


def format_value(kind: Kind, value: Value | None) -> str:
    if value is None:
        return NO_DATA
    match kind:
        case Kind.COUNT:
            return format_count(int(value))
        case Kind.MONEY | Kind.UNIT_PRICE:
            return format_money(value)
        case Kind.PERCENT:
            return format_share(value)


def format_figure(figure: Figure) -> str:
    """The value; `—` where there is none to be had, `нет данных` where Avito kept it."""
    if figure.undefined:
        return NO_VALUE
    return format_value(figure.metric.kind, figure.value)


def format_change(figure: Figure, *, coloured: bool = True) -> str:
    """`🟢 ▲ 12 %`, `как было`, or nothing where there is nothing to compare.

    The arrow says up or down, the colour whether that is good: only for a metric of which that
    can be said, and only for a change worth a look.
    """
    metric, change, before = figure.metric, figure.change, earlier(figure)
    if change is None or before is None:
        return ""
    moved = _moved(metric, change, before)
    if moved is None:
        return NO_CHANGE
    arrow = "▲" if change.absolute > 0 else "▼"
    colour = _colour(metric.better, change) if coloured else ""
    return f"{colour}{arrow}{NBSP}{moved}"


def _moved(metric: Metric, change: Change, before: Value) -> str | None:
    """How far, without a sign; None if so little that nobody could see it on the screen."""
    kind, distance = metric.kind, abs(Fraction(change.absolute))
    if kind is Kind.PERCENT:
        # Between two percentages lie percentage points, not per cent.
        points = _decimal(distance * 100, 2)
        return None if points == "0" else f"{points}{NBSP}п.п."
    amount = format_value(kind, distance)
    if not any(digit in amount for digit in "123456789"):
        return None
    if metric.is_state or _is_hardly_a_base(kind, before):
        return amount
    if change.relative is None:
        return FROM_ZERO
    if change.relative >= MANIFOLD - 1:
        return f"в {_counted(change.relative + 1, 'раз', 'раза', 'раз')}".replace(" ", NBSP)
    share = abs(change.relative)
    percent = _decimal(share * 100, 0 if share >= Fraction(1, 100) else 1)
    return amount if percent == "0" else f"{percent}{NBSP}%"


def _is_hardly_a_base(kind: Kind, before: Value) -> bool:
    """Whether a share of it would mislead: one contact after two is no fall by a half."""
    return before < 0 or (kind is Kind.COUNT and 0 < before < FEW)


@_all_digits()
def _counted(number: Fraction, one: str, few: str, many: str) -> str:
    """A rough number with its word: `2,3 дня`, `12 дней`."""
    rough = _rounded(number, 0 if number >= ROUND_FROM else 1)
    if rough == int(rough):
        return plural(int(rough), one, few, many)
    return f"{format_decimal(rough, locale=LOCALE)} {few}"


@_all_digits()
def _decimal(number: Fraction, digits: int) -> str:
    """With so many digits after the comma, but without zeros at the end."""
    return _typeset(format_decimal(_rounded(number, digits), locale=LOCALE))


def _colour(better: Better, change: Change) -> str:
    is_notable = change.relative is None or abs(change.relative) >= NOTABLE
    if better is Better.NEITHER or not is_notable:
        return ""
    is_good = (change.absolute > 0) is (better is Better.UP)
    return f"{'🟢' if is_good else '🔴'}{NBSP}"


def format_lasts(days: Fraction) -> str:
    """`на 2,3 дня`: rounded down, for nobody should count on more than there is."""
    if days < 1:
        return "меньше чем на день"
    if days > A_YEAR:
        return "больше чем на год"
    scale = 1 if days >= ROUND_FROM else 10
    return f"на {_counted(Fraction(int(days * scale), scale), 'день', 'дня', 'дней')}"


def format_day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def format_dates(days: Sequence[date]) -> str:
    """`30 ноября, 1 и 2 декабря`: each month is said once, after the last of its days."""
    said = []
    for day, following in zip(days, [*days[1:], None], strict=True):
        is_last = following is None or following.month != day.month
        pattern = f"d{NBSP}MMMM" if is_last else "d"
        said.append(format_date(day, pattern, locale=LOCALE))
    return format_list(said, locale=LOCALE)


def format_weekday(day: date) -> str:
    """`пн`."""
    return format_date(day, "ccc", locale=LOCALE)


def format_month(day: date) -> str:
    """`Ноябрь 2026`."""
    return format_date(day, "LLLL y", locale=LOCALE).capitalize()


def format_period(period: Period) -> str:
    if period.length == 1:
        return format_day(period.first)
    return f"{format_day(period.first)} – {format_day(period.last)}"


def format_time(instant: datetime, zone: ZoneInfo = MOSCOW) -> str:
    return f"{instant.astimezone(zone):%H:%M}"


def format_at(moment: datetime | time) -> str:
    """`в 09:05`, of a wall clock."""
    return f"в{NBSP}{moment:%H:%M}"


def format_read_at(read_at: datetime, now: datetime, zone: ZoneInfo = MOSCOW) -> str:
    """`Обновлено в 09:05`; with the date when that was not today in the reader's zone."""
    local = read_at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"Обновлено {format_at(local)}"
    return f"Обновлено {format_day(local.date())} {format_at(local)}"


def _typeset(number: str) -> str:
    return number.replace("-", MINUS)


def _rounded(value: Fraction, digits: int) -> Decimal:
    """`value` rounded half away from zero, exactly: no binary float is ever made of money."""
    scaled = abs(value) * 10**digits
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits)


def format_moment(instant: datetime, now: datetime, zone: ZoneInfo = MOSCOW) -> str:
    """`сегодня в 09:05`, or with the date when that is not today in the reader's zone."""
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    day = "сегодня" if local.date() == today else format_day(local.date())
    return f"{day} {format_at(local)}"
