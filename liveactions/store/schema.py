"""The tables of the SQLite store, and the statements on them."""

from __future__ import annotations

from typing import Final

from .base import SWEEP_ROWS

VERSION: Final = 2
"""Changes with the tables; a file of another version is made anew."""
APPLICATION: Final = 0x4C697665
"""Says that a file is a store (SQLite's "application id"); no other file is ever replaced."""

TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS value (key BLOB PRIMARY KEY, until REAL NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS once (key BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    key BLOB PRIMARY KEY, until REAL NOT NULL, epoch INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, until REAL NOT NULL, value BLOB NOT NULL);
INSERT INTO message VALUES (abs(random() / 4), 0, x'');
CREATE INDEX IF NOT EXISTS message_until ON message (until);
CREATE INDEX IF NOT EXISTS value_until ON value (until);
CREATE INDEX IF NOT EXISTS once_until ON once (until);
CREATE INDEX IF NOT EXISTS claim_until ON claim (until);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""

GET: Final = "SELECT value FROM value WHERE key = ? AND until > ?"
PUT: Final = """
INSERT INTO value (key, value, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until
"""
ONCE: Final = """
INSERT INTO once (key, until) VALUES (:key, :until)
ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= :now
"""
DELETE: Final = "DELETE FROM value WHERE key = ?"
CLAIM: Final = """
INSERT INTO claim (key, epoch, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET epoch = max(epoch + 1, excluded.epoch), until = excluded.until
RETURNING epoch
"""
RENEW: Final = """
UPDATE value SET value = :value WHERE key = :key AND until BETWEEN :enough AND :until
AND NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
"""
"""`SAVE` where the value lives long enough as it is: leaving its time alone is half the work."""
SAVE: Final = """
INSERT INTO value (key, value, until)
SELECT :key, :value, :until
WHERE NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until
"""
APPEND: Final = "INSERT INTO message (until, value) VALUES (?, ?)"
MESSAGES: Final = "SELECT id, iif(id > ?1, value, x'') FROM message WHERE id >= ?1 ORDER BY id"
"""What is at a position needn't be read again: it only has to be there."""
SWEEP: Final = tuple(
    f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE until <= ? LIMIT {SWEEP_ROWS})"
    for table in ("value", "once", "claim")
) + (
    f"""DELETE FROM message WHERE id IN (
        SELECT id FROM message WHERE until <= ? AND id < (SELECT max(id) FROM message) LIMIT {SWEEP_ROWS}
    )""",
)
