"""Secrets at rest: AES-256-GCM under named keys, and where those keys come from.

A stored secret reads `v1:{key_id}:{base64(nonce + ciphertext)}`. Whoever holds a copy of the
database (a backup, a stolen disk) reads nothing without the keys; whoever controls the running
process reads everything. There is no clear text mode: without a fitting key nothing is read
or written.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.config import StorageSettings
from core.errors import SecretKeyError, SettingsError
from core.logs import redactor

KEY_BYTES = 32
KEY_FILE = "secret.keys"
_NONCE_BYTES = 12
_VERSION = "v1"
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Long enough to hold the version and the longest key id, with both colons.
HEADER_LENGTH = len(_VERSION) + 1 + 32 + 1
_GENERATE = "python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"


class Keyring:
    """Named keys: the first one encrypts, every one decrypts."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise SecretKeyError("a keyring needs at least one key")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.primary = next(iter(keys))

    def __repr__(self) -> str:
        return f"Keyring(primary={self.primary!r}, key_ids={sorted(self.key_ids)})"

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(self._ciphers)

    def encrypt(self, text: str, column_name: str) -> str:
        return self.seal(text.encode(), column_name)

    def decrypt(self, stored: str, column_name: str) -> str:
        """Raises as `unseal` does."""
        return self.unseal(stored, column_name).decode()

    def seal(self, plain: bytes, column_name: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self.primary]
        sealed = nonce + cipher.encrypt(nonce, plain, column_name.encode())
        return header(self.primary) + base64.b64encode(sealed).decode()

    def unseal(self, stored: str, column_name: str) -> bytes:
        """Raises `SecretKeyError` for an unknown key, a foreign column or a damaged value."""
        key_id = key_id_of(stored)
        if key_id not in self._ciphers:
            raise SecretKeyError(f"{column_name} holds a secret under the unknown key {key_id}")
        try:
            sealed = base64.b64decode(stored.rpartition(":")[2], validate=True)
            nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._ciphers[key_id].decrypt(nonce, ciphertext, column_name.encode())
        except (InvalidTag, ValueError) as error:
            raise SecretKeyError(
                f"{column_name} holds a secret that the key {key_id} does not open"
            ) from error


def header(key_id: str) -> str:
    """What every secret under `key_id` starts with."""
    return f"{_VERSION}:{key_id}:"


def key_id_of(stored: str) -> str:
    """The id of the key a stored secret is under, without opening it."""
    version, _, rest = stored.partition(":")
    key_id, separator, _ = rest.partition(":")
    if version != _VERSION or not separator or not _KEY_ID.fullmatch(key_id):
        raise SecretKeyError("a stored secret is not in the form v1:key:value")
    return key_id


def parse_keys(text: str) -> Keyring:
    """Read `kid2:base64key,kid1:base64key`. Raises `SettingsError` without showing a key."""
    keys: dict[str, bytes] = {}
    for number, part in enumerate(text.split(","), start=1):
        key_id, colon, encoded = part.strip().partition(":")
        # Without a colon it may be the key itself, which no sentence may repeat.
        if not colon or not _KEY_ID.fullmatch(key_id):
            raise SettingsError(
                "SECRET_KEYS", f"entry {number} is not id:base64key (id: letters, digits, _ and -)"
            )
        if key_id in keys:
            raise SettingsError("SECRET_KEYS", f"the key id {key_id} is there twice")
        keys[key_id] = _decode_key(key_id, encoded)
        redactor.register(encoded)
    return Keyring(keys)


def _decode_key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            "SECRET_KEYS", f"the key {key_id} is not 32 bytes in base64; make one with {_GENERATE}"
        )
    return key


def load_keyring(settings: StorageSettings) -> Keyring:
    """The keyring of this installation: SECRET_KEYS, else (SQLite only) the key file.

    The first start with an embedded database makes the file. A server database outlives the
    disk of the worker, so there the operator must keep the keys himself.
    """
    if settings.secret_keys is not None:
        return parse_keys(settings.secret_keys.get_secret_value())
    if not settings.is_sqlite:
        raise SettingsError(
            "SECRET_KEYS", f"is required with PostgreSQL: set it to main:KEY, KEY from {_GENERATE}"
        )
    return _keyring_from_file(settings.data_dir / KEY_FILE)


def _keyring_from_file(path: Path) -> Keyring:
    try:
        if not path.exists():
            _write_key_file(path)
        return parse_keys(path.read_text(encoding="utf-8").strip())
    except OSError as error:
        reason = f"the key file {path} cannot be used: {error.strerror}"
        raise SettingsError("DATA_DIR", reason) from error
    except (SettingsError, UnicodeDecodeError):
        raise SecretKeyError(
            f"the key file {path} is damaged: it must hold id:base64key,... as SECRET_KEYS does"
        ) from None


def _write_key_file(path: Path) -> None:
    """Nobody but its owner can read the file, and it is never seen half written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"main:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link never overwrites: of two first starts at once, both read the same winner.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()
