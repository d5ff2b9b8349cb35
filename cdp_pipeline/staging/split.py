"""One core table: candidate rows in, good rows and the rest out; no row disappears.

What belongs here: the decision which candidate is staged, quarantined, dropped or superseded. What
does not: how a value is parsed (parsing.py) or judged (contract.py).
"""

from __future__ import annotations

from datetime import timedelta

import duckdb

from cdp_pipeline.project.registry import status_column
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Numbers
from cdp_pipeline.staging.keyed import add_keys, key_columns
from cdp_pipeline.staging.mapping import candidates, empty_candidates, erased_candidates, open_source
from cdp_pipeline.staging.mend import judge
from cdp_pipeline.staging.overlay import overlay
from cdp_pipeline.staging.parsing import create_macros
from cdp_pipeline.staging.refusals import EMPTIED, NOT_APPLIED, add_damaged_lines, fold_states, give_identifiers
from cdp_pipeline.staging.replay import replay, text_columns


def split_table(run: Run, table: str) -> dict[str, Numbers]:
    """Write `staging.<table>` and `quarantine.<table>`.

    staging: the contract's columns typed, the keys of those that have any, `_file`, `_line`; grain as the contract
    says; the newest good version of a row wins. quarantine: `source_name`, `file`, `line`, `outcome` (quarantined,
    superseded, dropped; mended: used, after a cell was emptied or replaced; replayed: as it was before it was
    corrected), `reasons`, and the contract's columns as text for quarantined, mended and replayed rows.
    """
    contract = run.project.contracts[table]
    with run.connect(*(["quarantine.lines"] if status_column(contract) else []), *countries_from(contract)) as con:
        create_macros(con, run.project.words)
        _collect(run, con, table, contract)
        _drop_outlived(run, con, table, contract)
        replay(run, con, table, contract)
        overlay(run, con, table, contract)
        add_keys(con, run.project, contract)
        fold_states(con, contract)
        give_identifiers(con, contract)
        judge(con, contract, run.as_of, run.project.settings.zone)
        con.execute(
            _DECIDE.format(
                grain=", ".join(contract.grain), newest=_newest_first(contract), all_keys=_keys_of_all(contract)
            )
        )
        staged = run.write(con, f"staging.{table}", _staged(contract), contract.grain)
        kept_out = run.write(con, f"quarantine.{table}", _kept_out(contract), ["file", "line", "reasons"])
        counts = dict(
            con.execute("select outcome, count(*)::bigint from decided group by outcome order by outcome").fetchall()
        )
    quarantined = counts.get("quarantined", 0)
    share = round(quarantined / max(1, staged + quarantined), 6)
    return {
        f"staging.{table}": {"superseded": counts.get("superseded", 0)},
        f"quarantine.{table}": {"rows_kept_out": kept_out, "quarantined": quarantined, "quarantined_share": share},
    }


def countries_from(contract: Contract) -> list[str]:
    """The table that tells from which country a number is, for a contract whose own rows do not."""
    return ["staging.people"] if "namespace" in {spec.keys for spec in contract.columns.values()} else []


