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
    offered = {*zones.COMMON, *zones.find("a", 1000, NOW)}

    assert len(offered) >= 400
    assert offered <= available_timezones()
    assert all(zones.is_known(zone) for zone in offered)


def test_what_is_no_zone_is_not_known() -> None:
    assert not zones.is_known("Europe/Atlantis")
    assert not zones.is_known("../etc/passwd")
