"""The files beside the tables that people write and that can name somebody: decisions, corrections, replays.

What belongs here: taking the lines about the erased out of them. What does not: what the files mean.

    every ledger (ledger.py)      lines with an erased record, or the key of one, go
    corrections.csv               of a line that stays, an erased value that it replaced
    replays.jsonl                 rows of a line that went, or that hold an erased identifier, go; so do those of
                                  an export that is not loaded any more, which nothing can be found out about
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import duckdb
import pyarrow as pa

from cdp_pipeline.identity.normalise.normalise import record_key
from cdp_pipeline.ledgers.corrections import read_corrections, write_corrections
from cdp_pipeline.ledgers.ledger import CORRECTIONS, LEDGERS, Cells, Ledger, change_lines
from cdp_pipeline.ledgers.replays import FILE as REPLAYS
from cdp_pipeline.ledgers.tombstones import hashed
from cdp_pipeline.privacy.scrub import lines_about
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.whole_file import alone, write_whole
from cdp_pipeline.sources.raw import receipts_of
from cdp_pipeline.sources.steps import raw_folder


def clean_kept_files(run: Run, con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> None:
    """Rewrite the files that hold a line about somebody erased; needs the tables of scan.py, `lost_records` and `all_gone`."""
    keys = _keys(run, con)
    dead = {str(row[0]) for row in con.execute("select key from dead where kind = 'record_id'").fetchall()}
    for ledger in LEDGERS:
        change_lines(run.data / ledger.file, ledger, partial(_without_erased, ledger, keys, dead, secrets))
    _clean_replaced(run, con, secrets)
    _clean_replays(run, con, secrets)


def _without_erased(
    ledger: Ledger, keys: Collection[str], dead: Collection[str], secrets: Sequence[str], cells: Cells
) -> Cells | None:
    """The line, but for one that names an erased record."""
    record = ":".join(cells.get(column, "") for column in ledger.record)
    names_erased = any(cells.get(column, "") in keys for column in ledger.record_keys)
    if ledger.record:
        names_erased |= any(hashed(secret, "record_id", record) in dead for secret in secrets)
    return None if names_erased else cells


def _keys(run: Run, con: duckdb.DuckDBPyConnection) -> set[str]:
    """Record keys of every erased record whose id was seen tonight."""
    rows = con.execute(
        f"""with seen as (
                select source, record_id from lost_records
                union
                select split_part(f.identity, ':', 1), substr(f.identity, instr(f.identity, ':') + 1) from found f
                join dead d on d.kind = f.kind and d.key = f.key where f.kind = 'record_id')
            select {record_key("source", "record_id")} from seen""",
        {"key": run.key.hex()},
    ).fetchall()
    return {str(row[0]) for row in rows}


def _clean_replaced(run: Run, con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> None:
    """An address or number of somebody erased that a corrected record of somebody else once had."""
    if not (run.data / CORRECTIONS.file).exists():
        return
    with alone(run.data / CORRECTIONS.file):
        corrections = read_corrections(run.data)
        replaced_cells = [(each.source, at, each.replaced) for at, each in enumerate(corrections) if each.replaced]
        cleaned = list(corrections)
        for source in sorted({row[0] for row in replaced_cells}):
            texts = [row[1:] for row in replaced_cells if row[0] == source]
            con.register("replaced_texts", pa.table({"number": [at for at, _ in texts], "text": [t for _, t in texts]}))
            for at in lines_about(run, con, source, "replaced_texts", secrets):
                cleaned[at] = replace(corrections[at], replaced="")
            con.unregister("replaced_texts")
        if cleaned != corrections:
            write_corrections(run.data, cleaned)


def _clean_replays(run: Run, con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> None:
    path = run.data / REPLAYS
    if not path.exists():
        return
    with alone(path):
        lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        replays = [json.loads(line) for line in lines]
        loaded, lines_gone = _loaded(run), _gone(run, con)
        guilty = {at for at, row in enumerate(replays) if _place(row)[:2] not in loaded or _place(row) in lines_gone}
        for name in sorted({str(row["source"]) for at, row in enumerate(replays) if at not in guilty}):
            texts = {
                at: " , ".join(_strings(row))
                for at, row in enumerate(replays)
                if at not in guilty and row["source"] == name
            }
            table = pa.table(
                {"number": pa.array(list(texts), pa.int64()), "text": pa.array(list(texts.values()), pa.string())}
            )
            con.register("replay_texts", table)
            guilty |= set(lines_about(run, con, name, "replay_texts", secrets))
            con.unregister("replay_texts")
        if guilty:
            lines_left = [line for at, line in enumerate(lines) if at not in guilty]
            write_whole(path, "".join(f"{line}\n" for line in lines_left), "replays")


def _loaded(run: Run) -> set[tuple[str, str]]:
    """(source, fingerprint) of every export that the run uses."""
    receipts = ((name, receipt) for name in run.project.sources for receipt, _ in receipts_of(raw_folder(run, name)))
    return {(name, receipt.fingerprint) for name, receipt in receipts if receipt.status == "loaded"}


def _gone(run: Run, con: duckdb.DuckDBPyConnection) -> set[tuple[str, str, int]]:
    """(source, fingerprint of the export, line) of every line that was taken out tonight."""
    prints = {
        (r.source, r.file): r.fingerprint for n in run.project.sources for r, _ in receipts_of(raw_folder(run, n))
    }
    rows = con.execute("select source_name, _file, _line from all_gone").fetchall()
    return {(str(name), prints.get((name, file), ""), int(line)) for name, file, line in rows}


def _place(replay: Mapping[str, object]) -> tuple[str, str, int]:
    line = replay.get("line", 0)
    return str(replay.get("source", "")), str(replay.get("fingerprint", "")), line if isinstance(line, int) else 0


def _strings(value: object) -> list[str]:
    """Every text inside a JSON value."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [str(value)] if value is not None else []
