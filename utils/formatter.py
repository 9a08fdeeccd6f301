"""Numbers, money and dates the Russian way. Plain text: escaping is the screens' business.

Groups, `₽` and `%` are joined by no-break spaces, and so are a number and what it counts, `в` and
its time: a line never tears them, and a whole change goes to the next line of a phone. Minus is
the sign of that name, no hyphen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from utils.analytics import Change, Figure, Value
from utils.metrics import Kind
from utils.periods import MOSCOW, Period

LOCALE = "ru"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NO_DATA = "нет данных"
NO_VALUE = "—"
NO_CHANGE = f"без{NBSP}изменений"


def format_count(value: int) -> str:
    return _typeset(format_decimal(value, locale=LOCALE))


def format_money(kopecks: Value) -> str:
    """`123456` kopecks as `1 234,56 ₽`; a fraction of a kopeck is rounded half up."""
    return _typeset(format_currency(_rounded(Fraction(kopecks) / 100, 2), "RUB", locale=LOCALE))


def format_share(share: Value, digits: int = 2) -> str:
    """A share of one as a percentage: `1/25` as `4,00 %`."""
    pattern = f"#,##0.{'0' * digits}{NBSP}%"
    return _typeset(format_percent(_rounded(Fraction(share), digits + 2), pattern, locale=LOCALE))


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


def format_change(kind: Kind, change: Change | None) -> str:
    """`▲ +12 (+8,3 %)`, `без изменений`, or nothing where there is nothing to compare."""
    if change is None:
        return ""
    moved = _signed(kind, change.absolute)
    # What rounds away on the screen has not moved for the person who reads it.
    if not any(digit in moved for digit in "123456789"):
        return NO_CHANGE
    arrow = "▲" if change.absolute > 0 else "▼"
    if change.relative is None:
        return f"{arrow}{NBSP}{moved}"
    sign = "+" if change.relative > 0 else ""
    return f"{arrow}{NBSP}{moved}{NBSP}({sign}{format_share(change.relative, digits=1)})"


def _signed(kind: Kind, difference: Value) -> str:
    sign = "+" if difference > 0 else ""
    if kind is Kind.PERCENT:
        # Between two percentages lie percentage points, not per cent.
        points = format_decimal(_rounded(Fraction(difference) * 100, 2), "#,##0.00", locale=LOCALE)
        return f"{sign}{_typeset(points)}{NBSP}п.п."
    return sign + format_value(kind, difference)


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
