"""The SQLite file of a local cluster started with a data directory.

WAL with ``synchronous=NORMAL``: a commit is in the operating system's hands before it is acknowledged, so it survives
the death of the process (SIGKILL included); a power cut may lose the last commits, never the file
(sqlite.org/wal.html).
"""

import sqlite3
from pathlib import Path
from typing import Final

from gungnir.local.store import Key

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS objects (
  tbl TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (tbl, namespace, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL);
INSERT OR IGNORE INTO counter VALUES (0, 0);
"""


class SqliteBackend:
    """Every object as one row; the revision counter beside them, in the same transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def load(self) -> tuple[int, list[tuple[Key, int, bytes]]]:
        """Return the last revision and every object."""
        (revision,) = self._db.execute("SELECT revision FROM counter").fetchone()
        rows = self._db.execute("SELECT tbl, namespace, name, revision, body FROM objects")
        return revision, [(Key(table, namespace, name), rev, body) for table, namespace, name, rev, body in rows]

    def write(self, key: Key, revision: int, raw: bytes) -> None:
        """Keep this version."""
        self._transaction("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", (*key, revision, raw), revision)

    def delete(self, key: Key, revision: int) -> None:
        """Forget the object."""
        self._transaction("DELETE FROM objects WHERE tbl = ? AND namespace = ? AND name = ?", tuple(key), revision)

    def _transaction(self, statement: str, arguments: tuple[object, ...], revision: int) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute(statement, arguments)
            self._db.execute("UPDATE counter SET revision = ?", (revision,))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
