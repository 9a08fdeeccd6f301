"""Phones are found however people write them, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.chats.phones import phones_in

PHONE = "+79161234567"


@pytest.mark.parametrize(
    "written",
    [
        "+79161234567",
        "89161234567",
        "79161234567",
        "9161234567",
        "8 916 123-45-67",
        "8(916)123-45-67",
        "8 (916) 123 45 67",
        "+7 (916) 123-45-67",
        "+7 916 123 45 67",
        "+7-916-123-45-67",
        "8-916-123-45-67",
        "8.916.123.45.67",
        "916 123 45 67",
        "(916) 123-45-67",
        "8916 1234567",
        "8 916 1234567",
        "8 916 123 4567",
        "8 916 – 123 – 45 – 67",
        "+7-916-12-345-67",
        "8 916 12 34 567",
        "wa.me/79161234567",
        "https://wa.me/+79161234567?text=1",
        "https://api.whatsapp.com/send?phone=79161234567&text=1",
        "https://t.me/+79161234567",
    ],
)
@pytest.mark.parametrize(
    "sentence",
    ["{}", "Звоните {}, Анна", "тел:{}.", "Мой номер {}!", "в 18 часов\n{}\nжду", "т.{};"],
)
def test_it_is_found_however_it_is_written(written: str, sentence: str) -> None:
    assert phones_in(sentence.format(written)) == [PHONE]


@pytest.mark.parametrize(
    "text",
    [
        "тел89161234567",
        "т89161234567, Анна",
        "Звоните89161234567Анна",
        "Оформите заказ 8 916 123-45-67",
        "Перевод на карту +7 916 123 45 67",
    ],
)
def test_it_is_found_among_words_that_are_too_close(text: str) -> None:
    assert phones_in(text) == [PHONE]


@pytest.mark.parametrize(
    "text",
    [
        "Отдам за 9 161 234 567",
        "89 161 234 567 рублей",
        "Цена 9161234567 ₽",
        "9161234567 руб.",
        "заказ 9161234567",
        "Объявление № 9161234567",
        "объявление 89161234567",
        "ИНН 9161234567",
        "карта 4276 8916 1234 5678",
        "4276891612345678",
        "https://www.avito.ru/moskva/mebel/divan_9161234567",
        "avito.ru/moskva/divan-89161234567?x=1",
        "трек 80089161234567",
        "id=89161234567",
        "id89161234567",
        "заказ89161234567",
        "89161234567р",
        "https://wa.me/message/QR89161234567",
        "https://t.me/sofa_89161234567",
        "wa.me/791612345678",
        "+1 916 123 45 67",
        "+380 44 123 45 67",
        "+995 916 123 45 67",
        "1916 123 45 67",
        "8 016 123-45-67",
        "916 123 45",
        "12.11.2026 в 09:00, 1 234 567 ₽ за 12 шт",
        "Размер 900х2000х1234567",
        "900х9161234567",
        "3.9161234567",
    ],
)
def test_prices_numbers_of_listings_and_dates_are_no_phones(text: str) -> None:
    assert phones_in(text) == []


def test_a_landline_needs_its_prefix() -> None:
    assert phones_in("8 (495) 123-45-67") == ["+74951234567"]
    assert phones_in("495 123-45-67") == []


def test_each_is_told_once_in_the_order_written() -> None:
    text = "8 926 765-43-21 89161234567 2 раза, ещё раз +7 926 765 43 21"

    assert phones_in(text) == ["+79267654321", PHONE]


@given(st.from_regex(r"9[0-9]{9}", fullmatch=True), st.sampled_from(["+7", "8", "7", ""]))
def test_any_mobile_number_is_found(number: str, prefix: str) -> None:
    a, b, c, d = number[:3], number[3:6], number[6:8], number[8:]

    for written in (number, f"({a}) {b}-{c}-{d}", f"{a} {b} {c} {d}"):
        assert phones_in(f"Звоните: {prefix}{written}.") == [f"+7{number}"]


@given(st.integers(1, 10**15), st.sampled_from([" ", "\N{NO-BREAK SPACE}", ".", ","]))
def test_no_price_is_a_phone(roubles: int, separator: str) -> None:
    grouped = f"{roubles:,}".replace(",", separator)

    assert phones_in(f"Отдам за {roubles} ₽, то есть {roubles} руб") == []
    assert phones_in(f"Отдам за {grouped}") == []


@given(st.integers(10**9, 10**10 - 1))
def test_no_number_of_a_listing_is_a_phone(listing: int) -> None:
    assert phones_in(f"https://www.avito.ru/moskva/mebel/divan_{listing}") == []
    assert phones_in(f"объявление {listing}, №{listing}, id {listing}") == []


@given(st.text())
def test_whatever_comes_what_is_found_is_a_phone(text: str) -> None:
    for phone in phones_in(text):
        assert phone.startswith(("+73", "+74", "+78", "+79"))
        assert len(phone) == 12
