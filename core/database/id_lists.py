"""Lists of ids as one value: to and from either database, however long, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Integer, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


def collected(session: AsyncSession, column: ColumnElement[int]) -> ColumnElement[Any]:
    """An aggregate: the ids of a group, as a list."""
    if session.get_bind().dialect.name == "postgresql":
        return func.array_agg(column, type_=ARRAY(Integer))
    return func.json_group_array(column, type_=JSON)


def among(
    session: AsyncSession, column: InstrumentedAttribute[int], ids: Sequence[int]
) -> ColumnElement[bool]:
    """`column IN ids`. An `in_` has a parameter for each id, and so is compiled each time."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(ids), ARRAY(column.type)))
    listed = func.json_each(bindparam(None, list(ids), JSON)).table_valued("value")
    return column.in_(select(listed.c.value))
