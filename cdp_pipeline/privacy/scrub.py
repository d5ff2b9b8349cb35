"""Taking lines out of raw parts and their sidecars, and addresses and numbers out of texts that stay.

What belongs here: rewriting the Parquet files of a raw table. What does not: which lines are meant
(scan.py), and what becomes of their amounts (anonymised.py).

A part is replaced, never written into: snapshots share it by a hard link.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_pipeline.identity.matching import load_matching
from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.privacy.identities import spell
from cdp_pipeline.privacy.retention import QUARANTINE, cutoffs
from cdp_pipeline.privacy.scan import mentions, systems_of
from cdp_pipeline.privacy.texts import find_written, without
from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.whole_file import replaced
from cdp_pipeline.sources.raw import receipts_of
from cdp_pipeline.sources.steps import raw_folder
from cdp_pipeline.staging.mapping import open_source

_WORD = r"""[^\s,;|\t"']{5,}"""


def scrub(run: Run, con: duckdb.DuckDBPyConnection, name: str, secrets: Sequence[str]) -> None:
    """Take the lines in `gone` out of the parts of a source, and what mentions the erased out of the rest.

    Of a line that stays, an erased address or phone number inside a text becomes `•••`. Set-aside lines that hold an
    erased address, phone number, record id or account go whole.
    """
    lines: dict[str, set[int]] = {}
    query = "select _file, _line from gone where source_name = ? order by all"
    for file, line in con.execute(query, [name]).fetchall():
        lines.setdefault(str(file), set()).add(int(line))
    mentioned, touched = _mentioned(run, con, name, secrets)
    for receipt, sidecar in receipts_of(raw_folder(run, name)):
        part = sidecar.with_name(sidecar.name.replace(".rejects.parquet", ".parquet"))
        if part.exists() and (lines.get(receipt.file) or receipt.file in touched):
            _rewrite(part, lines.get(receipt.file, set()), mentioned)
        if receipt.rows_rejected:
            _clean_rejects(run, con, name, sidecar, secrets)


def empty_old_rejects(run: Run, name: str) -> None:
    """Take out the set-aside lines of a source that were delivered before what `retention` keeps."""
    first_day = cutoffs(run).get(QUARANTINE)
    for receipt, sidecar in receipts_of(raw_folder(run, name)) if first_day else ():
        is_old = first_day and datetime.fromisoformat(receipt.delivered_at).date() < first_day
        if is_old and pq.read_metadata(sidecar).num_rows:
            rejects = pq.read_table(sidecar)
            with replaced(sidecar, "raw.scrub_rejects") as temporary:
                pq.write_table(rejects.slice(0, 0), temporary, compression="zstd")


def _mentioned(
    run: Run, con: duckdb.DuckDBPyConnection, name: str, secrets: Sequence[str]
) -> tuple[Mapping[str, str], Collection[str]]:
    """Erased addresses and numbers as lines that stay write them, with their kind, and the files that have such lines."""
    if not open_source(run, con, name, run.project.sources[name]):
        return {}, ()
    columns = [row[0] for row in con.execute("describe file").fetchall() if not row[0].startswith("_")]
    text = ", ".join(map(quoted, columns))
    con.execute(f"""create or replace temp view kept_texts as
        select 0 as number, _file, concat_ws(chr(10), {text}) as text from file
        anti join (select _file, _line from gone where source_name = '{name}') using (_file, _line)""")
    mentioned = mentions(run, con, "kept_texts", secrets)
    if not mentioned:
        return {}, ()
    files = con.execute(
        "select distinct _file from kept_texts where len(list_filter($all, lambda w: contains(text, w))) > 0",
        {"all": sorted(mentioned)},
    ).fetchall()
    return mentioned, {str(row[0]) for row in files}


def _rewrite(part: Path, lines: Collection[int], mentioned: Mapping[str, str]) -> None:
    with pq.ParquetFile(part) as old, replaced(part, "raw.scrub") as temporary:
        schema = old.schema_arrow
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for batch in old.iter_batches():
                table = pa.Table.from_batches([batch], schema=schema)
                stay = pc.invert(pc.is_in(table["_line"], value_set=pa.array(sorted(lines), pa.int64())))
                writer.write_table(_redacted(table.filter(stay), mentioned))


def _redacted(table: pa.Table, mentioned: Mapping[str, str]) -> pa.Table:
    for at, field in enumerate(table.schema if mentioned else ()):
        if field.type == pa.string() and not field.name.startswith("_"):
            table = table.set_column(at, field, without(table[field.name], mentioned))
    return table


def _clean_rejects(run: Run, con: duckdb.DuckDBPyConnection, name: str, sidecar: Path, secrets: Sequence[str]) -> None:
    rejects = pq.read_table(sidecar)
    con.register("rejects_arrow", rejects)
    guilty = lines_about(
        run, con, name, "(select row_number() over () as number, content as text from rejects_arrow)", secrets
    )
    con.unregister("rejects_arrow")
    if guilty:
        stay = pa.array([at not in guilty for at in range(1, rejects.num_rows + 1)])
        with replaced(sidecar, "raw.scrub_rejects") as temporary:
            pq.write_table(rejects.filter(stay), temporary, compression="zstd")


def lines_about(
    run: Run, con: duckdb.DuckDBPyConnection, name: str, texts: str, secrets: Sequence[str]
) -> Mapping[int, str]:
    """Which texts (relation of number, text) of a source hold an erased identifier: number -> request."""
    system = run.project.system(name) if name in run.project.sources else name
    find_written(con, texts, run.project.settings.country)
    con.execute(
        f"""create or replace temp table told_tokens as
        with found as (
            select number, kind, value from written
            union all select number, 'record_id', unnest(regexp_extract_all(text, $token)) from {texts}
            union all select number, 'account', unnest(regexp_extract_all(text, $token)) from {texts}
            union all select number, 'order_id', unnest(regexp_extract_all(text, $token)) from {texts}
            union all select number, 'device_id', unnest(regexp_extract_all(text, $token)) from {texts})
        select *, '{system}' as system, null::varchar as country, null::varchar as first_name, null::varchar as last_name
        from found""",
        {"token": _WORD},
    )
    matching = load_matching(run.project.folder / "3_identity")
    spell(con, "told_tokens", matching.placeholders, run.project.settings.country, systems_of(run), run.project.words)
    keys = ", ".join(hashed_sql(secret, "s.kind", "s.identity") for secret in secrets)
    rows = con.execute(f"""select s.number, min(d.request_id) from spelled s
        join dead d on d.kind = s.kind and d.key in ({keys}) where s.identity is not null group by 1""").fetchall()
    return {int(number): str(request) for number, request in rows}
