"""The cached Avito token of a profile."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from core.database.models import AvitoProfile
from core.database.session import Sessions, reading
from core.ports import Token

_TOKEN = select(AvitoProfile.access_token, AvitoProfile.token_expires_at).where(
    AvitoProfile.id == bindparam("profile")
)


class DatabaseTokenStore:
    """`core.ports.TokenStore` over `avito_profiles`, each step a transaction of its own."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def load(self, profile_id: int) -> Token | None:
        async with reading(self._sessions) as session:
            row = (await session.execute(_TOKEN, {"profile": profile_id})).first()
        if row is None or row.access_token is None or row.token_expires_at is None:
            return None
        return Token(value=row.access_token, expires_at=row.token_expires_at)

    async def save(self, profile_id: int, token: Token | None) -> None:
        """A profile that was deleted meanwhile is left alone."""
        async with self._sessions.begin() as session:
            await session.execute(
                update(AvitoProfile)
                .where(AvitoProfile.id == profile_id)
                .values(
                    access_token=token.value if token else None,
                    token_expires_at=token.expires_at if token else None,
                )
            )
