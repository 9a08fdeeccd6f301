"""Every request we send, as it went over the wire, against Avito's official OpenAPI files."""

from datetime import timedelta

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from core.avito.auth import Credentials
from core.avito.messenger import ChatFilter
from tests.support.avito import AvitoRig, Heard
from tests.support.official import shared_folder
from utils.periods import last_days

# openapi-core knows no OAuth 2; the sandbox checks the bearer.
pytestmark = pytest.mark.filterwarnings("ignore:Unsupported scheme type")

SECTIONS = {
    "/token": "auth",
    "/core/v1/accounts": "user",
    "/core/v1/items": "item",
    "/stats": "item",
    "/checkAhUserV1": "accounts-hierarchy",
    "/cpa": "cpa",
    "/messenger": "messenger",
}


def check(said: Heard) -> None:
    section = next(name for path, name in SECTIONS.items() if said.path.startswith(path))
    if said.path.endswith("/calls/stats/"):
        section = "item"
    folder = shared_folder() / "avito-api" / "openapi" / "fixed"
    official = OpenAPI.from_file_path(str(folder / f"{section}.json"))
    official.validate_request(
        MockRequest(
            "https://api.avito.ru",
            said.method.lower(),
            said.path,
            args=said.query,
            headers=said.headers,
            data=said.body,
            content_type=said.headers.get("Content-Type", ""),
        )
    )


@pytest.mark.skipif(
    not (shared_folder() / "avito-api").is_dir(),
    reason="the official OpenAPI files are not beside the repository",
)
async def test_every_request_of_ours_follows_the_official_files(rig: AvitoRig) -> None:
    account = rig.account("shop")
    await rig.avito.verify(Credentials(account.client_id, account.client_secret))
    client = await rig.client("shop")
    await client.balance()
    await client.advance()
    period = last_days(rig.clock.now(), 270)
    await client.daily_stats(period)
    await client.daily_stats_v1(await client.active_items(), period)
    await client.daily_calls(period)
    rig.clock.advance(timedelta(seconds=61))
    await client.listing_stats(period, offset=980)
    assert [page async for page in client.listing_pages("rejected")] == [[]]
    chats = await client.chats(ChatFilter("u2i", (7_100_000_001,)), 0)
    await client.messages(chats.chats[0], 1_000)

    assert {said.path.split("/")[1] for said in rig.heard} == {
        "token",
        "core",
        "checkAhUserV1",
        "stats",
        "cpa",
        "messenger",
    }
    for said in rig.heard:
        check(said)
    assert not rig.world.violations()
