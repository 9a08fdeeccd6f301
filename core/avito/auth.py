"""Access tokens: one per profile, cached, renewed early, and by one caller at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from core.avito.answers import RefusedInside200, TokenRefused
from core.avito.endpoints import TOKEN, Endpoint
from core.avito.http import AvitoDoor, Request
from core.avito.schemas import TokenAnswer
from core.errors import BadRequest, Forbidden, KeysRefused, NotFound, UnexpectedAnswer
from core.ports import Clock, Token, TokenStore
from utils.locks import KeyedLocks

RENEW_BEFORE = timedelta(minutes=5)
"""A token nearer to its end than this is not used any more."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The pair of keys from the owner's cabinet. Its repr never shows the secret."""

    client_id: str
    client_secret: str = field(repr=False)

    def form(self) -> dict[str, str]:
        """What `/token` wants to be sent."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


@dataclass(frozen=True, slots=True)
class ProfileAccess:
    """What it takes to call Avito for a profile."""

    profile_id: int
    account: int
    """Avito's user id of the account."""
    credentials: Credentials


async def new_token(door: AvitoDoor, credentials: Credentials, clock: Clock) -> Token:
    """Ask Avito for a token. Raises `KeysRefused` in whatever form Avito refuses the keys."""
    try:
        form, client_id = credentials.form(), credentials.client_id
        answer = await door.call(Request(TOKEN, form=form, client_id=client_id))
    except (BadRequest, Forbidden, NotFound, TokenRefused, RefusedInside200) as refusal:
        raise KeysRefused(TOKEN.name, status=refusal.status, detail=refusal.detail) from refusal
    issued = _read_token(answer)
    lifetime = timedelta(seconds=float(issued.expires_in))
    return Token(issued.access_token, clock.now() + lifetime)


def _read_token(answer: Any) -> TokenAnswer:
    # Wrong keys may come as 200 with anything but a token in it; Avito documents neither.
    if not isinstance(answer, dict) or not answer.get("access_token"):
        raise KeysRefused(TOKEN.name, status=200, detail="no access_token in the answer")
    try:
        return TokenAnswer.model_validate(answer)
    except ValidationError as unreadable:
        raise UnexpectedAnswer(
            TOKEN.name, status=200, detail="an unreadable token"
        ) from unreadable


class TokenProvider:
    """The current token of each profile."""

    def __init__(self, door: AvitoDoor, store: TokenStore, clock: Clock) -> None:
        self._door = door
        self._store = store
        self._clock = clock
        self._renewals = KeyedLocks()
        self._refused: dict[tuple[int, str], str] = {}

    async def current(self, access: ProfileAccess) -> Token:
        """A token that is good for some minutes more, asked for when there is none."""
        token = await self._store.load(access.profile_id)
        if token is not None and self.is_good(token):
            return token
        return await self._renew(access, instead_of=token)

    def is_good(self, token: Token) -> bool:
        """For some minutes more, as far as we know."""
        return token.expires_at - self._clock.now() > RENEW_BEFORE

    async def replace(self, access: ProfileAccess, refused: Token) -> Token:
        """Another token than the `refused` one."""
        return await self._renew(access, instead_of=refused)

    async def _renew(self, access: ProfileAccess, instead_of: Token | None) -> Token:
        async with self._renewals.of(access.profile_id):
            token = await self._store.load(access.profile_id)
            # Whoever held the lock before us may have done our work.
            if token is not None and token != instead_of and token.expires_at > self._clock.now():
                return token
            token = await new_token(self._door, access.credentials, self._clock)
            await self._store.save(access.profile_id, token)
            return token

    def refused_again(self, access: ProfileAccess, endpoint: Endpoint, token: Token) -> bool:
        """Note that `endpoint` refused `token`; True when it refused another one just before.

        For the calls that may not be repeated at once, so that two refusals lie minutes apart.
        """
        before = self._refused.get((access.profile_id, endpoint.name))
        self._refused[access.profile_id, endpoint.name] = token.value
        return before is not None and before != token.value

    def accepted(self, access: ProfileAccess, endpoint: Endpoint) -> None:
        self._refused.pop((access.profile_id, endpoint.name), None)
