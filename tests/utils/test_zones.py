"""A zone is found the way people call it, and shown the way they know it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest

from utils import zones

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def found(typed: str) -> list[str]:
    return zones.find(typed, 8, NOW)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Москва", "Europe/Moscow"),
        ("москва ", "Europe/Moscow"),
        ("мск", "Europe/Moscow"),
        ("екат", "Asia/Yekaterinburg"),
        ("Владивосток", "Asia/Vladivostok"),
        ("Питер", "Europe/Moscow"),
        ("нижний новгород", "Europe/Moscow"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Киев", "Europe/Kyiv"),
        ("Калькутта", "Asia/Kolkata"),
        ("екб", "Asia/Yekaterinburg"),
        ("спб", "Europe/Moscow"),
        ("Татарстан", "Europe/Moscow"),
        ("Башкирия", "Asia/Yekaterinburg"),
        ("Алтай", "Asia/Barnaul"),
        ("Кузбасс", "Asia/Novokuznetsk"),
        ("Камчатка", "Asia/Kamchatka"),
        ("Сахалин", "Asia/Sakhalin"),
        ("Крым", "Europe/Simferopol"),
        ("Киргизия", "Asia/Bishkek"),
        ("Кыргызстан", "Asia/Bishkek"),
        ("Белоруссия", "Europe/Minsk"),
        ("Молдавия", "Europe/Chisinau"),
        ("Эмираты", "Asia/Dubai"),
        ("Тайланд", "Asia/Bangkok"),
        ("Южная Корея", "Asia/Seoul"),
        ("Англия", "Europe/London"),
        ("Америка", "America/New_York"),
        ("Бали", "Asia/Makassar"),
        ("Анталья", "Europe/Istanbul"),
        ("Алма-Ата", "Asia/Almaty"),
        ("utc+5", "Asia/Yekaterinburg"),
        ("UTC + 3", "Europe/Moscow"),
        ("+3", "Europe/Moscow"),
        ("МСК+2", "Asia/Yekaterinburg"),
        ("мск-1", "Europe/Kaliningrad"),
        ("GMT+5:30", "Asia/Kolkata"),
        ("utc+0530", "Asia/Kolkata"),
        ("utc+0", "Etc/UTC"),
    ],
)
def test_the_likeliest_zone_comes_first(typed: str, zone: str) -> None:
    assert found(typed)[0] == zone


def test_a_country_brings_its_zones() -> None:
    assert found("казахстан")[0] == "Asia/Almaty"
    assert {"Asia/Aqtau", "Asia/Oral"} <= set(found("казахстан"))


def test_of_a_large_country_the_zones_that_people_mean_come_first() -> None:
    known = ["New_York", "Chicago", "Denver", "Phoenix", "Los_Angeles", "Anchorage"]
    first = zones.find("США", 9, NOW)
    assert [zone for zone in first if zone.partition("/")[2] in known] == [
        f"America/{city}" for city in known
    ]
    assert first[0] == "America/New_York"


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("мск", "Europe/Moscow"), ("нск", "Asia/Novosibirsk"), ("Питер", "Europe/Moscow")],
)
def test_a_word_that_is_a_name_brings_no_names_that_merely_contain_it(
    typed: str, zone: str
) -> None:
    assert found(typed) == [zone]


def test_a_few_letters_find_what_begins_with_them_and_only_then_what_contains_them() -> None:
    assert found("ом")[0] == "Asia/Omsk"
    assert "Asia/Tomsk" not in found("ом")
    assert {"Asia/Yekaterinburg", "Europe/Moscow"} <= set(found("бург"))


def test_an_offset_is_the_one_of_now() -> None:
    summer = datetime(2026, 7, 1, tzinfo=UTC)

    assert "Europe/Berlin" in zones.find("utc+1", 100, NOW)
    assert "Europe/Berlin" in zones.find("utc+2", 100, summer)


@pytest.mark.parametrize("typed", ["", "  ", "йцукен", "utc+77", "+", "utc+5:99", "%", "−"])
def test_nonsense_finds_nothing(typed: str) -> None:
    assert found(typed) == []


def test_no_more_are_found_than_asked_for() -> None:
    assert len(zones.find("а", 3, NOW)) == 3


@pytest.mark.parametrize(
    ("zone", "city", "offset"),
    [
        ("Europe/Moscow", "Москва", "UTC+3"),
        ("Asia/Kolkata", "Калькутта", "UTC+5:30"),
        ("Asia/Calcutta", "Калькутта", "UTC+5:30"),
        ("America/St_Johns", "Сент-Джонс", "UTC−3:30"),
        ("Etc/UTC", "UTC", "UTC+0"),
        ("America/Argentina/Cordoba", "Кордова", "UTC−3"),
    ],
)
def test_a_zone_has_a_city_and_an_offset(zone: str, city: str, offset: str) -> None:
    assert (zones.city(zone), zones.offset(zone, NOW)) == (city, offset)


def test_every_zone_that_is_offered_can_be_kept() -> None:
    areas = {zone.partition("/")[0] for zone in available_timezones()}
    offered = {*zones.COMMON, *(zone for area in areas for zone in zones.find(area, 1000, NOW))}

    assert len(offered) >= 400
    assert offered <= available_timezones()
    assert all(zones.is_known(zone) for zone in offered)


def test_a_zone_is_the_same_under_its_older_name() -> None:
    assert zones.is_same("Asia/Calcutta", "Asia/Kolkata")
    assert zones.is_same("UTC", "Etc/UTC")
    assert not zones.is_same("Europe/Moscow", "Europe/Minsk")


def test_what_is_no_zone_is_not_known() -> None:
    assert not zones.is_known("Europe/Atlantis")
    assert not zones.is_known("../etc/passwd")
