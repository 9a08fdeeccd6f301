"""A file on its way to Telegram: it has left when all of it has."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.methods import SendDocument
from aiogram.types import FSInputFile

from bot.telegram import NoAnswer, TelegramSession
from tests.support.waiting import eventually

TOKEN = "7000000078:AAF-sandbox_token_of_an_upload"
SIZE = 12 << 20
"""More than fits into the buffers between the two ends."""


@pytest.mark.parametrize(("read_bytes", "has_left"), [(100_000, False), (SIZE + 1, True)])
async def test_only_a_whole_file_may_have_arrived(
    tmp_path: Path, read_bytes: int, has_left: bool
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = read_bytes
        while left > 0 and (piece := await reader.read(left)):
            left -= len(piece)
        if read_bytes > SIZE:
            await reader.readuntil(b"--\r\n")
        writer.transport.abort()

    path = tmp_path / "chats.xlsx"
    path.write_bytes(bytes(SIZE))
    noted: list[bool] = []
    server = await asyncio.start_server(hang_up, "127.0.0.1", limit=SIZE)
    host, port = server.sockets[0].getsockname()
    session = TelegramSession(f"http://{host}:{port}")
    async with server:
        with pytest.raises(NoAnswer) as raised:
            await session.post(
                Bot(TOKEN, session=session),
                SendDocument(chat_id=5, document=FSInputFile(path)),
                leaving=lambda: noted.append(True),
            )
        await session.close()

    # Whoever still reads the file closes it.
    await eventually(lambda: len(asyncio.all_tasks()) == 1)
    assert raised.value.left is has_left
    assert noted == [True] * has_left
