"""Hostile names, headers, rules and SQL: each is refused, or treated as the text that it is.

What belongs here: what is tried, and what counts as broken. What does not: bad bytes in an export
(bad_input.py).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb
import pyarrow.parquet as pq

from cdp_pipeline.project.expressions import read_expression
from cdp_pipeline.project.shapes import Audience, Contract, Source
from cdp_pipeline.project.sql_model import read_model
from cdp_pipeline.project.sql_reach import wrong_expression, wrong_query
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.sources.arrivals import find_arrivals
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.columns import ADDED
from cdp_pipeline.sources.drop_zone import expect_inside
from cdp_pipeline.sources.raw import load_source
from cdp_pipeline_tests.small_run import put, small_run
from cdp_pipeline_tests.trust import hostile_texts as texts
from cdp_pipeline_tests.trust.figure import Figure

NOW = 1_800_000_000.0
SECRET = "id,mail\nsecret,not@yours.example\n"
GOOD = "id,mail\n1,ann@mail.example\n"


def measure(folder: Path, long: bool) -> list[Figure]:
    """Everything is small, so the long scale is the short one."""
    rmtree(folder, ignore_errors=True)
    return [
        _paths(folder / "paths"),
        _headers(folder / "headers"),
        *_words(folder / "words"),
        _sandbox(folder / "sandbox"),
    ]


def _figure(promise: str, broken: Mapping[str, bool], words: str) -> Figure:
    wrong = [name for name, is_broken in broken.items() if is_broken]
    return Figure(promise, len(broken), len(wrong), f"broken: {'; '.join(wrong)}" if wrong else words)


# ---- names in the drop zone ------------------------------------------------------------------


def _source(**keys: Any) -> tuple[Source, dict[str, Contract]]:
    column = {"type": "text", "description": "a"}
    columns = {
        "record_id": column | {"required": True},
        "email": column,
        "attributes": {"type": "attributes", "description": "a"},
    }
    contract = Contract.model_validate({"description": "a", "owner": "a", "grain": ["record_id"], "columns": columns})
    said: dict[str, Any] = {"description": "a", "owner": "a", "files": "**/*.csv", "legal_basis": "contract"}
    said["into"] = {"people": {"columns": {"record_id": "id", "email": "mail"} | keys}}
    return Source.model_validate(said), {"people": contract}


def _loaded(folder: Path, **keys: Any) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """File -> status, and the rows that reached the raw layer."""
    shape, contracts = _source(**keys)
    arrivals = find_arrivals(folder / "in", {"people": shape}, contracts, [], NOW)
    past = datetime(2000, 1, 1)  # noqa: DTZ001  (a TIMESTAMP without a zone)
    load_source(folder / "in", folder / "raw", "people", shape, contracts, arrivals, past)
    parts = [p for p in sorted((folder / "raw").glob("*.parquet")) if not p.name.endswith(".rejects.parquet")]
    return {a.file: a.status for a in arrivals}, [row for p in parts for row in pq.read_table(p).to_pylist()]


def _old(path: Path, text: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW - 100, NOW - 100))
    return path


def _paths(folder: Path) -> Figure:
    """Each hostile name lies beside a good file: nothing from outside is read, and the good file is."""
    broken = {}
    for name, make in _traps().items():
        place = folder / name.replace(" ", "_")
        secret = _old(place / "outside" / "secret.csv", SECRET)
        _old(place / "in" / "good.csv")
        make(place / "in", secret)
        statuses, rows = _loaded(place)
        ids = [row["id"] for row in rows]
        extra = {file: status for file, status in statuses.items() if file != "good.csv"}
        broken[name] = ids != ["1"] or "accepted" in extra.values()
    broken["swapped after it was looked at"] = not _is_swap_seen(folder / "swap")
    return _figure("Hostile paths, read", broken, "links, special files, names; beside each, a good file was loaded")


def _traps() -> Mapping[str, Callable[[Path, Path], object]]:
    def into(target: str) -> Callable[[Path, Path], object]:
        return lambda root, secret: (root / "trap.csv").symlink_to(target)

    def named(name: str) -> Callable[[Path, Path], object]:
        return lambda root, secret: _old(root / name, SECRET)

    def unix_socket(root: Path, secret: Path) -> None:
        here = Path.cwd()
        os.chdir(root)  # the path of a socket may not be long
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind("trap.csv")
        finally:
            os.chdir(here)

    def chain(root: Path, secret: Path) -> None:
        (root / "_step").symlink_to(secret)
        (root / "trap.csv").symlink_to(root / "_step")

    def to_hidden(root: Path, secret: Path) -> None:
        _old(root / ".kept" / "x.csv", SECRET)
        (root / "trap.csv").symlink_to(root / ".kept" / "x.csv")

    return {
        "link to a file outside": lambda root, secret: (root / "trap.csv").symlink_to(secret),
        "link with dots": into("../outside/secret.csv"),
        "link to the accounts of the machine": into("/etc/passwd"),
        "link to a device": into("/dev/zero"),
        "link to memory": into("/proc/self/environ"),
        "link to a folder outside": lambda root, secret: (root / "trap").symlink_to(secret.parent),
        "link to the root of the disk": lambda root, secret: (root / "trap").symlink_to("/"),
        "link to its own folder": lambda root, secret: (root / "trap").symlink_to(root),
        "link to nothing": into("nowhere.csv"),
        "link to itself": into("trap.csv"),
        "link to a link": chain,
        "link to a hidden file": to_hidden,
        "pipe": lambda root, secret: os.mkfifo(root / "trap.csv"),
        "socket": unix_socket,
        "folder with the name of a file": lambda root, secret: (root / "trap.csv").mkdir(),
        "line end in a name": named("trap\n.csv"),
        "terminal escape in a name": named("\x1b[2Jtrap.csv"),
        "name written from right to left": named("\u202evsc.part.csv"),
        "name that is no text": lambda root, secret: os.close(os.open(os.fsencode(root) + b"/tr\xe9p.csv", os.O_CREAT)),
        "name of a transfer": named("trap.csv.part"),
        "hidden name": named(".trap.csv"),
        "hidden folder": named(".git/trap.csv"),
    }


def _is_swap_seen(folder: Path) -> bool:
    secret = _old(folder / "outside" / "secret.csv", SECRET)
    path = _old(folder / "in" / "a.csv")
    shape, contracts = _source()
    arrivals = find_arrivals(folder / "in", {"people": shape}, contracts, [], NOW)
    path.unlink()
    path.symlink_to(secret)
    try:
        expect_inside(folder / "in", "a.csv")
    except RefusedError:
        past = datetime(2000, 1, 1)  # noqa: DTZ001
        (receipt,) = load_source(folder / "in", folder / "raw", "people", shape, contracts, arrivals, past)
        return receipt.status == "refused"
    return False


# ---- headers ---------------------------------------------------------------------------------


def _headers(folder: Path) -> Figure:
    """A hostile column beside the mapped ones changes nothing; mapped itself, its values arrive exactly.

    Names of the pipeline's own columns stay the pipeline's.
    """
    broken = {}
    for number, name in enumerate(texts.HEADERS):
        quoted = '"' + name.replace('"', '""') + '"'
        data = f'id,{quoted},mail\n1,"x,y",ann@mail.example\n'
        beside, mapped = folder / f"{number}a", folder / f"{number}b"
        _old(beside / "in" / "a.csv", data)
        _old(mapped / "in" / "a.csv", data)
        _, left = _loaded(beside)
        kept = _without_origin(left) == [{"id": "1", "mail": "ann@mail.example"}]
        _, taken = _loaded(mapped, **{"attributes.it": name})
        values = [[v for k, v in row.items()] for row in _without_origin(taken)]
        expected = [["1", "ann@mail.example", *([] if name in ADDED else ["x,y"])]]
        broken[f"{number} {name[:30]}"] = not kept or values != expected
    return _figure("Hostile headers, obeyed", broken, "SQL, quotes, names of the pipeline's own columns, other scripts")


def _without_origin(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in {"_file", "_line", "_delivered_at"}} for row in rows]


# ---- rules, SQL and YAML ---------------------------------------------------------------------


def _words(folder: Path) -> list[Figure]:
    folder.mkdir(parents=True, exist_ok=True)
    known = ["orders_count", "net_revenue", "email"]
    rules = {text: not read_expression(text, known, is_condition=True)[1] for text in texts.RULES}
    queries = {text: not wrong_query(text, ("file",)) for text in texts.QUERIES}
    queries |= {text: not wrong_expression(text) for text in texts.EXPRESSIONS}
    queries |= {f"model: {text}": _is_model(folder, text) for text in texts.MODELS}
    yamls = {f"{i} {text[:30]}": _is_read(folder / "tried.yml", text) for i, text in enumerate(texts.YAMLS)}
    return [
        _figure("Hostile segment rules, accepted", rules, "queries, files, settings, clock, second statements"),
        _figure("Hostile SQL of sources and models, accepted", queries, "files, settings, second statements, writing"),
        _figure("Hostile YAML, accepted", yamls, "tags that make objects, bombs, loops, doubled keys"),
    ]


def _is_model(folder: Path, text: str) -> bool:
    path = folder / "tried.sql"
    path.write_text(f"-- A model\n-- grain: a\n{text}\n", encoding="utf-8")
    return read_model(path, "profiles", []) is not None


def _is_read(path: Path, text: str) -> bool:
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return read_shape(path, Audience, []) is not None


# ---- DuckDB ----------------------------------------------------------------------------------


def _sandbox(folder: Path) -> Figure:
    """On the connection that rules and models run on, nothing outside the run's own folders is in reach."""
    outside = folder / "outside"
    outside.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"copy (select 1 as a) to '{outside}/x.parquet' (format parquet)")
    run = small_run(folder / "data")
    put(run, "staging.people", "select 1 as a")
    (run.folder / "link.parquet").symlink_to(outside / "x.parquet")
    broken = {}
    for text in texts.STATEMENTS:
        statement = text.format(outside=outside, run=run.folder)
        with run.connect("staging.people") as con:
            assert con.execute("select a from staging.people").fetchall() == [(1,)]
            try:
                con.execute(statement).fetchall()
            except duckdb.Error:
                broken[text] = False
            else:
                broken[text] = True
    broken["something was written outside"] = sorted(p.name for p in outside.iterdir()) != ["x.parquet"]
    return _figure("Ways out of DuckDB, open", broken, "files, links, attach, copy, extensions, network, settings")
