"""The callback contract: wire strings that buttons of last year still carry."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any

import pytest
from aiogram.filters.callback_data import CallbackData

from bot import callbacks
from bot.callbacks import (
    Cancel,
    ProfileAdd,
    ProfileDelete,
    ProfileDeleteConfirm,
    ProfileReport,
    ProfilesBack,
    ProfileView,
    ReportNow,
)

LARGEST_ID = 2**63 - 1

ALL = [
    kind
    for _, kind in inspect.getmembers(callbacks, inspect.isclass)
    if issubclass(kind, CallbackData) and kind not in (CallbackData, callbacks.AboutProfile)
]


@pytest.mark.parametrize(
    ("button", "wire"),
    [
        (ProfileAdd(), "profile_add"),
        (ProfilesBack(), "profiles_back"),
        (Cancel(), "cancel"),
        (ProfileView(profile_id=17), "profile_view:17"),
        (ProfileReport(profile_id=17), "profile_report:17"),
        (ProfileDelete(profile_id=17), "profile_delete:17"),
        (ProfileDeleteConfirm(profile_id=17), "profile_delete_confirm:17"),
        (ReportNow(profile_id=17), "report_now:17"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_wire_strings_of_the_contract_never_change(button: CallbackData, wire: str) -> None:
    assert button.pack() == wire
    assert type(button).unpack(wire) == button


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_longest_data_of_a_button_fits_into_64_bytes(kind: type[CallbackData]) -> None:
    for number in (LARGEST_ID, -LARGEST_ID):
        values = {name: _longest(field.annotation, number) for name, field in _fields(kind)}
        packed = kind.model_construct(**values).pack()
        assert len(packed.encode()) <= 64


def test_no_two_buttons_share_a_prefix() -> None:
    prefixes = [kind.__prefix__ for kind in ALL]
    assert len(prefixes) == len(set(prefixes))
    assert all(":" not in prefix for prefix in prefixes)


def _fields(kind: type[CallbackData]) -> Any:
    return kind.model_fields.items()


def _longest(annotation: Any, number: int) -> Any:
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return max(annotation, key=lambda member: len(str(member.value)))
    assert annotation is int, f"say here what the longest {annotation} is"
    return number
