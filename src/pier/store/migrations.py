"""The schema, as steps that are applied once each; `PRAGMA user_version` counts the applied ones."""

import sqlite3

from pier.domain.errors import PierError

MIGRATIONS = (
    """
    CREATE TABLE records (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        value BLOB NOT NULL
    );
    CREATE INDEX events_time ON events (time);
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings a database up to date, one transaction a step.

    Raises PierError for a database that a newer Pier has written: going on would lose what this one cannot read.
    """
    (applied,) = connection.execute("PRAGMA user_version").fetchone()
    if applied > len(MIGRATIONS):
        raise PierError(
            f"the records have schema {applied}, this pierd knows up to {len(MIGRATIONS)}; "
            "start the newer pierd that wrote them, or choose another --data-root"
        )
    for number, script in enumerate(MIGRATIONS[applied:], start=applied + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
