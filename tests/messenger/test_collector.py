"""All chats and messages come into the archive, whatever Avito does meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import select

from core.database.models import AvitoChat, AvitoProfile
from core.errors import (
    Forbidden,
    KeysRefused,
    NotFound,
    ProfileNotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    UnexpectedAnswer,
)
from core.messenger import archive, collector
from core.messenger.collector import Progress
from core.messenger.packing import unpack
from sandbox.avito.chats import every_type
from tests.messenger.office import ChatOffice

DAY = timedelta(days=1)


@pytest.mark.one_database
async def test_250_chats_of_250_messages_are_all_there(office: ChatOffice) -> None:
    office.chats(250, 250, listings=7)
    collected = await office.collect()
    assert await office.texts() == office.at_avito()
    assert (len(collected.chats), collected.read, collected.messages) == (250, 250, 62_500)
    assert (collected.cut_chats, collected.cut_lists, collected.failed) == (0, (), {})
    for chat in await office.kept():
        assert [line.at for line in chat.lines] == sorted(line.at for line in chat.lines)


@pytest.mark.parametrize("shape", ["wrapped", "bare"])
async def test_both_shapes_and_every_text_are_kept_as_they_are(
    office: ChatOffice, shape: Any
) -> None:
    made = every_type(office.account.user_id, office.rig.clock.now())
    office.account.set_chats = [made]
    office.account.messages_shape = shape
    await office.collect()
    (chat,) = await office.kept()
    assert chat.head.name == made.name
    told = [line.text for line in chat.lines if line.kind == "text"]
    assert told == [
        message.content["text"].replace("\ud83d", "?")
        for message in made.messages
        if message.type == "text"
    ]
    assert {line.kind for line in chat.lines} == {message.type for message in made.messages}


@pytest.mark.one_database
async def test_all_kinds_of_chats_are_read(office: ChatOffice) -> None:
    collected = await office.collect()
    kinds = {chat.head.kind for chat in await office.kept()}
    assert (len(collected.chats), kinds) == (41, {"u2i", "u2u", "a2u"})
    assert (await office.texts()).keys() == office.at_avito().keys()


@pytest.mark.one_database
async def test_a_kind_that_avito_does_not_list_costs_the_others_nothing(
    office: ChatOffice,
) -> None:
    office.chats(3, 1)

    def refuse() -> None:
        if office.rig.heard[-1].query.get("chat_types") == "a2u":
            office.rig.world.fault("status", "messenger_chats", status=400, times=1)

    office.rig.at_request.append(refuse)
    collected = await office.collect()
    assert (len(collected.chats), collected.refused_lists) == (3, ("a2u",))


async def test_a_second_run_asks_for_what_is_new_only(office: ChatOffice) -> None:
    made = office.chats(30, 120)
    office.rig.clock.advance(timedelta(minutes=5))
    await office.collect()
    assert office.asked() == (3, 30 * 2)

    assert (await office.collect()).read == 0
    assert office.asked() == (3, 0)

    made[20].say(made[20].buyer, "Ещё актуально?", made[0].updated + 5)
    collected = await office.collect()
    assert office.asked() == (3, 1)
    assert (len(collected.chats), collected.read, collected.messages) == (30, 1, 1)
    assert await office.texts() == office.at_avito()
    assert (await office.kept())[0].head.id == made[20].id


@pytest.mark.one_database
async def test_pages_are_turned_until_what_is_known(office: ChatOffice) -> None:
    made = office.chats(1, 500)[0]
    await office.collect()
    office.asked()
    for number in range(150):
        made.say(made.buyer, f"Новое {number}")
    await office.collect()
    assert office.asked() == (3, 2)
    assert await office.texts() == office.at_avito()


@pytest.mark.one_database
async def test_the_newer_word_of_a_message_counts(office: ChatOffice) -> None:
    made = office.chats(1, 2)[0]
    made.messages[0].is_read = False
    await office.collect()
    assert [line.is_read for line in (await office.kept())[0].lines] == [False, True]
    made.messages[0].is_read = True
    made.messages[1].type, made.messages[1].content = "deleted", {}
    made.say(made.buyer, "И ещё")
    await office.collect()
    (chat,) = await office.kept()
    assert [(line.kind, line.is_read) for line in chat.lines] == [
        ("text", True),
        ("deleted", True),
        ("text", True),
    ]


@pytest.mark.one_database
async def test_a_chat_longer_than_avito_gives_says_so(office: ChatOffice) -> None:
    office.chats(2, 1_100)[0].say(office.account.user_id, "Тысяча сто первое")
    collected = await office.collect()
    longest, other = await office.kept()
    assert collected.cut_chats == 1
    assert (longest.head.is_cut, len(longest.lines)) == (True, 1_100)
    assert longest.lines[-1].text == "Тысяча сто первое"
    assert (other.head.is_cut, len(other.lines)) == (False, 1_100)


@pytest.mark.one_database
async def test_a_long_chat_grows_beyond_what_avito_gives(office: ChatOffice) -> None:
    made = office.chats(1, 1_050)[0]
    await office.collect()
    for number in range(80):
        made.say(made.buyer, f"Новое {number}")
    await office.collect()
    (chat,) = await office.kept()
    assert (len(chat.lines), chat.head.is_cut) == (1_130, False)


@pytest.mark.one_database
async def test_a_busy_account_loses_and_doubles_nothing(office: ChatOffice) -> None:
    made = office.chats(130, 1)[5]
    for number in range(250):
        made.say(made.buyer, f"Было {number}", made.updated)
    office.account.is_busy = True
    before = {chat: texts[:] for chat, texts in office.at_avito().items()}
    await office.collect()
    kept = await office.texts()
    for chat, texts in before.items():
        assert kept[chat][: len(texts)] == texts
    for each in await office.kept():
        assert len({line.id for line in each.lines}) == len(each.lines)


@pytest.mark.one_database
async def test_a_period_is_all_that_is_read_of_it(office: ChatOffice) -> None:
    office.chats(60, 1)
    now = office.rig.clock.now()
    long = office.account.chats(now)[0]
    long.messages.clear()
    for number in range(300):
        long.say(long.buyer, f"{number}", int(now.timestamp()) - 3_600 * (300 - number))
    since = now - timedelta(hours=6)
    collected = await office.collect(since)
    # A chat every ten minutes, and an hour between two messages of the first.
    assert (len(collected.chats), office.asked()) == (37, (3, 37))
    assert len(await office.kept(since)) == 37

    assert (await office.collect(since)).read == 0
    office.asked()
    everything = await office.collect()
    assert (len(everything.chats), everything.read) == (60, 24)
    assert await office.texts() == office.at_avito()
    # What a page had was whole for the short ones already.
    assert office.asked() == (3, 23 + 4)


async def test_what_was_read_before_a_cancel_is_not_read_again(office: ChatOffice) -> None:
    office.chats(60, 1)
    office.rig.clock.advance(timedelta(minutes=5))
    run = asyncio.create_task(office.collect())

    def give_up(progress: Progress) -> None:
        if progress.chats_done >= 25:
            run.cancel()

    office.at_progress = give_up
    with pytest.raises(asyncio.CancelledError):
        await run
    kept = len(await office.kept())
    assert 25 <= kept < 60
    office.asked()
    office.at_progress = None
    collected = await office.collect()
    assert (len(collected.chats), collected.read) == (60, 60 - kept)
    assert await office.texts() == office.at_avito()


@pytest.mark.one_database
async def test_progress_counts_chats_and_messages(office: ChatOffice) -> None:
    office.chats(101, 2)
    await office.collect()
    assert [each.chats_found for each in office.told if each.is_counting][:2] == [100, 101]
    assert office.told[-1] == Progress(101, 101, 202, pages=101, is_counting=False)
    assert [each.chats_done for each in office.told if not each.is_counting] == [*range(102)]


@pytest.mark.one_database
async def test_a_429_is_waited_out_by_all(office: ChatOffice) -> None:
    office.chats(40, 1)
    waits = set()

    def pass_time(progress: Progress) -> None:
        if progress.waits_until is not None:
            waits.add(progress.waits_until)
            left = progress.waits_until - office.rig.clock.now()
            office.rig.clock.advance(max(left, timedelta(0)))

    office.at_progress = pass_time
    office.rig.world.fault("status", "messenger_messages", status=429, times=1, retry_after=90)
    before = office.rig.clock.now()
    assert (await office.collect()).read == 40
    assert len(waits) == 1
    assert office.rig.clock.now() - before >= timedelta(seconds=90)
    # Those that were on their way when it came, and nothing else.
    assert 40 <= office.asked()[1] <= 41


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("label", "error"), [("no_messenger", SubscriptionRequired), ("employee", Forbidden)]
)
async def test_an_account_without_a_messenger_is_told_why(
    office: ChatOffice, label: str, error: type[Exception]
) -> None:
    office.profile_id = (await office.rig.connect(label, owner=2)).profile_id
    with pytest.raises(error):
        await office.collect()
    assert len(office.rig.calls("messenger_chats")) == 1


@pytest.mark.one_database
async def test_one_broken_chat_costs_the_others_nothing(office: ChatOffice) -> None:
    made = office.chats(30, 1)
    faults = ((404, "NotFound"), (403, "Forbidden"), (400, "BadRequest"))
    for status, _ in faults:
        office.rig.world.fault("status", "messenger_messages", status=status, times=1)
    office.rig.world.fault("malformed_json", "messenger_messages", times=1)
    office.rig.world.fault("wrong_shape", "messenger_messages", times=1)
    collected = await office.collect()
    assert collected.failed == {**{name: 1 for _, name in faults}, "UnexpectedAnswer": 2}
    assert (len(collected.chats), collected.read, len(await office.kept())) == (30, 25, 25)
    not_read = {chat.id for chat in collected.not_read}
    assert not_read == {chat.id for chat in made} - (await office.texts()).keys()

    # The next run has only those to read.
    assert (await office.collect()).read == 5
    assert (await office.texts()).keys() == {chat.id for chat in made}


@pytest.mark.one_database
async def test_where_no_chat_at_all_can_be_read_the_reason_is_told(office: ChatOffice) -> None:
    made = office.chats(3, 1)
    unread = office.rig.world.fault("status", "messenger_messages", status=404)
    with pytest.raises(NotFound):
        await office.collect()

    unread.times = 0
    await office.collect()
    office.rig.clock.advance(timedelta(hours=1))
    made[0].say(made[0].buyer, "Ещё актуально?")
    office.rig.world.fault("status", "messenger_messages", status=404)
    collected = await office.collect()
    assert (len(collected.chats), collected.failed) == (3, {"NotFound": 1})
    assert isinstance(collected.failure, NotFound)


@pytest.mark.one_database
async def test_a_message_of_the_second_in_which_it_was_read_is_not_missed(
    office: ChatOffice,
) -> None:
    made = office.chats(2, 1)[0]
    await office.collect()
    made.say(made.buyer, "В ту же секунду", made.updated)
    office.rig.clock.advance(timedelta(minutes=5))
    assert (await office.collect()).messages == 1
    assert await office.texts() == office.at_avito()
    assert (await office.collect()).read == 0


@pytest.mark.one_database
async def test_what_is_unread_is_for_avito_to_say(office: ChatOffice) -> None:
    read, unread, *_ = office.chats(4, 1)
    for chat in (read, unread):
        chat.say(chat.buyer, "Есть кто?", is_read=False)
    await office.collect()
    read.messages[-1].is_read = True
    collected = await office.collector.collect(
        office.profile_id, since=None, progress=office.hear, only_unread=True
    )
    assert collected.chats == {unread.id}
    stream = archive.transcripts(
        office.rig.sessions, office.profile_id, None, among=collected.chats
    )
    assert [unpack(packed).head.id async for packed in stream] == [unread.id]


@pytest.mark.one_database
async def test_a_chat_knows_that_its_beginning_is_missing(office: ChatOffice) -> None:
    made = office.chats(1, 250)[0]
    await office.collect(datetime.fromtimestamp(made.updated, UTC))
    assert [chat.head.is_whole for chat in await office.kept()] == [False]
    await office.collect()
    assert [chat.head.is_whole for chat in await office.kept()] == [True]
    async with office.rig.sessions() as session:
        begun_at = await session.scalar(select(AvitoChat.first_message_at))
    assert begun_at is not None
    await archive.keep_since(office.rig.sessions, office.profile_id, begun_at + timedelta(hours=1))
    assert [chat.head.is_whole for chat in await office.kept()] == [False]


@pytest.mark.one_database
async def test_long_chats_are_in_memory_one_at_a_time(
    office: ChatOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "LONG", 1_000)
    for made in office.chats(3, 350):
        made.messages[-1].content = {"text": "б" * 1_001}
    await office.collect()
    assert await office.texts() == office.at_avito()
    asked = [one.path for one in office.rig.heard if int(one.query.get("offset", 0)) > 0]
    assert len(asked) == 3 * 3
    assert len(list(groupby(asked))) == 3


@pytest.mark.one_database
async def test_a_short_outage_is_waited_out(office: ChatOffice) -> None:
    office.chats(3, 1)
    office.rig.world.fault("status", "messenger_messages", status=503, times=5)

    def pass_time(progress: Progress) -> None:
        if progress.waits_until is not None:
            office.rig.clock.advance(timedelta(minutes=1))

    office.at_progress = pass_time
    collected = await office.collect()
    assert (collected.read, collected.failed) == (3, {})


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 503}, Unavailable),
        ({"kind": "malformed_json"}, UnexpectedAnswer),
        ({"kind": "status", "status": 429}, RateLimited),
    ],
)
async def test_an_avito_that_does_not_come_back_is_given_up_on(
    office: ChatOffice, fault: dict[str, Any], error: type[Exception]
) -> None:
    office.chats(40, 1)
    office.rig.world.fault(endpoint="messenger_messages", **fault)

    def pass_time(progress: Progress) -> None:
        if progress.waits_until is not None:
            office.rig.clock.advance(timedelta(minutes=2))

    office.at_progress = pass_time
    with pytest.raises(error):
        await office.collect()
    assert await office.kept() == []


@pytest.mark.one_database
async def test_refused_keys_are_noted_on_the_profile(office: ChatOffice) -> None:
    office.rig.world.revoke_keys(office.account)
    with pytest.raises(KeysRefused):
        await office.collect()
    async with office.rig.sessions() as session:
        assert await session.scalar(select(AvitoProfile.problem)) == "KeysRefused"


async def test_a_profile_that_is_deleted_meanwhile_leaves_nothing(office: ChatOffice) -> None:
    office.chats(40, 1)

    async def delete() -> None:
        async with office.rig.sessions.begin() as session:
            await session.delete(await session.get_one(AvitoProfile, office.profile_id))

    deleted: list[int] = []

    async def at_the_tenth(progress: Progress) -> None:
        # What is done between two looks at it is told at once.
        if progress.chats_done >= 10 and not deleted:
            deleted.append(office.profile_id)
            await delete()

    office.at_progress = at_the_tenth
    with pytest.raises(ProfileNotFound):
        await office.collect()
    async with office.rig.sessions() as session:
        assert (await session.scalars(select(AvitoChat.chat_id))).all() == []
    with pytest.raises(ProfileNotFound):
        await office.collect()


async def test_another_owner_of_the_account_has_to_read_it_himself(office: ChatOffice) -> None:
    office.chats(3, 1)
    await office.collect()
    other = (await office.rig.connect("shop", owner=2)).profile_id
    assert await office.kept(profile_id=other) == []
    office.profile_id = other
    assert (await office.collect()).read == 3


@pytest.mark.one_database
async def test_to_collect_marks_nothing_as_read(office: ChatOffice) -> None:
    made = office.chats(1, 1)[0]
    made.say(made.buyer, "Есть кто?", is_read=False)
    await office.collect()
    assert made.is_unread_by(office.account.user_id)
    assert [line.is_read for line in (await office.kept())[0].lines] == [True, False]
