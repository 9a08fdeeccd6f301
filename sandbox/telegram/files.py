"""Documents and pictures that went through the sandbox."""

import mimetypes
import struct
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sandbox.telegram.errors import ApiError, bad_request

Json = dict[str, Any]

MAX_UPLOAD = 50 << 20
MAX_PHOTO = 10 << 20
MAX_DOWNLOAD = 20 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    file_id: str
    unique_id: str
    path: str
    name: str
    mime_type: str
    data: bytes

    def as_json(self) -> Json:
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.data),
        }


class FileStore:
    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def keep(self, upload: Upload, folder: str) -> StoredFile:
        if not upload.data:
            raise bad_request("file must be non-empty")
        if len(upload.data) > MAX_UPLOAD:
            raise ApiError(413, "Request Entity Too Large")
        number = len(self._by_id) + 1
        mime_type = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        path = f"{folder}/file_{number}{PurePath(upload.name).suffix}"
        stored = StoredFile(
            file_id=f"BQACAgIAAxkBAAI{number:06d}{folder[:3]}",
            unique_id=f"AgAD{number:06d}",
            path=path,
            name=upload.name,
            mime_type=mime_type,
            data=upload.data,
        )
        self._by_id[stored.file_id] = self._by_path[path] = stored
        return stored

    def by_id(self, file_id: str) -> StoredFile | None:
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        return self._by_path.get(path)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG; None when it is neither."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        # SOF0..SOF15 carry the size; DHT, JPG and DAC share the range and do not.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
