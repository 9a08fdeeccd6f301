"""Keys come from SECRET_KEYS or a private file; without a fitting key nothing opens."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import StorageSettings
from core.errors import SecretKeyError, SettingsError
from core.secrets import KEY_FILE, Keyring, load_keyring, parse_keys

COLUMN = "avito_profiles.client_secret"
ONE, TWO = b"1" * 32, b"2" * 32


def _encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _sqlite(data_dir: Path, keys: str | None = None) -> StorageSettings:
    return StorageSettings(
        data_dir=data_dir,
        database_url=SecretStr(f"sqlite:///{data_dir}/bot.db"),
        secret_keys=SecretStr(keys) if keys else None,
    )


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, both = Keyring({"one": ONE}), Keyring({"two": TWO, "one": ONE})
    by_old, by_both = old.encrypt("тайна", COLUMN), both.encrypt("тайна", COLUMN)
    assert by_old.startswith("v1:one:")
    assert by_both.startswith("v1:two:")
    assert both.decrypt(by_old, COLUMN) == both.decrypt(by_both, COLUMN) == "тайна"


def test_the_same_text_never_encrypts_twice_alike() -> None:
    keyring = Keyring({"one": ONE})
    assert keyring.encrypt("x", COLUMN) != keyring.encrypt("x", COLUMN)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored.replace("v1:", "v2:"),
        lambda stored: stored.replace(":one:", ":two:"),
        lambda stored: stored[:-8] + "AAAAAAA=",
        lambda stored: stored[:12],
        lambda stored: stored + "?",
        lambda _: "v1:one:",
        lambda _: "clear-text-canary",
        lambda _: "",
    ],
)
def test_a_damaged_value_does_not_open_and_does_not_show(damage: object) -> None:
    assert callable(damage)
    keyring = Keyring({"one": ONE})
    stored = damage(keyring.encrypt("canary", COLUMN))
    with pytest.raises(SecretKeyError) as raised:
        keyring.decrypt(stored, COLUMN)
    assert "canary" not in str(raised.value)


def test_a_value_of_another_column_does_not_open() -> None:
    keyring = Keyring({"one": ONE})
    with pytest.raises(SecretKeyError):
        keyring.decrypt(keyring.encrypt("x", COLUMN), "avito_profiles.access_token")


def test_a_keyring_does_not_print_its_keys() -> None:
    keyring = Keyring({"one": ONE})
    assert repr(keyring) == "Keyring(primary='one', key_ids=['one'])"


def test_keys_are_read_from_the_setting_in_order() -> None:
    keyring = parse_keys(f"two:{_encoded(TWO)}, one:{_encoded(ONE)}")
    assert keyring.primary == "two"
    assert keyring.key_ids == {"one", "two"}


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", "entry 1 is not id:base64key"),
        (_encoded(ONE), "entry 1 is not id:base64key"),
        ("canary-without-a-colon", "entry 1 is not id:base64key"),
        (f"one:{_encoded(ONE)},", "entry 2 is not id:base64key"),
        (f"o/ne:{_encoded(ONE)}", "entry 1 is not id:base64key"),
        (f"one:{_encoded(ONE)},one:{_encoded(TWO)}", "the key id one is there twice"),
        ("one:canary", "the key one is not 32 bytes in base64"),
        (f"one:{_encoded(b'canary')}", "the key one is not 32 bytes in base64"),
        ("one:ключ", "the key one is not 32 bytes in base64"),
    ],
)
def test_malformed_keys_are_named_without_being_shown(keys: str, reason: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_keys(keys)
    assert raised.value.variable == "SECRET_KEYS"
    assert reason in raised.value.reason
    assert "canary" not in str(raised.value)
    assert _encoded(ONE) not in str(raised.value)


def test_postgres_without_keys_is_refused_with_the_way_to_make_one() -> None:
    settings = StorageSettings(database_url=SecretStr("postgres://u:p@h/d"), secret_keys=None)
    with pytest.raises(SettingsError, match=r"SECRET_KEYS: is required .*os\.urandom"):
        load_keyring(settings)


def test_sqlite_without_keys_makes_a_private_file_and_keeps_it(tmp_path: Path) -> None:
    settings = _sqlite(tmp_path / "data")
    stored = load_keyring(settings).encrypt("x", COLUMN)
    file = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [KEY_FILE]
    assert load_keyring(settings).decrypt(stored, COLUMN) == "x"


def test_two_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    settings = _sqlite(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(lambda _: load_keyring(settings), range(8)))
    stored = keyrings[0].encrypt("x", COLUMN)
    assert [each.decrypt(stored, COLUMN) for each in keyrings] == ["x"] * 8


def test_the_setting_wins_over_the_file(tmp_path: Path) -> None:
    load_keyring(_sqlite(tmp_path))
    assert load_keyring(_sqlite(tmp_path, f"mine:{_encoded(ONE)}")).primary == "mine"


def test_a_data_dir_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SettingsError, match=r"^DATA_DIR: the key file .* cannot be used"):
        load_keyring(_sqlite(tmp_path / "data"))


def test_a_damaged_key_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("main:canary")
    with pytest.raises(SecretKeyError, match="is damaged") as raised:
        load_keyring(_sqlite(tmp_path))
    assert "canary" not in str(raised.value)
    assert (tmp_path / KEY_FILE).read_text() == "main:canary"
