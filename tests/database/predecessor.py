"""A database as the predecessor left it: its own DDL, its rows, its revision stamp."""

from __future__ import annotations

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

ALICE, BOB, NOBODY = 1001, 1002, 1003
CANARY_SECRET = "canary-client-secret-of-alice"
CANARY_TOKEN = "canary-access-token-of-alice"
CANARIES = (CANARY_SECRET, CANARY_TOKEN)

_TYPES = {
    "postgresql": {"id": "SERIAL", "instant": "TIMESTAMP", "yes": "true", "no": "false"},
    "sqlite": {"id": "INTEGER", "instant": "DATETIME", "yes": "1", "no": "0"},
}

# ruff: noqa: S608 - constants of this file
_STATEMENTS = f"""
CREATE TABLE users (telegram_id BIGINT NOT NULL PRIMARY KEY);

CREATE TABLE avito_profiles (
    id {{id}} NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES users (telegram_id) ON DELETE CASCADE,
    profile_name VARCHAR(255) NOT NULL,
    client_id VARCHAR(255) NOT NULL,
    client_secret VARCHAR(255) NOT NULL,
    user_id INTEGER,
    access_token TEXT,
    token_expires_at {{instant}},
    report_frequency VARCHAR(20) DEFAULT 'daily',
    report_interval_value INTEGER,
    report_weekdays VARCHAR(50),
    report_time TIME DEFAULT '09:00',
    report_timezone VARCHAR(50) DEFAULT 'UTC',
    is_report_active BOOLEAN DEFAULT {{yes}}
);

CREATE TABLE report_tasks (
    id {{id}} NOT NULL PRIMARY KEY,
    profile_id INTEGER {{profile_id_null}} REFERENCES avito_profiles (id) ON DELETE CASCADE,
    chat_id BIGINT NOT NULL,
    report_time VARCHAR(10) NOT NULL,
    is_active BOOLEAN NOT NULL,
    report_metrics TEXT,
    report_days TEXT,
    report_period VARCHAR(10) DEFAULT 'day'
);

CREATE TABLE apscheduler_jobs (id VARCHAR(191) NOT NULL PRIMARY KEY);

CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);

INSERT INTO alembic_version VALUES ('20250206_flex');

INSERT INTO users VALUES ({ALICE}), ({BOB});

INSERT INTO avito_profiles VALUES (
    7, {ALICE}, 'Магазин <Алисы>', 'client-of-alice', '{CANARY_SECRET}', 2000000001,
    '{CANARY_TOKEN}', '2026-02-06 10:30:00.000000', 'weekly', 3, '0,2,4',
    '18:30:00.000000', 'Europe/Moscow', {{no}}
);

INSERT INTO avito_profiles (id, owner_id, profile_name, client_id, client_secret, user_id)
VALUES
    (8, {ALICE}, 'Тот же магазин', 'client-of-alice', 'another-secret', 2000000001),
    (9, {BOB}, 'Тот же у Боба', 'client-of-alice', 'third-secret', 2000000001),
    (10, {ALICE}, 'Не подтверждён', 'unconfirmed-1', 'fourth-secret', NULL),
    (11, {ALICE}, 'Не подтверждён', 'unconfirmed-2', 'fifth-secret', NULL);

INSERT INTO report_tasks VALUES
    (3, 7, -1001234567890, '10:00', {{yes}}, '["views","contacts"]', NULL, 'day'),
    (4, 9, 0, '21:15', {{no}}, NULL, '[0]', NULL)
"""

# What SQLite without foreign keys lets happen; PostgreSQL never held such rows.
_LEFT_OVERS = f"""
INSERT INTO report_tasks VALUES
    (5, 404, -100404, '10:00', 1, NULL, NULL, 'day'),
    (6, NULL, -100405, '10:00', 1, NULL, NULL, 'day');
INSERT INTO avito_profiles (id, owner_id, profile_name, client_id, client_secret)
VALUES (12, {NOBODY}, 'Без владельца', 'lost', 'sixth-secret')
"""


async def create_predecessor(url: URL, *, with_left_overs: bool = False) -> None:
    statements = _STATEMENTS.format(
        **_TYPES[url.get_backend_name()],
        profile_id_null="NULL" if with_left_overs else "NOT NULL",
    )
    if with_left_overs:
        statements += ";" + _LEFT_OVERS
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements.split(";\n"):
            await connection.execute(text(statement.replace(":", r"\:")))
    await engine.dispose()