def _collect(run: Run, con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    # `prepare` may make several rows of one line: only the whole row tells them apart in the same order.
    columns = (*contract.grain, *(column for column in contract.columns if column not in contract.grain))
    order = ", ".join(c if contract.columns[c].type == "attributes" else f"{c}__text" for c in columns)
    con.execute(f"create table candidates as select 0::bigint as _row, * from ({empty_candidates(contract)})")
    if run.path(f"raw.erased_{table}").exists():
        con.execute(f"insert into candidates by name {erased_candidates(run, table, contract)}")
    for name, source in run.project.sources.items():
        if table not in source.into or not open_source(run, con, name, source):
            continue
        system = run.project.system(name)
        for ordinal, mapping in enumerate(source.into[table]):
            select = candidates(name, system, source, mapping, ordinal, contract, run.as_of, run.project.settings.zone)
            con.execute(
                f"insert into candidates by name select row_number() over (order by _file, _line, {order}) "
                f"+ (select coalesce(max(_row), 0) from candidates) as _row, * from ({select}) "
                "where _outcome <> 'not_mapped' and (_is_state or _outcome <> 'empty')"
            )
        if status_column(contract):
            add_damaged_lines(run, con, name, source, table)


def _drop_outlived(run: Run, con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    """Rows older than `retention` of project.yml are not used, also where their line stays in raw for another table."""
    days = run.project.settings.retention.get(table)
    if days and contract.newest_by:
        first_day = run.as_of - timedelta(days=days)
        con.execute(
            "update candidates set _outcome = 'older_than_retention' "
            f"where _outcome = 'mapped' and coalesce({', '.join(contract.newest_by)}) < date '{first_day}'"
        )


_DECIDE = """
create table decided as
with reasons as (
  select _row, string_agg("column" || ': ' || rule, '; ' order by "column", rule) as reasons,
    string_agg("column" || ': ' || rule, '; ' order by "column", rule) filter (is_mended) as mended
  from (
    select _row, "column", rule, bool_or(is_mended) as is_mended
    from (select *, false as is_mended from broken union all select *, true from mended) group by all
  ) group by _row
),
judged as (
  select candidates.*, reasons.reasons, reasons.mended,
    case when _outcome = 'unchanged' then 'superseded' when _outcome <> 'mapped' then 'dropped'
      when _row in (select _row from broken) then 'quarantined' else 'good' end as verdict
  from candidates left join reasons using (_row)
),
ranked as (
  select * {all_keys}, case when verdict = 'good' then
    row_number() over (partition by verdict, {grain} order by {newest}) end as version
  from judged
)
select *, case when verdict = 'good' then case when version = 1 then 'staged' else 'superseded' end else verdict end as outcome
from ranked
"""


def _keys_of_all(contract: Contract) -> str:
    """SQL after a star: of rows that are one change of a permission, the one that stays is about the identifiers of all.

    Their cells begin with the same address and need not hold the same: the newer row takes no refusal from the others.
    """
    if not status_column(contract):
        return ""
    every = f"over (partition by verdict, {', '.join(contract.grain)})"
    keys = [f"list_sort(list_distinct(flatten(list({k}) {every}))) as {k}" for k in key_columns(contract).values()]
    return f"replace ({', '.join(keys)})"


def _newest_first(contract: Contract) -> str:
    newest = [f"{column} desc nulls last" for column in contract.newest_by]
    return ", ".join([*newest, "_delivered_at desc nulls last", "_file desc", "_line desc", "_row desc"])


def _staged(contract: Contract) -> str:
    columns = ", ".join((*contract.columns, *key_columns(contract).values()))
    return f"select {columns}, _file, _line from decided where outcome = 'staged'"


def _kept_out(contract: Contract) -> str:
    columns = text_columns(contract)
    columns_shown = ", ".join(
        f"case when outcome = 'quarantined' then {column}__text end as {column}" for column in columns
    )
    texts = ", ".join(f"{column}__text" for column in columns)
    reason = """case when outcome = 'quarantined' then reasons when outcome = 'dropped' then _outcome
        when _outcome = 'unchanged' then 'the state of an earlier delivery, unchanged'
        else 'a newer row of the same key' end"""
    return (
        f"select _source_name as source_name, _file as file, _line as line, outcome, {reason} as reasons, {columns_shown} "
        "from decided where outcome <> 'staged' union all "
        f"select _source_name, _file, _line, 'mended', mended, {texts} from decided where mended is not null "
        f"and (outcome = 'staged' or outcome = 'superseded' and regexp_matches(mended, '{EMPTIED}|{NOT_APPLIED}')) union all "
        f"select _source_name, _file, _line, 'replayed', 'as it was before it was corrected', {texts} from replayed"
    )
