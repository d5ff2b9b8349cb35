"""Bad cells that do not cost their row: they are emptied or replaced, and listed.

What belongs here: `when_bad` and `when_broken` of a contract, applied to judged candidate rows. What does not: the
judgement itself (contract.py), and which candidate is staged in the end (split.py).
"""

from __future__ import annotations

from datetime import date

import duckdb

from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.staging.contract import broken_rows
from cdp_pipeline.staging.keyed import key_columns


def judge(con: duckdb.DuckDBPyConnection, contract: Contract, as_of: date, zone: str) -> None:
    """Tables `broken` (_row, column, rule) of rows that cannot be used, and `mended` (the same) of cells that were
    emptied or replaced in rows that can; needs table `noted` of what was replaced before (refusals.py).

    A bad cell of a column with `when_bad: empty` is emptied. A row that is still broken, but only in columns of
    `when_broken`, gets those values instead, and is judged again.
    """
    con.register("broken_arrow", broken_rows(con, contract, as_of, zone))
    con.execute("create table broken as from broken_arrow")
    con.unregister("broken_arrow")
    con.execute("create table mended as from noted")
    empties = {c: spec for c, spec in contract.columns.items() if is_emptied(contract, c)}
    _mend(con, contract, as_of, zone, dict.fromkeys(empties, "null"), f'"column" in {(*empties, "")}')
    if contract.when_broken:
        places = (*contract.when_broken, "")
        curable = f"""_row not in (select _row from broken where "column" not in {places})"""
        _mend(con, contract, as_of, zone, contract.when_broken, curable, whole=True)


def is_emptied(contract: Contract, column: str) -> bool:
    """Whether a bad cell of the column is emptied; else it puts its row into quarantine."""
    spec = contract.columns[column]
    return spec.when_bad == "empty" or (spec.when_bad is None and not spec.required and spec.type != "attributes")


def _mend(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    as_of: date,
    zone: str,
    values: dict[str, str],
    which: str,
    *,
    whole: bool = False,
) -> None:
    """Replace the columns that `broken` names, or all of `values` (`whole`), in the rows `which`; judge those again."""
    con.execute(f"create or replace table cures as from broken where {which}")
    if not con.execute("select count(*) from cures").fetchall()[0][0]:
        return
    keys = key_columns(contract)
    for column, value in values.items():
        condition = "" if whole else f"where \"column\" = '{column}'"
        emptied = f", {keys[column]} = []" if column in keys else ""
        con.execute(
            f"""update candidates set {column} = ({value}){emptied}, _emptied = list_append(coalesce(_emptied, []), '{column}')
                from (select date '{as_of}' as as_of) where _row in (select _row from cures {condition})"""
        )
    con.execute("insert into mended from cures")
    con.execute(f"delete from broken where _row in (select _row from cures) and {which}" if whole
                else "delete from broken where (_row, \"column\", rule) in (from cures)")  # fmt: skip
    again = broken_rows(con, contract, as_of, zone, "_row in (select _row from cures)")
    con.register("again", again)
    con.execute('insert into broken from again anti join broken using (_row, "column", rule)')
    con.unregister("again")
