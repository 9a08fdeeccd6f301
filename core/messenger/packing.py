"""A transcript as it is kept and handed on: JSON by zlib. Slow enough for another thread."""

from __future__ import annotations

import zlib

from utils.chats.model import Transcript


def pack(transcript: Transcript) -> bytes:
    return zlib.compress(transcript.to_json().encode())


def unpack(packed: bytes) -> Transcript:
    return Transcript.from_json(zlib.decompress(packed))
