"""From the rows of an export to candidate rows of a core table, as one SQL query per mapping.

What belongs here: the `into` part of a source YAML as SQL. What does not: judging the rows
(contract.py) or choosing among versions of one row (split.py).
"""

from __future__ import annotations

import re
from datetime import date

import duckdb

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.quoting import literal, literals, quoted
from cdp_pipeline.project.shapes import Contract, Expression, FileFormat, Mapping, Source
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.keyed import no_keys
from cdp_pipeline.staging.parsing import TYPES, create_macros, typed

"""Core tables of which something stays when a person is erased: raw.erased_<table>."""
ERASED = "erased"
"""Source and file of those rows."""


def open_source(run: Run, con: duckdb.DuckDBPyConnection, name: str, source: Source) -> bool:
    """Make the view `prepared` over every part of the raw table; False when nothing was delivered.

    Columns of `prepared`: the referenced columns of the export as text, `_file`, `_line`,
    `_delivered_at`, or whatever the source's `prepare` makes of them.
    """
    parts = sorted(p for p in run.path(f"raw.{name}").glob("*.parquet") if not p.name.endswith(".rejects.parquet"))
    if not parts:
        return False
    files = literals(map(str, parts))
    con.execute(f"create or replace temp view file as select * from read_parquet([{files}], union_by_name = true)")
    if con.execute("select count(*) from file").fetchall()[0][0] == 0:
        return False
    create_macros(con, run.project.words)
    try:
        con.execute(f"create or replace temp view prepared as {source.prepare or 'select * from file'}")
    except duckdb.Error as error:
        raise ProjectError(f"{run.project.folder}/1_sources/{name}.yml: prepare: {_first_line(error)}") from None
    return True


def candidates(
    name: str,
    system: str,
    source: Source,
    mapping: Mapping,
    ordinal: int,
    contract: Contract,
    as_of: date | None = None,
    zone: str = "UTC",
) -> str:
    """SELECT with one row per row of `prepared`.

    Columns: `_source_name`, `_file`, `_line`, `_delivered_at`, `_mapping`, `_is_state`, `_outcome` (`mapped`,
    `not_mapped`: another kind of row, `empty`: none of the mapping's `filled` columns is filled, or the name of the
    drop rule), and for each contract column its text `<c>__text`
    and its typed value `<c>`; with `as_of`, the contract's fallback stands in for a value that is
    missing, unreadable or later than that day of the time zone `zone`.
    """
    columns = {column: spec for column, spec in contract.columns.items() if spec.type != "attributes"}
    values = [
        f"'{system}' as source__text"
        if c == "source"
        else f"{_text(mapping.columns.get(c), source.format)} as {c}__text"
        for c in columns
    ]
    values += [f"{_attributes(mapping, source.format)} as {c}" for c in contract.columns if c not in columns]
    drops = " ".join(f"when {sql} then '{rule}'" for rule, sql in mapping.drop.items())
    outcome = f"case when not coalesce(({mapping.where or 'true'}), false) then 'not_mapped' {drops} else 'mapped' end"
    emptied = [f"case when not ({empty}) then {c}__text end as {c}__text" for c, empty in _empty(contract).items()]
    filled = [f"{column}__text" for column in filled_columns(mapping, contract)]
    outcome_sql = (
        f"if(_outcome = 'mapped' and coalesce({', '.join(filled)}) is null, 'empty', _outcome)"
        if filled
        else "_outcome"
    )
    parsed = ", ".join(f"{typed(c + '__text', spec, source.format)} as {c}" for c, spec in columns.items())
    fallbacks = [
        f"case when {c} is null or {day_of(c, spec.type, zone)} > as_of then coalesce({spec.fallback}, {c}) else {c} end as {c}"
        for c, spec in contract.columns.items()
        if spec.fallback and as_of
    ]
    # A year of two digits is one of the past where nothing may be to come: 68 is 1968.
    fallbacks += [
        f"if({c}::date > as_of and not regexp_matches({c}__text, '\\d{{4}}'), ({c} - to_years(100))::{spec.type}, {c}) as {c}"
        for c, spec in columns.items()
        if as_of and spec.max == "as_of" and not spec.fallback and any("%y" in form for form in source.format.dates)
    ]
    day = f"date '{as_of}'" if as_of else "null"
    replaced = ", ".join([f"{outcome_sql} as _outcome", *fallbacks])
    return (
        f"select * exclude (as_of) replace ({replaced}), null::varchar[] as _emptied{no_keys(contract)} "
        f"from (select *, {parsed}, {day} as as_of from ("
        f"select * replace ({', '.join(emptied)}) from (select '{name}' as _source_name, _file, _line, _delivered_at, "
        f"{ordinal} as _mapping, {str(mapping.state).lower()} as _is_state, {outcome} as _outcome, {', '.join(values)} "
        "from prepared)))"
    )


def day_of(column: str, kind: str, zone: str) -> str:
    """SQL of the day of a date, or of a moment (UTC) in the time zone `zone`."""
    return f"timezone('{zone}', timezone('UTC', {column}))::date" if kind == "timestamp" else f"{column}::date"


