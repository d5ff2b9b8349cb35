"""Which DuckDB clients can open what is published.

What belongs here: the storage version of the warehouse, and the client on this machine. What does
not: writing the warehouse (publishing/warehouse.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cdp_pipeline.operations.finding import Finding
from cdp_pipeline.run.machine import machine_error

OLDEST_CLIENT = (1, 2)


def warehouse_findings(data: Path) -> Iterator[Finding]:
    """Which clients can open what is published; their versions where a command says so."""
    import duckdb

    path = data / "warehouse.duckdb"
    if not path.exists():
        return
    try:
        with duckdb.connect(":memory:") as con:
            con.execute(f"attach '{str(path.resolve()).replace(chr(39), chr(39) * 2)}' as looked_at (read_only)")
            tags = con.execute("select tags from duckdb_databases() where database_name = 'looked_at'").fetchall()[0][0]
    except duckdb.Error as error:
        if machine_error(error):
            raise
        yield Finding("warehouse", "bad", f"{path} cannot be opened: it is damaged", "cdp run writes it anew")
        return
    version = str(dict(tags).get("storage_version", "unknown")).rstrip("+")
    oldest = ".".join(map(str, OLDEST_CLIENT))
    words = f"storage version {version}, written by DuckDB {duckdb.__version__}; clients from {oldest} open it"
    if _version(version) > (*OLDEST_CLIENT, 0):
        yield Finding(
            "warehouse",
            "bad",
            f"storage version {version}",
            "older clients cannot open it; run cdp run to write it anew",
        )
    else:
        yield Finding("warehouse", "ok", words)
    client = _client()
    if client and _version(client) < OLDEST_CLIENT:
        yield Finding("client", "bad", f"the duckdb command here is {client}", f"install duckdb {oldest} or newer")
    elif client:
        yield Finding("client", "ok", f"the duckdb command here is {client}")


def _client() -> str:
    command = shutil.which("duckdb")
    if command is None:
        return ""
    try:
        said = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.split()[0] if said.stdout.split() else ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
