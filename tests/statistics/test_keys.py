"""Two owners of one account, and the keys of one are revoked: nobody reads by another's keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core.avito.auth import ProfileAccess
from core.combined import Combiner
from core.database.models import AvitoProfile
from core.database.session import reading
from core.errors import KeysRefused, Unavailable
from core.looks import Look, from_warm_store
from core.report_data import Collector, ReportData
from core.services import profiles
from core.services.profiles import Viewed
from core.statistics import keys
from tests.support.avito import AvitoRig
from utils.periods import Period, last_days, one_day

TODAY = date(2026, 11, 21)
YESTERDAY = one_day(TODAY - timedelta(days=1))
WEEK = Period(TODAY - timedelta(days=7), YESTERDAY.last)
MINUTE = timedelta(seconds=62)
ALICE, CHARLIE = 1, 2


class Owner:
    """Somebody with a profile of the shop."""

    def __init__(self, rig: AvitoRig, access: ProfileAccess, owner: int) -> None:
        self.rig, self.access, self.owner = rig, access, owner
        self.collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)

    async def profile(self) -> AvitoProfile:
        return await self.collector.profile(self.owner, self.access.profile_id)

    async def collect(self, period: Period = YESTERDAY) -> ReportData:
        return await self.collector.collect(await self.profile(), period)

    async def is_told_something(self) -> bool:
        """Whether anything of the account is told without asking Avito."""
        profile, now = await self.profile(), self.rig.clock.now()
        async with reading(self.rig.sessions) as session:
            viewed = Viewed(profile, None, is_owner=True, is_for_all=False)
            for period in (WEEK, YESTERDAY, last_days(now, 30)):
                if await from_warm_store(session, viewed, Look(period), now):
                    return True
            card = await profiles.card(session, profile, now)
            account = await keys.opened_account(session, profile, now)
        stored = await self.collector.stored(profile, WEEK, Unavailable("reading"))
        glance = await self.collector.as_it_is([profile], YESTERDAY)
        return bool(card.wallet or account or stored or glance)

    async def problem(self) -> str | None:
        return (await self.profile()).problem

    async def change(self, **columns: object) -> None:
        async with self.rig.sessions.begin() as session:
            its_own = AvitoProfile.id == self.access.profile_id
            await session.execute(update(AvitoProfile).where(its_own).values(**columns))

    async def revoke(self) -> None:
        """As the account's owner does at Avito: neither keys nor token are good any more."""
        await self.change(client_secret="revoked", access_token="revoked")


@pytest.fixture
async def alice(rig: AvitoRig) -> Owner:
    return Owner(rig, await rig.connect("shop", ALICE), ALICE)


@pytest.fixture
async def charlie(rig: AvitoRig) -> Owner:
    return Owner(rig, await rig.connect("shop", CHARLIE), CHARLIE)


@pytest.mark.parametrize("was_good", [True, False])
async def test_refused_keys_tell_nothing_that_another_owner_has_read(
    rig: AvitoRig, alice: Owner, charlie: Owner, was_good: bool
) -> None:
    if was_good:
        await charlie.collect()
    rig.clock.advance(MINUTE)
    await charlie.revoke()
    await alice.collect()

    for _ in range(2):
        with pytest.raises(KeysRefused):
            await charlie.collect()
        assert await charlie.problem() == "KeysRefused"
        assert not await charlie.is_told_something()
        await alice.collect()
    with pytest.raises(KeysRefused):
        await charlie.collector.ensure_opened(await charlie.profile())
    assert await alice.is_told_something()


async def test_a_report_at_the_same_moment_is_no_proof_for_the_others_keys(
    alice: Owner, charlie: Owner
) -> None:
    await charlie.revoke()

    read, refused = await asyncio.gather(
        alice.collect(), charlie.collect(), return_exceptions=True
    )

    assert isinstance(read, ReportData)
    assert isinstance(refused, KeysRefused)
    assert await charlie.problem() == "KeysRefused"


async def test_what_refused_keys_have_read_themselves_stays_theirs(
    rig: AvitoRig, charlie: Owner
) -> None:
    await charlie.collect()
    rig.clock.advance(MINUTE)
    await charlie.revoke()
    with pytest.raises(KeysRefused):
        await charlie.collect()

    assert await charlie.is_told_something()


async def test_keys_are_good_again_only_when_avito_has_answered_them(
    rig: AvitoRig, alice: Owner, charlie: Owner
) -> None:
    await alice.collect()
    await charlie.change(problem="KeysRefused")
    silent = rig.world.fault("status", status=500)

    with pytest.raises(Unavailable):
        await charlie.collect()
    assert await charlie.problem() == "KeysRefused"

    rig.world.faults.remove(silent)
    await charlie.collect()
    assert await charlie.problem() is None
    assert await charlie.is_told_something()


async def test_keys_that_nobody_asked_for_a_day_are_asked_once_and_cheaply(
    rig: AvitoRig, alice: Owner, charlie: Owner
) -> None:
    await charlie.collect()
    rig.clock.advance(timedelta(days=1, minutes=1))
    await alice.collect()
    assert not await charlie.is_told_something()
    rig.world.history.clear()

    await charlie.collect()

    assert rig.calls("stats_v2") == []
    assert len(rig.calls("balance")) == 1
    assert await charlie.is_told_something()


async def test_good_keys_cost_no_call(rig: AvitoRig, alice: Owner, charlie: Owner) -> None:
    for owner in (alice, charlie):
        await owner.collect()
    both = [await owner.profile() for owner in (alice, charlie)]
    rig.world.history.clear()

    told = await Combiner(alice.collector).read(both, YESTERDAY)
    for owner in (alice, charlie):
        assert await owner.is_told_something()

    assert all(row.data is not None for row in told.values())
    assert rig.world.history == []


async def test_side_by_side_with_good_keys_refused_ones_have_nothing_to_tell(
    rig: AvitoRig, alice: Owner, charlie: Owner
) -> None:
    await charlie.revoke()
    both: Sequence[AvitoProfile] = [await owner.profile() for owner in (charlie, alice)]

    told = await Combiner(alice.collector).read(both, YESTERDAY)

    assert told[alice.access.profile_id].data is not None
    refused = told[charlie.access.profile_id]
    assert (refused.data, refused.why) == (None, "KeysRefused")
    assert len(rig.calls("stats_v2")) == 1
