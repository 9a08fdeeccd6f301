"""The parts of Avito's answers that we read.

Tolerant on purpose: unknown fields and types pass, since Avito's enums are not closed and its
specification lags behind. Ids are plain integers: the declared int32 is outgrown in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

Number = Annotated[Decimal, Field(allow_inf_nan=False, ge=-(10**15), le=10**15)]
"""A count or money as Avito writes it, exact: the JSON was read with `Decimal`."""

Count = Annotated[int, Field(ge=-(10**15), le=10**15)]
"""A whole count, where Avito writes nothing else."""


class Unread(Counter[str]):
    """By the names of fields, how many could not be read: the context of a validation."""

    @classmethod
    def note(cls, info: ValidationInfo, name: str) -> None:
        if isinstance(info.context, cls):
            info.context[name] += 1


def _or_nothing(value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return read(value)
    except ValidationError:
        Unread.note(info, info.field_name or "")
        return None


Optional = WrapValidator(_or_nothing)
"""What a thing can do without: unreadable it is absent, and does not spoil all the others."""


class Schema(BaseModel):
    # An error must not quote what it could not read: that may be a token or a phone number.
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class TokenAnswer(Schema):
    access_token: str = Field(pattern=r"^[\x21-\x7e]+$", repr=False)
    expires_in: Decimal = Field(default=Decimal(86400), gt=0, le=10**9)
    """Seconds."""


class SelfInfo(Schema):
    id: int = Field(gt=0, lt=2**63)


class EmployeeCheck(Schema):
    is_employee: bool | None = Field(default=None, alias="isEmployee")


class Balance(Schema):
    """The wallet, in roubles."""

    real: Annotated[Number | None, Optional] = None
    bonus: Annotated[Number | None, Optional] = None


class Advance(Schema):
    """The CPA advance in kopecks; flat or inside `result`."""

    balance: Number | None = None
    result: Advance | None = None

    def kopecks(self) -> Decimal | None:
        if self.balance is None and self.result is not None:
            return self.result.balance
        return self.balance


class Row(Schema):
    """One of many. What is none at all has nothing in it, and still counts as a row."""

    @model_validator(mode="before")
    @classmethod
    def _or_empty(cls, row: Any, info: ValidationInfo) -> Any:
        if isinstance(row, dict):
            return row
        Unread.note(info, cls.__name__)
        return {}


class NamedRow(Row):
    id: Annotated[int | None, Optional] = None


def _about_something(rows: Sequence[NamedRow]) -> Sequence[NamedRow]:
    """Where no row at all names anything, it is not the rows that are odd."""
    if rows and all(row.id is None for row in rows):
        raise ValueError("rows of nothing")
    return rows


class MetricValue(Row):
    slug: Annotated[str | None, Optional] = None
    value: Annotated[Number | None, Optional] = None


class StatsRow(NamedRow):
    """By day its id is the unix seconds of a UTC midnight; a listing's may be above 2**31."""

    metrics: Annotated[list[MetricValue] | None, Optional] = None


class StatsRows(Schema):
    total: int | None = Field(default=None, alias="dataTotalCount")
    groupings: Annotated[list[StatsRow], AfterValidator(_about_something)]


class StatsAnswer(Schema):
    result: StatsRows


class Item(NamedRow):
    title: Annotated[str | None, Optional] = None
    price: Annotated[Number | None, Optional] = None
    """Roubles."""
    status: Annotated[str | None, Optional] = None
    url: Annotated[str | None, Optional] = None


class ItemsMeta(Schema):
    per_page: Annotated[int | None, Optional] = None


class ItemsAnswer(Schema):
    resources: Annotated[list[Item], AfterValidator(_about_something)]
    meta: ItemsMeta = ItemsMeta()


class ItemDay(Schema):
    day: date = Field(alias="date")
    views: Count | None = Field(default=None, alias="uniqViews")
    contacts: Count | None = Field(default=None, alias="uniqContacts")
    favorites: Count | None = Field(default=None, alias="uniqFavorites")


class ItemStats(Schema):
    item: int = Field(alias="itemId")
    stats: list[ItemDay] = []


class ItemStatsList(Schema):
    items: list[ItemStats]


class ItemStatsAnswer(Schema):
    result: ItemStatsList


class CallsDay(Schema):
    day: date = Field(alias="date")
    calls: Count | None = None
    answered: Count | None = None
    new: Count | None = None
    new_answered: Count | None = Field(default=None, alias="newAnswered")


class ItemCalls(Schema):
    """Of one listing and employee; those that belong to none have rows too."""

    days: list[CallsDay] = []


class ItemCallsList(Schema):
    items: list[ItemCalls]


class CallsAnswer(Schema):
    result: ItemCallsList
