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

_COUNTRIES = {
    "AE": "Эмираты",
    "BY": "Белоруссия",
    "DO": "Доминикана",
    "GB": "Англия",
    "KG": "Кыргызстан",
    "KR": "Южная Корея",
    "MD": "Молдавия",
    "NL": "Голландия",
    "RU": "РФ",
    "TH": "Тайланд",
    "TM": "Туркмения",
    "US": "США Америка",
}
"""What people call countries that Babel knows by another name."""

_PLACES = {
    "Europe/Moscow": (
        "МСК Подмосковье Санкт-Петербург Питер СПб Казань Татарстан Нижний Новгород "
        "Ростов-на-Дону Краснодар Кубань Сочи Новороссийск Воронеж Ярославль Рязань Тула Тверь "
        "Липецк Пенза Чебоксары Чувашия Саранск Мордовия Ставрополь Махачкала Дагестан Грозный "
        "Чечня Владикавказ Нальчик Белгород Курск Брянск Орёл Калуга Смоленск Тамбов Владимир "
        "Кострома Мурманск Архангельск Вологда Череповец Петрозаводск Карелия Псков "
        "Великий Новгород Сыктывкар Коми Иваново Йошкар-Ола Набережные Челны Нижнекамск Абхазия"
    ),
    "Europe/Simferopol": "Крым Севастополь Ялта Керчь",
    "Europe/Samara": "Тольятти Ижевск Удмуртия",
    "Asia/Yekaterinburg": (
        "Екб Урал Челябинск Уфа Башкирия Башкортостан Стерлитамак Пермь Тюмень Оренбург Сургут "
        "Нижневартовск Ханты-Мансийск ХМАО Югра Салехард Новый Уренгой ЯНАО Ямал Магнитогорск "
        "Нижний Тагил Курган"
    ),
    "Asia/Novosibirsk": "Нск",
    "Asia/Barnaul": "Алтай Бийск",
    "Asia/Novokuznetsk": "Кемерово Кузбасс",
    "Asia/Krasnoyarsk": "Абакан Хакасия Норильск Кызыл Тува",
    "Asia/Irkutsk": "Улан-Удэ Бурятия Братск Ангарск Байкал",
    "Asia/Chita": "Забайкалье",
    "Asia/Yakutsk": "Якутия Саха Благовещенск",
    "Asia/Vladivostok": "Приморье Уссурийск Находка Хабаровск Комсомольск-на-Амуре Биробиджан",
    "Asia/Sakhalin": "Южно-Сахалинск Курилы",
    "Asia/Kamchatka": "Камчатка",
    "Asia/Anadyr": "Чукотка",
    "Asia/Almaty": "Алма-Ата Астана Караганда Шымкент",
    "Asia/Tbilisi": "Батуми",
    "Europe/Istanbul": "Анталья Анталия Аланья",
    "Asia/Jerusalem": "Тель-Авив Хайфа",
    "Asia/Nicosia": "Лимассол Ларнака",
    "Asia/Bangkok": "Пхукет Паттайя Самуи",
    "Asia/Ho_Chi_Minh": "Нячанг Дананг",
    "Asia/Makassar": "Бали Денпасар",
    "Asia/Kolkata": "Гоа Дели Мумбаи",
    "Asia/Shanghai": "Пекин",
    "Europe/Madrid": "Барселона",
    "America/New_York": "Вашингтон Бостон Майами Флорида",
    "America/Los_Angeles": "Калифорния Сан-Франциско Сиэтл",
    "Etc/UTC": "GMT Гринвич",
}
"""Cities, regions and short names that many people type and that no zone is named after."""

_OFFSET = re.compile(r"(utc|gmt|мск)?([+−-])(\d{1,2})(?::?(\d\d))?")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_MOSCOW_AHEAD = timedelta(hours=3)


def is_known(zone: str) -> bool:
    return zone in _cities()


def is_same(zone: str, other: str) -> bool:
    """Also where one of them is known by an older name."""
    return _canonical(zone) == _canonical(other)


def city(zone: str) -> str:
    """What a person calls the zone: `Екатеринбург`, or `UTC`."""
    zone = _canonical(zone)
    return _cities().get(zone) or _last_part(zone)


def offset(zone: str, now: datetime) -> str:
    """How far its clocks are from UTC at `now`: `UTC+5`, `UTC+5:30`."""
    ahead = _ahead(zone, now)
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    sign = "+" if ahead >= timedelta() else "−"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def find(typed: str, limit: int, now: datetime) -> list[str]:
    """The zones that match what was typed, the likeliest first; `UTC+5` is as good as a city.

    A name as a whole is meant before one that begins like this, and that before one that merely
    has these letters in it: `мск` is no Омск.
    """
    if (ahead := _typed_offset(typed)) is not None:
        found = [zone for zone in _cities() if _ahead(zone, now) == ahead]
    else:
        found = _named(_folded(typed))
    return sorted(found, key=lambda zone: _unlikely(zone, now))[:limit]


def _named(wanted: str) -> list[str]:
    if not wanted:
        return []
    for pattern in (f" {wanted} ", f" {wanted}", wanted):
        if found := [zone for zone, words in _words().items() if pattern in words]:
            return found
    return []


def _unlikely(zone: str, now: datetime) -> tuple[int, bool, int, timedelta, str]:
    """What is offered anyway goes first, then the main zones of the world, from Moscow's on."""
    offered = COMMON.index(zone) if zone in COMMON else len(COMMON)
    from_moscow = abs(_ahead(zone, now) - _MOSCOW_AHEAD)
    # `America/Indiana/Indianapolis` is an exception in a country with larger cities.
    return offered, zone not in _main_zones(), zone.count("/"), from_moscow, _cities()[zone]


def _typed_offset(typed: str) -> timedelta | None:
    """`UTC+5`, `+5:30` and `МСК+2` as what a clock is ahead of UTC."""
    match = _OFFSET.fullmatch("".join(typed.casefold().split()))
    if match is None:
        return None
    base, sign, hours, minutes = match.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return (_MOSCOW_AHEAD if base == "мск" else timedelta()) + (ahead if sign == "+" else -ahead)


def _ahead(zone: str, now: datetime) -> timedelta:
    return now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


@cache
def _main_zones() -> frozenset[str]:
    """The zones that Windows lets people choose from."""
    return frozenset(_canonical(zone) for zone in get_global("windows_zone_mapping").values())


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
    """All that a zone is found by: city, country, English name, and what else people say."""
    countries = Locale("ru").territories
    territories = get_global("zone_territories")
    return {
        zone: " {} ".format(
            _folded(
                f"{name} {countries.get(territories[zone], '')} {zone} {_last_part(zone)} "
                f"{_COUNTRIES.get(territories[zone], '')} {_PLACES.get(zone, '')}"
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
    """Words only as people tell them apart: no case, no `ё`, no marks between them."""
    return " ".join(_BETWEEN_WORDS.split(text.casefold().replace("ё", "е"))).strip()
