"""Rows that somebody corrected after quarantine: they are staged in place of the bad ones.

What belongs here: the table staging.replays, and laying it over candidate rows. What does not: the lines it is made
of (ledgers/replays.py), and the CSV file that people correct (quarantine_file.py).

A row that was corrected twice has two lines: the second one names the digest of the first one's outcome. The bad row
stays in quarantine, marked `replayed`, so that nothing is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_pipeline.ledgers.replays import Replay, read_replays
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Numbers
from cdp_pipeline.run.steps import Step, described
from cdp_pipeline.staging.mapping import day_of
from cdp_pipeline.staging.parsing import typed

_NOTHING, _BETWEEN = "␀", "\x1f"
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("table_name", "source_name", "file")),
        ("line", pa.int64()),
        ("row_digest", pa.string()),
        ("changes", pa.map_(pa.string(), pa.string())),
        ("decided_at", pa.string()),
    ]
)


def digest(texts: Sequence[str | None]) -> str:
    """SHA-256 of a row's texts, as `row_digest` gives it in SQL."""
    row = _BETWEEN.join(_NOTHING if text is None else text for text in texts)
    return hashlib.sha256(row.encode()).hexdigest()


def row_digest(columns: Sequence[str]) -> str:
    """SQL of the digest of a row whose texts are in `columns`."""
    texts = ", ".join(f"coalesce({column}, '{_NOTHING}')" for column in columns)
    return f"sha256(concat_ws(chr(31), {texts}))"


def text_columns(contract: Contract) -> list[str]:
    """The columns of a core table that quarantine shows and replay corrects, in order."""
    return [column for column, spec in contract.columns.items() if spec.type != "attributes"]


# ---- the table -------------------------------------------------------------------------------


def replay_step() -> Step:
    """staging.replays; it looks at a file of the data folder, so it is never skipped."""
    return Step((described("staging.replays"),), ("raw.files",), _run, "1", uses_exports=True)


def _run(run: Run) -> dict[str, Numbers]:
    with run.connect("raw.files") as con:
        rows = con.execute("select source, fingerprint, file from raw.files where status = 'loaded'").fetchall()
        files = {(source, fingerprint): file for source, fingerprint, file in rows}
        replays = [
            {
                "table_name": replay.table,
                "source_name": replay.source,
                "file": files[replay.source, replay.fingerprint],
                "line": replay.line,
                "row_digest": replay.row,
                "changes": list(replay.changes.items()),
                "decided_at": replay.decided_at,
            }
            for replay in joined([r for r in read_replays(run.data) if r.decided_at <= str(run.as_of)])
            if (replay.source, replay.fingerprint) in files
        ]
        con.register("found", pa.Table.from_pylist(replays, schema=_SCHEMA))
        run.write(con, "staging.replays", "select * from found", described("staging.replays").grain)
    return {"staging.replays": {"corrected_rows": len(replays)}}


def joined(replays: Sequence[Replay]) -> list[Replay]:
    """One replay for each row: what was corrected again is laid over what was corrected before."""
    rows: dict[tuple[tuple[str, str, str, int], str], Replay] = {}
    first: dict[tuple[tuple[str, str, str, int], str], str] = {}
    for replay in replays:
        start = first.get((replay.place, replay.row), replay.row)
        before = rows.get((replay.place, start))
        changes = {**(before.changes if before else {}), **replay.changes}
        rows[replay.place, start] = Replay(**{**asdict(replay), "row": start, "changes": changes})
        first[replay.place, replay.after] = start
    return list(rows.values())


# ---- laying it over rows ---------------------------------------------------------------------


def replay(run: Run, con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    """Put corrected texts and values into the table `candidates`; makes the table `replayed` of the rows they had."""
    con.execute("create table replayed as from candidates where false")
    path = run.path("staging.replays")
    if not path.exists():
        return
    own = pq.read_table(path)
    own = own.filter(pc.equal(own["table_name"], table))
    if not own.num_rows:
        return
    con.register("own", own)
    texts = text_columns(contract)
    con.execute(
        f"""insert into replayed select candidates.* from candidates
            semi join (select distinct source_name, file, line from own) as places
              on _source_name = places.source_name and _file = places.file and _line = places.line
            where _outcome = 'mapped' and {row_digest([f"{c}__text" for c in texts])} in (select row_digest from own)"""
    )
    new = [f"if(map_contains(changes, '{c}'), nullif(changes['{c}'], ''), {c}__text) as {c}__text" for c in texts]
    for name in sorted({str(name) for name in own["source_name"].to_pylist()} & set(run.project.sources)):
        form = run.project.sources[name].format
        values = [f"{typed(f'{c}__text', contract.columns[c], form)} as {c}" for c in texts]
        fallbacks = [
            f"case when {c} is null or {day_of(c, spec.type, run.project.settings.zone)} > date '{run.as_of}' "
            f"then coalesce({spec.fallback}, {c}) else {c} end as {c}"
            for c, spec in contract.columns.items()
            if spec.fallback
        ]
        replaced = f"replace ({', '.join(fallbacks)})" if fallbacks else ""
        con.execute("create or replace temp table renewed as from replayed where false")
        con.execute(
            f"""insert into renewed by name select * {replaced} from (select * replace ({", ".join(values)}) from (
                  select replayed.* replace ({", ".join(new)}) from replayed join own
                    on _source_name = own.source_name and _file = own.file and _line = own.line
                      and {row_digest([f"replayed.{c}__text" for c in texts])} = own.row_digest
                  where _source_name = '{name}'))"""
        )
        con.execute("delete from candidates where _row in (select _row from renewed)")
        con.execute("insert into candidates by name from renewed")
