"""The line to Telegram: whether it can be reached at all, as far as sending reports tells."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from bot.delivery import NotSent, SendError
from core.logs import get_logger

log = get_logger(__name__)

LONGEST_REST_SEC = 10.0
TOKEN_REST_SEC = 60.0
FAILURES_OF_A_LINE_DOWN = 3
"""So many in a row are no accident: from then on it is asked whether it is back, and then tried
with one report at a time."""


class Line:
    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0
        self._is_token_refused = False

    @property
    def is_down(self) -> bool:
        return self._is_token_refused or self._failures >= FAILURES_OF_A_LINE_DOWN

    @property
    def rests_for(self) -> float:
        """Seconds to leave Telegram alone; not above 0 in good times."""
        return self._rests_until - asyncio.get_running_loop().time()

    def worked(self) -> None:
        if self.is_down:
            log.info("telegram_is_back")
        self._failures, self._is_token_refused = 0, False

    def failed(self, error: SendError) -> None:
        if isinstance(error, NotSent) and error.status == HTTPStatus.UNAUTHORIZED:
            self._token_refused()
        elif self.rests_for <= 0:  # else it left before we knew
            self._count(str(error))

    def _count(self, why: str) -> None:
        self._failures += 1
        if self._failures == FAILURES_OF_A_LINE_DOWN:
            log.warning("telegram_is_away", why=why)
        if self.is_down:
            self._rest(backoff(self._failures - FAILURES_OF_A_LINE_DOWN, LONGEST_REST_SEC))

    def _token_refused(self) -> None:
        if not self._is_token_refused:
            log.error("token_refused", what="reports wait until BOT_TOKEN is accepted again")
        self._is_token_refused = True
        self._rest(TOKEN_REST_SEC)

    def _rest(self, seconds: float) -> None:
        self._rests_until = asyncio.get_running_loop().time() + seconds


def backoff(failures: int, longest: float) -> float:
    return min(2.0 ** min(failures, 10), longest)
