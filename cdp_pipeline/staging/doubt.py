"""Cells that can be read in two ways, in a column that is written in both.

What belongs here: the proof inside one column of one file that days and months, or decimal and thousands marks, are
written in another way than its source declares, and which other cells it makes doubtful. What does not: reading the
cells (parsing.py).

`02/03/1990` is the third of February where months come first, and only there: beside `23/03/1990` nobody can tell.
`1.234` beside `1.234,56` is a thousand or one and a bit. Where nothing in the column proves the other way, the
source's `format` is believed.
"""

from __future__ import annotations

import duckdb

from cdp_pipeline.project.shapes import Contract

_DAY_MONTH = r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b"
# A mark before one, two or four and more digits at the end can only be a decimal mark, one before two groups of three
# only a thousands mark.
_PROOFS = {
    ",": r"[^\d]*\d[\d. \x{00a0}]*,(\d{1,2}|\d{4,})[^\d]*|[^\d]*\d{1,3}(\.\d{3}){2,}[^\d]*",
    ".": r"[^\d]*\d[\d, \x{00a0}]*\.(\d{1,2}|\d{4,})[^\d]*|[^\d]*\d{1,3}(,\d{3}){2,}[^\d]*",
}
_EITHER = r"[^\d]*\d{1,3}[.,]\d{3}[^\d]*"


def doubtful(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """Column of `candidates` → SQL that is false for its doubtful cells; only columns that have any."""
    cells = {}
    for column, spec in contract.columns.items():
        text = f"{column}__text"
        if spec.type in ("date", "timestamp"):
            # Only what the declared form could not read can prove another one.
            unread = f"case when {column} is null and {text} is not null then"
            cells[column] = [
                f"bool_or({unread} {_part(text, 1)} > 12 and {_part(text, 2)} between 1 and 12 end)",
                f"bool_or({unread} {_part(text, 2)} > 12 and {_part(text, 1)} between 1 and 12 end)",
            ]
        elif spec.type in ("money", "decimal"):
            cells[column] = [
                f"bool_or(contains({text}, '{mark}') and regexp_full_match({text}, '{proof}'))"
                for mark, proof in _PROOFS.items()
            ]
    if not cells:
        return {}
    columns = ", ".join(f"{sql} as {column}_{at}" for column, sqls in cells.items() for at, sql in enumerate(sqls))
    con.execute(
        "create or replace table proofs as "
        f"select _source_name, _file, {columns} from candidates where _outcome = 'mapped' group by all"
    )
    in_doubt = {}
    for column in cells:
        is_date = contract.columns[column].type in ("date", "timestamp")
        both = f"{column}_0 or {column}_1" if is_date else f"{column}_0 and {column}_1"
        files = con.execute(f"select count(*) from proofs where {both}").fetchall()[0][0]
        if not files:
            continue
        text = f"{column}__text"
        either = (
            f"{_part(text, 1)} between 1 and 12 and {_part(text, 2)} between 1 and 12 and {_part(text, 1)} <> {_part(text, 2)}"
            if is_date
            else f"regexp_full_match({text}, '{_EITHER}')"
        )
        in_doubt[column] = (
            f"not (coalesce({either}, false) and (_source_name, _file) in "
            f"(select (_source_name, _file) from proofs where {both}))"
        )
    return in_doubt


def _part(text: str, number: int) -> str:
    return f"try_cast(regexp_extract({text}, '^{_DAY_MONTH}', {number}) as integer)"
