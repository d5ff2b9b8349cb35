"""Core tables of permissions: whatever is not plainly a grant denies what it is about.

What belongs here: candidate rows of a contract with a column of `words: status`, before they are judged: a state that
is delivered again and again, a refusal without an identifier, a line that its reader could not cut into cells. What
does not: which words mean what (2_staging/words.csv), rows that break the contract (`when_broken`, mend.py), and
which change wins (profiles.identifier_permissions).
"""

from __future__ import annotations

import duckdb

from cdp_pipeline.project.identifier_keys import add_emails
from cdp_pipeline.project.registry import status_column
from cdp_pipeline.project.shapes import Contract, Expression, Source
from cdp_pipeline.run.lake import Run

EMPTIED = "emptied after an answer"
"""Why a blank state counts as a refusal."""
NO_RECORDS = ("total_line", "repeated_header")
"""Codes of set-aside lines that were never a record."""
_DELIVERED = "_delivered_at, _file, _line, _row"
_SUBJECT = ("namespace", "purpose", "channel")
OF_RECORD = "empty, so it counts for the identifiers that the record had"
NOT_APPLIED = "refusal_not_applied"
"""The rule of a contract that names refusals of nobody whom anybody can read; its name stands in their reasons."""


def fold_states(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Of rows that are the state at the moment of the export, keep in `candidates` those that say something new.

    A state equal to the one before is `unchanged`. A blank one says nothing, unless there was a grant before: then it
    is a refusal, whatever address stands beside it, and `noted` (_row, column, rule) says why. A refusal before it
    stands, with its own moment.
    """
    con.execute('create or replace table noted (_row bigint, "column" varchar, rule varchar)')
    status = status_column(contract)
    if status is None:
        return
    value = next(c for c, spec in contract.columns.items() if spec.keys == "namespace")
    same = ", ".join(c for c in contract.grain if c not in (status, value, *contract.newest_by))
    con.execute(f"""create or replace temp table states as
        select _row, {status} as now,
            lag({status}) over (partition by record, identifier, {same} order by {_DELIVERED}) as before,
            if(lag(_file) over of_record <> _file, lag({status}) over of_record, null) as before_of_record
        from (select *, coalesce({value}_keys[1], {value}__text) as identifier,
                (_source_name, _mapping, coalesce(record_id, identifier)) as record
              from candidates where _is_state and _outcome in ('mapped', 'empty'))
        window of_record as (partition by record, {same} order by {_DELIVERED})""")
    con.execute("""update candidates set _outcome = case
            when s.now is not null and s.now = s.before then 'unchanged'
            when s.now is null and not coalesce('granted' in (s.before, s.before_of_record), false) then 'empty'
            else 'mapped' end
        from states s where s._row = candidates._row""")
    con.execute(f"""insert into noted select _row, '{status}', '{EMPTIED}' from states
                    where now is null and 'granted' in (before, before_of_record)""")
    con.execute("delete from candidates where _outcome = 'empty'")
    con.execute("drop table states")


def give_identifiers(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """What a record refuses it refuses for every identifier that it ever had, also where the row names none of them; a
    grant without an identifier grants nothing.

    What a refusal of a record without any identifier would stop, nobody ever permitted. Where a mapping gives no
    identifiers at all, that one is missing is not noted.
    """
    status = status_column(contract)
    if status is None:
        return
    value = next(c for c, spec in contract.columns.items() if spec.keys == "namespace")
    con.execute(f"""update candidates set _outcome = 'grant_without_identifier'
                    where _outcome = 'mapped' and {value}__text is null and {status} = 'granted'""")
    con.execute(f"""create or replace temp table had as
        select source, record_id, namespace, list(key order by first_row, key) as keys
        from (
            select source, record_id, namespace, key, min(_row) as first_row
            from (select *, unnest({value}_keys) as key from candidates where record_id is not null)
            group by all)
        group by all""")
    blank = f"_outcome = 'mapped' and {value}__text is null and candidates.record_id is not null"
    identified = (
        f"(_source_name, _mapping) in (select (_source_name, _mapping) from candidates where {value}__text is not null)"
    )
    con.execute(f"""insert into noted select _row, '{value}', '{OF_RECORD}' from candidates
                    semi join had using (source, record_id, namespace) where {blank}
                      and {identified}""")
    con.execute(f"""update candidates set {value}_keys = had.keys, {value} = had.keys[1],
                        _emptied = list_append(coalesce(_emptied, []), '{value}')
                    from had where {blank} and had.source = candidates.source
                      and had.record_id = candidates.record_id and had.namespace = candidates.namespace""")
    con.execute(f"""update candidates set _outcome = 'nothing_to_stop' where {blank} and len({value}_keys) = 0""")
    spec = contract.columns[status]
    if spec.of_the_record:  # a word that nobody knows is no other state
        others = [state for state in spec.is_in or () if state not in spec.of_the_record]
        refused = f"""_outcome = 'mapped' and coalesce({status}, '') not in {(*others, "-")}
            and had.source = candidates.source and had.record_id = candidates.record_id
            and had.namespace = candidates.namespace"""
        con.execute(f"""insert into noted
                        select _row, '{value}', '{NOT_APPLIED} to what cannot be read, but to what the record had'
                        from candidates, had where {refused} and len({value}_keys) = 0""")
        con.execute(f"""update candidates set {value} = coalesce({value}, had.keys[1]),
                            _emptied = if(len({value}_keys) = 0, list_append(coalesce(_emptied, []), '{value}'), _emptied),
                            {value}_keys = {value}_keys || list_filter(had.keys, lambda k: not list_contains({value}_keys, k))
                        from had where {refused}""")
    con.execute("drop table had")


def add_damaged_lines(run: Run, con: duckdb.DuckDBPyConnection, name: str, source: Source, table: str) -> None:
    """Lines of a source that its reader set aside: each denies, for every e-mail address in its text, all that the
    source could have said of it. Where neither the line nor a line beside it holds an address, nobody is known.

    Needs the views quarantine.lines, and `file` of the source.
    """
    subjects = _subjects(con, source, table)
    if not subjects:
        return
    con.execute(f"""create or replace temp table damaged as
        select file, line, content, coalesce(d.delivered_at, timestamp '{run.as_of} 00:00:00') as delivered_at
        from quarantine.lines l
        left join (select _file, max(_delivered_at) as delivered_at from file group by _file) d on d._file = l.file
        where l.source = '{name}' and l.code not in {NO_RECORDS}""")
    con.execute("create or replace temp table raw_emails as select distinct content as email from damaged")
    add_emails(con, in_text=True)
    con.execute("""create or replace temp table told as
        with runs as (
            select d.*, coalesce(e.email_keys, []) as email_keys,
                line - row_number() over (partition by file order by line) as together
            from damaged d left join email_keys e on e.email = d.content)
        select *, max(len(email_keys)) over (partition by file, together) > 0 as has_address_beside from runs""")
    status = status_column(contract_of := run.project.contracts[table])
    value = next(c for c, spec in contract_of.columns.items() if spec.keys == "namespace")
    moment = contract_of.newest_by[0]
    for ordinal, constants in subjects.items():
        cells = {
            **constants,
            "source": f"'{run.project.system(name)}'",
            str(status): "'denied'",
            moment: f"least(delivered_at, timestamp '{run.as_of} 00:00:00')",
            value: "nullif(array_to_string(email_keys, '; '), '')",
        }
        values = ", ".join(f"{sql} as {column}, ({sql})::varchar as {column}__text" for column, sql in cells.items())
        con.execute(
            f"""insert into candidates by name
            select (select coalesce(max(_row), 0) from candidates) + row_number() over (order by file, line) as _row,
                '{name}' as _source_name, file as _file, line as _line, delivered_at as _delivered_at,
                {ordinal} as _mapping, false as _is_state, 'mapped' as _outcome, {values}
            from told where len(email_keys) > 0 or not has_address_beside"""
        )
    for temporary in ("damaged", "told", "raw_emails", "email_keys"):
        con.execute(f"drop table {temporary}")


def _subjects(con: duckdb.DuckDBPyConnection, source: Source, table: str) -> dict[int, dict[str, str]]:
    """What a source says about e-mail addresses: ordinal of the mapping → namespace, purpose, channel as constants.

    What another mapping says already is left out, and so is what depends on a cell.
    """
    subjects: dict[int, dict[str, str]] = {}
    for ordinal, mapping in enumerate(source.into[table]):
        cells = {c: v.sql for c in _SUBJECT if isinstance(v := mapping.columns.get(c), Expression)}
        try:
            refusals = (
                con.execute(f"select {', '.join(cells.values())}").fetchall()[0] if len(cells) == len(_SUBJECT) else ()
            )
        except duckdb.BinderException:  # made of a cell
            continue
        constants = {c: f"'{text}'" for c, text in zip(cells, refusals, strict=False)}
        if constants.get("namespace") == "'email'" and constants not in subjects.values():
            subjects[ordinal] = constants
    return subjects
