"""Where every row of every export went, counted twice: on the way in and on the way out.

What belongs here: `staging.reconciliation`. What does not: the law itself, which is a SQL check.
"""

from __future__ import annotations

import duckdb

from cdp_pipeline.project.registry import status_column
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Numbers
from cdp_pipeline.staging.mapping import ERASED, candidates, empty_candidates, open_source
from cdp_pipeline.staging.refusals import EMPTIED, add_damaged_lines

_COLUMNS = (
    "source_name varchar, file varchar, table_name varchar, rows_read bigint, rows_not_mapped bigint, rows_empty bigint"
)


def reconcile(run: Run) -> dict[str, Numbers]:
    """Write `staging.reconciliation`, one row per export file and core table it feeds, and `quarantine.unused_lines`,
    the lines of which no mapping makes anything and which their source does not call a continuation.

    `rows_read` and `rows_not_mapped` are counted again from the raw parts; `rows_erased` are lines that
    are no longer in them, each counted as one row that was read; `rows_empty` too; `rows_dropped`,
    `rows_superseded`, `rows_quarantined` and `rows_staged` from the tables that were written. `rows_mended` and `rows_replayed`
    are counts beside these: what became of a corrected row is in them.
    """
    tables = list(run.project.contracts)
    damaged = ["quarantine.lines"] if any(map(status_column, run.project.contracts.values())) else []
    with run.connect(*damaged, *(f"staging.{t}" for t in tables), *(f"quarantine.{t}" for t in tables)) as con:
        con.execute(f"create temp table readings ({_COLUMNS})")
        con.execute("create temp table unused (source_name varchar, file varchar, line bigint)")
        for name, source in run.project.sources.items():
            if open_source(run, con, name, source):
                _read_again(run, con, name)
        _count_erased(run, con)
        con.execute(f"create temp table staged as {' union all '.join(_staged(t) for t in tables)}")
        con.execute(f"create temp table kept_out as {' union all '.join(_kept_out(t) for t in tables)}")
        rows = run.write(con, "staging.reconciliation", _SELECT, ["source_name", "file", "table_name"])
        unused = run.write(con, "quarantine.unused_lines", "from unused", ["source_name", "file", "line"])
    return {"staging.reconciliation": {"files_and_tables": rows}, "quarantine.unused_lines": {"lines": unused}}


def _read_again(run: Run, con: duckdb.DuckDBPyConnection, name: str) -> None:
    source = run.project.sources[name]
    con.execute(
        "create or replace temp table lost as select _file, count(*)::bigint as lines from file "
        "anti join prepared using (_file, _line) group by _file"
    )
    for table, mappings in source.into.items():
        contract = run.project.contracts[table]
        for ordinal, mapping in enumerate(mappings):
            select = candidates(name, run.project.system(name), source, mapping, ordinal, contract)
            con.execute(
                f"""insert into readings
                select '{name}', _file, '{table}', count(*)::bigint, count(*) filter (where _outcome = 'not_mapped')::bigint,
                  count(*) filter (where _outcome = 'empty')::bigint
                from (select _file, _outcome from ({select})) group by _file"""
            )
        con.execute(f"insert into readings select '{name}', _file, '{table}', lines, lines, 0 from lost")
        if status_column(contract):
            con.execute(
                f"create or replace temp table candidates as select 0::bigint as _row, * from ({empty_candidates(contract)})"
            )
            add_damaged_lines(run, con, name, source, table)
            con.execute(
                f"insert into readings select '{name}', _file, '{table}', count(*), 0, 0 from candidates group by _file"
            )
    kinds = [mapping.where or "true" for mappings in source.into.values() for mapping in mappings]
    kinds += [source.continuation] if source.continuation else []
    is_used = " or ".join(f"coalesce(({kind}), false)" for kind in kinds)
    con.execute(
        f"""insert into unused select distinct '{name}', _file, _line from file
            anti join (select _file, _line from prepared where {is_used}) using (_file, _line)"""
    )


def _count_erased(run: Run, con: duckdb.DuckDBPyConnection) -> None:
    """Table `erased` (source_name, file, table_name, lines); what stays of erased people is read from `erased`."""
    con.execute("create temp table erased (source_name varchar, file varchar, table_name varchar, lines bigint)")
    if not run.path("raw.erased_rows").exists():
        return
    with run.connect("raw.erased_rows") as erased:
        rows = erased.execute(
            "select source_name, file, rows_erased from raw.erased_rows where rows_erased > 0"
        ).fetchall()
    for name, file, lines in rows:
        for table in run.project.sources[name].into if name in run.project.sources else ():
            con.execute("insert into erased values (?, ?, ?, ?)", [name, file, table, lines])
    for table in run.project.contracts:
        path = run.path(f"raw.erased_{table}")
        if path.exists() and (count := run.count(f"raw.erased_{table}")):
            con.execute("insert into readings values (?, ?, ?, ?, 0, 0)", [ERASED, ERASED, table, count])


def _staged(table: str) -> str:
    return (
        f"select _file as file, '{table}' as table_name, count(*)::bigint as rows from staging.{table} group by _file"
    )


def _kept_out(table: str) -> str:
    return (
        f"select file, '{table}' as table_name, outcome, count(*)::bigint as rows, "
        f"count(*) filter (where outcome in ('mended', 'quarantined') and contains(reasons, '{EMPTIED}'))::bigint as answered "
        f"from quarantine.{table} group by file, outcome"
    )


_SELECT = """
with readings_by_file as (
  select source_name, file, table_name, sum(rows_read)::bigint as rows_read, sum(rows_not_mapped)::bigint as rows_not_mapped,
    sum(rows_empty)::bigint as rows_empty
  from readings group by all
),
counted as (
  select source_name, file, table_name, coalesce(rows_read, 0) + coalesce(lines, 0) as rows_read,
    coalesce(rows_not_mapped, 0) as rows_not_mapped, coalesce(rows_empty, 0) as rows_empty,
    coalesce(lines, 0) as rows_erased
  from readings_by_file full join erased using (source_name, file, table_name)
),
outcomes as (
  select file, table_name,
    coalesce(sum(rows) filter (where outcome = 'dropped'), 0)::bigint as rows_dropped,
    coalesce(sum(rows) filter (where outcome = 'superseded'), 0)::bigint as rows_superseded,
    coalesce(sum(rows) filter (where outcome = 'quarantined'), 0)::bigint as rows_quarantined,
    coalesce(sum(rows) filter (where outcome = 'mended'), 0)::bigint as rows_mended,
    coalesce(sum(rows) filter (where outcome = 'replayed'), 0)::bigint as rows_replayed,
    coalesce(sum(answered), 0)::bigint as rows_emptied
  from kept_out group by all
)
select source_name, file, table_name, rows_read, rows_not_mapped, coalesce(rows_erased, 0) as rows_erased,
  rows_empty - coalesce(rows_emptied, 0) as rows_empty,
  coalesce(rows_dropped, 0) as rows_dropped, coalesce(rows_superseded, 0) as rows_superseded,
  coalesce(rows_quarantined, 0) as rows_quarantined, coalesce(staged.rows, 0) as rows_staged,
  coalesce(rows_mended, 0) as rows_mended, coalesce(rows_replayed, 0) as rows_replayed
from counted
full join outcomes using (file, table_name)
full join staged using (file, table_name)
"""
