"""The one place that decides who may look at a profile's numbers, and where."""

from __future__ import annotations

import pytest

from core.database.session import Sessions, reading
from core.errors import ProfileNotFound
from core.services import destinations, profiles
from core.services.destinations import NO_SAY, Trouble
from core.services.profiles import Viewed
from sandbox.clock import SandboxClock
from tests.support.deliveries import Office

ALICE, BOB, CAROL = 1, 2, 3
GROUP, OTHER_GROUP, TOPIC = -100_200_300, -100_200_301, 7


@pytest.fixture
def office(sessions: Sessions) -> Office:
    return Office(sessions, SandboxClock())


async def look(
    office: Office, person: int, chat_id: int, thread_id: int, profile_id: int
) -> Viewed | None:
    async with reading(office.sessions) as session:
        try:
            return await profiles.viewable(session, person, chat_id, thread_id, profile_id)
        except ProfileNotFound:
            return None


async def bound(office: Office, chat_id: int) -> list[int]:
    """The profiles that `/stats` tells of there."""
    async with reading(office.sessions) as session:
        return [profile.id for profile in await destinations.bound_here(session, chat_id, 0)]


async def test_its_owner_may_everywhere_and_others_where_it_reports(office: Office) -> None:
    profile_id = await office.add_profile(ALICE)
    in_topic = await office.add_task(GROUP, profile_id=profile_id, thread_id=TOPIC)
    everywhere = [(GROUP, TOPIC), (GROUP, 0), (GROUP, 8), (OTHER_GROUP, TOPIC), (ALICE, 0)]

    for chat_id, thread_id in everywhere:
        viewed = await look(office, ALICE, chat_id, thread_id, profile_id)
        assert viewed is not None
        assert viewed.is_owner
        assert (viewed.task is not None) == ((chat_id, thread_id) == (GROUP, TOPIC))
    may = [place for place in everywhere if await look(office, BOB, *place, profile_id)]
    assert may == [(GROUP, TOPIC)]
    viewed = await look(office, BOB, GROUP, TOPIC, profile_id)
    assert viewed is not None
    assert viewed.task is not None
    assert (viewed.profile.id, viewed.task.id, viewed.is_owner) == (profile_id, in_topic, False)


async def test_where_another_profile_reports_this_one_is_closed(office: Office) -> None:
    shown, hidden = await office.add_profile(ALICE), await office.add_profile(ALICE)
    await office.add_task(GROUP, profile_id=shown)

    assert await look(office, BOB, GROUP, 0, shown)
    assert await look(office, BOB, GROUP, 0, hidden) is None
    assert await look(office, BOB, GROUP, 0, 999) is None


@pytest.mark.parametrize("why", sorted(NO_SAY))
async def test_where_its_owner_has_no_say_it_is_closed_to_others(office: Office, why: str) -> None:
    left, stays = await office.add_profile(ALICE), await office.add_profile(BOB)
    await office.add_task(GROUP, profile_id=left, suspended=why)
    await office.add_task(OTHER_GROUP, profile_id=left)
    await office.add_task(GROUP, profile_id=stays)

    assert await look(office, BOB, GROUP, 0, left) is None
    assert await look(office, BOB, OTHER_GROUP, 0, left)
    assert await look(office, CAROL, GROUP, 0, stays)
    assert await bound(office, GROUP) == [stays]
    assert await bound(office, OTHER_GROUP) == [left]
    # She may look at them everywhere; others read along, so it is still the place's choice.
    viewed = await look(office, ALICE, GROUP, 0, left)
    assert viewed is not None
    assert viewed.task is not None


@pytest.mark.parametrize(
    "columns",
    [{"is_active": False}, {"suspended": Trouble.NO_RIGHTS}, {"suspended": Trouble.KICKED}],
)
async def test_a_pause_or_a_bot_that_may_not_post_closes_nothing(
    office: Office, columns: dict[str, object]
) -> None:
    profile_id = await office.add_profile(ALICE)
    await office.add_task(GROUP, profile_id=profile_id, **columns)

    assert await look(office, BOB, GROUP, 0, profile_id)
    assert await bound(office, GROUP) == [profile_id]


async def test_a_private_chat_is_nobodys_but_the_owners(office: Office) -> None:
    profile_id = await office.add_profile(ALICE)
    # The predecessor let reports go into anybody's private chat, and "nowhere" is chat 0.
    await office.add_task(BOB, profile_id=profile_id)
    await office.add_task(0, profile_id=profile_id)

    assert await look(office, BOB, BOB, 0, profile_id) is None
    assert await look(office, BOB, 0, 0, profile_id) is None


async def test_the_same_place_twice_is_one_answer(office: Office) -> None:
    profile_id = await office.add_profile(ALICE)
    first = await office.add_task(GROUP, profile_id=profile_id)
    await office.add_task(GROUP, profile_id=profile_id)

    viewed = await look(office, BOB, GROUP, 0, profile_id)

    assert viewed is not None
    assert viewed.task is not None
    assert viewed.task.id == first