def filled_columns(mapping: Mapping, contract: Contract) -> tuple[str, ...]:
    """The columns of which one must be filled for a row of the mapping to say anything; none: every row does."""
    states = tuple(column for column, spec in contract.columns.items() if spec.words)
    return states if mapping.state else mapping.filled


def empty_candidates(contract: Contract) -> str:
    """The columns of `candidates` without a row, for a core table that nothing feeds."""
    columns = [
        "''::varchar as _source_name",
        "''::varchar as _file",
        "0::bigint as _line",
        "null::timestamp as _delivered_at",
    ]
    columns += ["0 as _mapping", "false as _is_state", "''::varchar as _outcome"]
    columns += [f"null::varchar as {c}__text" for c, spec in contract.columns.items() if spec.type != "attributes"]
    columns += [f"null::{TYPES[spec.type]} as {c}" for c, spec in contract.columns.items()]
    return f"select {', '.join(columns)}, null::varchar[] as _emptied{no_keys(contract)} where false"


def erased_candidates(run: Run, table: str, contract: Contract) -> str:
    """SELECT of what stays of the rows of erased people, as candidates of a file named `erased`."""
    path = literal(run.path(f"raw.erased_{table}"))
    texts = [f"{c}::varchar as {c}__text" for c, spec in contract.columns.items() if spec.type != "attributes"]
    grain = ", ".join(contract.grain)
    return (
        f"select row_number() over (order by {grain}) as _row, '{ERASED}' as _source_name, '{ERASED}' as _file, "
        f"row_number() over (order by {grain}) as _line, _delivered_at, 0 as _mapping, false as _is_state, 'mapped' as _outcome, "
        f"{', '.join(texts)}, {', '.join(contract.columns)}, null::varchar[] as _emptied{no_keys(contract)} "
        f"from read_parquet({path})"
    )


def is_id(column: str, contract: Contract) -> bool:
    """A column by which rows are told apart or find each other, and that a spreadsheet can have spoiled."""
    spec = contract.columns[column]
    if spec.is_id is not None:
        return spec.is_id
    names_something = column in contract.grain or bool(spec.references) or spec.keys in ("account", "namespace")
    return spec.type == "text" and column != "source" and names_something and not (spec.is_in or spec.words)


_TYPED = "is_sheet_error({0}) or is_empty_typed({0})"
_EMPTY = dict.fromkeys(("integer", "decimal", "money", "boolean", "email", "phone"), _TYPED)
_EMPTY |= dict.fromkeys(("date", "timestamp"), f"{_TYPED} or is_empty_date({{0}})")
"""What an empty cell looks like in a column of this type, or with keys of this kind; elsewhere only errors are one."""


def _empty(contract: Contract) -> dict[str, str]:
    """Column → SQL over its text that says whether the cell is empty in other words."""
    empty = {}
    for column, spec in contract.columns.items():
        if spec.type == "attributes" or spec.words or column == "source":
            continue  # a word that is not understood is judged, never taken for silence
        kind = _EMPTY.get(spec.keys or spec.type, "is_sheet_error({0})")
        text = ("is_no_id({0})" if is_id(column, contract) else kind).format(f"{column}__text")
        if spec.keys == "namespace":
            cell = _EMPTY["email"].format(f"{column}__text")
            text = f"if(namespace__text in ('email', 'phone'), {cell}, {text})"
        empty[column] = f"coalesce({text}, true)"
    return empty


def _text(mapped: str | Expression | tuple[str, ...] | None, form: FileFormat) -> str:
    if mapped is None:
        return "null::varchar"
    if isinstance(mapped, Expression):
        return _clean(f"({mapped.sql})", form)
    if isinstance(mapped, str):
        return _clean(quoted(mapped), form)
    return f"coalesce({', '.join(_clean(quoted(column), form) for column in mapped)})"


def _clean(expression: str, form: FileFormat) -> str:
    blank = r"[\s\x{00a0}\x{200b}\x{feff}]+"
    # ="00123" is how a text is guarded against spreadsheets; quotes around a whole cell are of the same kind.
    trimmed = f"regexp_replace({expression}::varchar, '^{blank}|{blank}$|^=?\"([^\"]*)\"$', '\\1', 'g')"
    nulls = "|".join(re.escape(value) for value in form.nulls if value)
    return f"case when not regexp_full_match({trimmed}, {literal(f'|{nulls}')}) then {trimmed} end"


def _attributes(mapping: Mapping, form: FileFormat) -> str:
    pairs = [
        f"{{'key': '{column.removeprefix('attributes.')}', 'value': {_text(mapped, form)}}}"
        for column, mapped in mapping.columns.items()
        if column.startswith("attributes.")
    ]
    if not pairs:
        return "null::map(varchar, varchar)"
    return f"map_from_entries(list_filter([{', '.join(pairs)}], lambda e: e.value is not null and not is_sheet_error(e.value)))"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
