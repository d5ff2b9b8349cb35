"""The DuckDB files that analysts open: one in clear, one masked, both inside the run folder.

What belongs here: copying the tables of a run into two files with comments. What does not: the
tables' content, and swapping the files in (snapshots.py).

DuckDB keeps deleted bytes in a file, so both files are always written anew. Storage version
v1.2.0 opens in clients from 1.2 to 2.0.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cdp_pipeline.lake import Run
from cdp_pipeline.steps import Table

_MASKED, _FULL = "warehouse.duckdb", "warehouse_full.duckdb"
MASK = "•••"


def build_warehouse(run: Run, tables: Mapping[str, Table]) -> dict[str, int]:
    """Write both files; returns their sizes in bytes.

    Raw tables stay Parquet. In the masked file a personal text is `•••`, but a keyed pseudonym where
    the column is a key (`…_id`, `…_key`), so that tables still join and things can be counted; a
    personal value of another type is NULL.
    """
    labels = _personal_names(run)
    shown = {name: table for name, table in tables.items() if run.path(name).is_file()}
    sizes = {}
    for file, mode in ((_FULL, 0o400), (_MASKED, 0o440)):
        temporary = run.folder / f".{file}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        _fill(run, temporary, shown, labels if file == _MASKED else None)
        temporary.chmod(mode)
        temporary.replace(run.folder / file)
        sizes[file] = (run.folder / file).stat().st_size
    return sizes


def _personal_names(run: Run) -> frozenset[str]:
    """Column names that a contract or the survivorship file labels as personal, in any table."""
    contracts = run.project.contracts.values()
    from_contracts = {
        c for contract in contracts for c, spec in contract.columns.items() if spec.sensitivity != "public"
    }
    return frozenset(
        from_contracts | {f for f, rule in run.project.survivorship.fields.items() if rule.sensitivity != "public"}
    )


def _fill(run: Run, path: Path, tables: Mapping[str, Table], labels: frozenset[str] | None) -> None:
    with run.connect(*tables) as con:
        con.execute(f"attach {_literal(str(path))} as warehouse (storage_version 'v1.2.0')")
        con.execute("create schema warehouse.config")
        con.execute("create table warehouse.config.run as from config.run")
        for name, table in tables.items():
            personal = frozenset() if labels is None else labels | table.personal
            selected = _columns(con, name, personal, run.key)
            con.execute(f"create schema if not exists warehouse.{table.layer}")
            con.execute(f"create table warehouse.{name} as select {selected} from {name}")
            con.execute(f"comment on table warehouse.{name} is {_literal(table.description)}")
            present = {row[0] for row in con.execute(f"describe {name}").fetchall()}
            for column, words in table.columns.items():
                if words and column in present:
                    con.execute(f'comment on column warehouse.{name}."{column}" is {_literal(words)}')
        con.execute("detach warehouse")


def _columns(con: duckdb.DuckDBPyConnection, name: str, personal: frozenset[str], key: bytes) -> str:
    selected = []
    for column, kind, *_ in con.execute(f"describe {name}").fetchall():
        quoted = f'"{column}"'
        if column not in personal:
            selected.append(quoted)
        elif kind == "VARCHAR" and column.endswith(("_id", "_key")):
            selected.append(f"{_pseudonym(quoted, key)} as {quoted}")
        elif kind == "VARCHAR":
            selected.append(f"case when {quoted} is not null then '{MASK}' end as {quoted}")
        else:
            selected.append(f"null::{kind} as {quoted}")
    return ", ".join(selected)


def _pseudonym(column: str, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of a text column in SQL, cut to 16 hex digits; NULL stays NULL."""
    padded = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    digest = f"sha256(unhex('{inner}') || encode({column}))"
    return f"left(sha256(unhex('{outer}') || unhex({digest})), 16)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
