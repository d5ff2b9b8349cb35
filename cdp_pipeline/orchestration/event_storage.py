"""The history of runs as Dagster keeps it, with one open connection a file.

What belongs here: how connections to the SQLite files of Dagster's event log are opened, kept and closed. What does
not: what stands in them, and what else the instance is made of (instance.py). Dagster makes an engine, opens the file
and closes it again for each event it stores or reads back: thousands of times a night, most of its CPU seconds.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as db
from dagster import StringSource
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, SqliteEventLogStorageWatchdog
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool, StaticPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

_KEPT_OPEN = 8  # the index and a few runs; a UI that looks through the history meets a file for every run there was
_INHERITED: list[object] = []
"""Connections of the process that forked this one: never used, and never closed, for they are not ours."""


class KeptConnections(SqliteEventLogStorage):
    """Dagster's own event log, same files and same rows, with its connections kept between events.

    `dagster.yaml` names it as `event_log_storage`, with the folder of that file as `home`. A method of Dagster's holds
    `_db_lock` as long as it uses a connection, so no two threads ever share one.
    """

    _obs: Any

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, tuple[Engine, tuple[int, int] | None]] = {}
        self._process = os.getpid()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        return {"home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnections":
        return cls(str(Path(config_value["home"]) / "history" / "runs"), inst_data)  # where Dagster has it by itself

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if self._process != os.getpid():
            _INHERITED.append(self._engines)
            self._engines, self._process, self._db_lock = {}, os.getpid(), Lock()
        with self._db_lock, self._engine_of(shard).connect() as connection, connection.begin():
            yield connection

    def _engine_of(self, shard: str) -> Engine:
        """The engine of a file, last used last; another one when somebody has put another file in its place."""
        path = Path(self.path_for_shard(shard))
        engine, file = self._engines.pop(shard, (None, None))
        if engine is None or file != _identity(path):
            if engine:
                engine.dispose()
            if shard not in self._initialized_dbs or not path.exists():
                self._initdb(
                    db.create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=_WAIT)
                )
                self._initialized_dbs.add(shard)
            engine = db.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={**_WAIT, "check_same_thread": False},
            )
            db.event.listen(engine, "connect", _flush_less)
            file = _identity(path)
        self._engines[shard] = engine, file
        while len(self._engines) > _KEPT_OPEN:
            self._close(next(iter(self._engines)))
        return engine

    def _close(self, shard: str) -> None:
        self._engines.pop(shard)[0].dispose()

    def _close_all(self) -> None:
        with self._db_lock:
            for shard in list(self._engines):
                self._close(shard)

    def wipe(self) -> None:
        self._close_all()  # it deletes the files
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        if self._process == os.getpid():
            self._close_all()

    def watch(self, run_id: str, cursor: str | None, callback: Any) -> None:
        """As Dagster's, for a page that follows a run; there, each event ends in the file itself."""
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        follower = _Follower(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = follower, self._obs.schedule(follower, self._base_dir, recursive=True)


class _Follower(SqliteEventLogStorageWatchdog):
    """Looks for new events when the write-ahead log grows: the file follows only every thousand pages."""

    @property
    def patterns(self) -> list[str]:
        return [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, _: FileSystemEvent) -> None:
        self._process_log()


_WAIT = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}


def _flush_less(connection: Any, _: object) -> None:
    """With a write-ahead log nothing is lost but by a loss of power, and then the last events only."""
    connection.execute("pragma synchronous = normal")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
