"""Time zones the way people look for them: by a city, by a country, by their English name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global

COMMON = (
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
    "Europe/Minsk",
    "Asia/Almaty",
    "Asia/Tashkent",
    "Asia/Bishkek",
    "Asia/Yerevan",
    "Asia/Tbilisi",
    "Asia/Baku",
    "Europe/Istanbul",
    "Asia/Dubai",
    "Asia/Bangkok",
    "Europe/Berlin",
    "Etc/UTC",
)
"""What is offered without a search: Russia from west to east, then where else Russian is heard."""

_MORE_WORDS = {
    "Europe/Moscow": (
        "Санкт-Петербург Питер Казань Нижний Новгород Ростов-на-Дону Краснодар Сочи Воронеж "
        "Ярославль Рязань Тула Тверь Липецк Пенза Чебоксары Ставрополь Махачкала Белгород Курск "
        "Мурманск Архангельск Вологда Иваново Набережные Челны МСК"
    ),
    "Europe/Samara": "Тольятти Ижевск",
    "Asia/Yekaterinburg": "Челябинск Уфа Пермь Тюмень Оренбург Сургут Магнитогорск Курган",
    "Asia/Krasnoyarsk": "Кемерово Абакан Норильск",
    "Asia/Irkutsk": "Улан-Удэ Братск",
    "Asia/Yakutsk": "Благовещенск",
    "Asia/Vladivostok": "Хабаровск Уссурийск",
    "Asia/Sakhalin": "Южно-Сахалинск",
    "Asia/Almaty": "Астана Караганда Шымкент",
    "Asia/Shanghai": "Пекин",
    "America/New_York": "Вашингтон Бостон Майами",
    "Etc/UTC": "GMT Гринвич",
}
"""Cities that many people type and that no zone is named after."""

_OFFSET = re.compile(r"(utc|gmt|мск)?([+−-])(\d{1,2})(?::?(\d\d))?")
_MOSCOW_AHEAD = timedelta(hours=3)


def is_known(zone: str) -> bool:
    return zone in _cities()


def city(zone: str) -> str:
    """What a person calls the zone: `Екатеринбург`, or `UTC`."""
    zone = _canonical(zone)
    return _cities().get(zone) or _last_part(zone)


def offset(zone: str, now: datetime) -> str:
    """How far its clocks are from UTC at `now`: `UTC+5`, `UTC+5:30`."""
    ahead = now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    sign = "+" if ahead >= timedelta() else "−"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def find(typed: str, limit: int, now: datetime) -> list[str]:
    """The zones that match what was typed, the likeliest first; `UTC+5` is as good as a city."""
    wanted = " ".join(_folded(typed).split())
    if not wanted:
        return []
    if (ahead := _typed_offset(typed)) is not None:
        at_it = (zone for zone in _cities() if now.astimezone(ZoneInfo(zone)).utcoffset() == ahead)
        return sorted(at_it, key=_rank)[:limit]
    found = [
        (_unlikely(wanted, zone, words), zone)
        for zone, words in _words().items()
        if wanted in words
    ]
    return [zone for _, zone in sorted(found)[:limit]]


def _unlikely(wanted: str, zone: str, words: str) -> tuple[bool, bool, bool, int, str]:
    """Sorts whole words first, then a city that begins like this, then any word that does."""
    return (
        f" {wanted} " not in f"{words} ",
        not _folded(_cities()[zone]).startswith(wanted),
        f" {wanted}" not in words,
        *_rank(zone),
    )


def _rank(zone: str) -> tuple[int, str]:
    return COMMON.index(zone) if zone in COMMON else len(COMMON), _cities()[zone]


def _typed_offset(typed: str) -> timedelta | None:
    """`UTC+5`, `+5:30` and `МСК+2` as what a clock is ahead of UTC."""
    match = _OFFSET.fullmatch("".join(typed.casefold().split()))
    if match is None:
        return None
    base, sign, hours, minutes = match.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return (_MOSCOW_AHEAD if base == "мск" else timedelta()) + (ahead if sign == "+" else -ahead)


@cache
def _cities() -> Mapping[str, str]:
    """Every zone of the world by its present name, with its city in Russian where one exists.

    Babel knows the cities by the older names of some zones: `Asia/Calcutta` is `Калькутта`.
    """
    ru = Locale("ru").time_zones
    names = {
        zone: _last_part(zone)
        for zone in get_global("zone_territories")
        if not zone.startswith("Etc/")
    }
    for known in (*get_global("zone_aliases"), *names):
        zone = _canonical(known)
        if zone in names and "city" in ru.get(known, {}):
            names[zone] = ru[known]["city"]
    return names | {"Etc/UTC": "UTC"}


@cache
def _words() -> Mapping[str, str]:
    """All that a zone is found by: city, country, English name, other cities."""
    countries = Locale("ru").territories
    territories = get_global("zone_territories")
    return {
        zone: _folded(
            " ".join(
                (
                    "",
                    name,
                    countries.get(territories[zone], ""),
                    zone,
                    _last_part(zone),
                    _MORE_WORDS.get(zone, ""),
                )
            )
        )
        for zone, name in _cities().items()
    }


def _canonical(zone: str) -> str:
    aliases: Mapping[str, str] = get_global("zone_aliases")
    return aliases.get(zone, zone)


def _last_part(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def _folded(text: str) -> str:
    """Letters only as people tell them apart: no case, no `ё`, no hyphens."""
    return text.casefold().replace("ё", "е").replace("-", " ").replace("_", " ")
