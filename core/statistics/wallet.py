"""Reading what an account holds. A number that cannot be read is unknown, never 0."""

from __future__ import annotations

import structlog

from core.avito.client import AvitoClient
from core.errors import AvitoError
from core.ports import Clock
from utils.analytics import Wallet

log = structlog.get_logger(__name__)


async def read_wallet(client: AvitoClient, clock: Clock) -> tuple[Wallet, AvitoError | None]:
    """The wallet and the advance in kopecks, and why the advance is unknown.

    Raises the `AvitoError` of the wallet.
    """
    real, bonus = await client.balance()
    # The advance is asked for without naming the account, and keys may come to open another
    # one. That they open this one is known from its wallet.
    advance, failure = None, None
    try:
        advance = await client.advance()
    except AvitoError as error:
        # Most often the account has no CPA, or the minute of this method is not over.
        log.info("advance_unknown", reason=str(error))
        failure = error
    return Wallet(taken_at=clock.now(), real=real, bonus=bonus, advance=advance), failure
