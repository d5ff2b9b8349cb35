"""One destination's files: from the members of its audiences to what may be written.

What belongs here: the funnel of people, in order: in the rule, with a usable key, permitted, transfer
allowed, above the minimum size, written. What does not: what may leave (gate.py), under which address
(choice.py), how a file is put on disk (audience_file.py), the receipts (receipts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from cdp_pipeline.activation import audience_file
from cdp_pipeline.activation.choice import ADDRESSES, choose, spread
from cdp_pipeline.activation.destinations import EXTRA_COLUMNS, GATED, check_destinations, output_expression
from cdp_pipeline.activation.gate import gated, judged_identifiers
from cdp_pipeline.activation.normalise import create_macros, rewrite_phones
from cdp_pipeline.activation.removals import write_removals
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Destination
from cdp_pipeline.run.lake import Run

_ORDER = ("audience", "person_id")
PEOPLE = ("profiles.customers", "profiles.identifiers", "profiles.permissions", "profiles.suppressions")
"""Tables of people that are read beside segments.memberships."""


def export(run: Run, name: str) -> dict[str, int]:
    """Write the files and the table activation.<name>; returns people written, by audience.

    The table has one row a member of an audience of this destination: audience, person_id, keys,
    has_key, is_permitted, is_transfer_allowed, is_above_minimum, is_written, stopped_at, reason, addresses, file_sha256.
    """
    destination = run.project.destinations[name]
    with run.connect("segments.memberships", *PEOPLE) as con:
        columns = [str(row[0]) for row in con.execute("describe profiles.customers").fetchall()]
        problems = check_destinations(run.project, columns)
        if problems:
            raise ProjectError(problems)
        audiences = audiences_of(run, name)
        create_macros(con, ["email", *(column.normalise for column in destination.columns if column.normalise)])
        _collect(con, "members", _members(audiences), columns)
        similar = {audience for audience, spec in run.project.audiences.items() if spec.similar_goods}
        is_transfer_allowed = transfer_problem(run.project, destination, run.as_of) is None
        con.execute(f"create temp table judged_identifiers as {judged_identifiers(destination)}")
        choose(con, "members", _sent(destination, columns), similar)
        _judge_members(con, destination, columns, is_transfer_allowed, gated("members", columns, similar))
        hashes = _write_files(con, run, name, destination, audiences)
        removals = write_removals(run, name, destination, audiences, lambda: _everybody(con, destination, columns))
        audience_file.clear(folder_of(run, name), {f"{audience}.csv" for audience in hashes} | removals)
        con.execute("create temp table files (audience varchar, file_sha256 varchar)")
        if hashes:
            con.executemany(
                "insert into files values (?, ?)", [[audience, digest] for audience, digest in sorted(hashes.items())]
            )
        select = """
            select audience, person_id, keys, has_key, is_permitted, is_transfer_allowed, is_above_minimum,
                is_written, stopped_at,
                case when is_written then 'written' when stopped_at = 'not permitted' then refusal else stopped_at end
                    as reason,
                case when is_written then addresses end as addresses,
                case when is_written then file_sha256 end as file_sha256
            from (
                select *, case when not has_key then 'no usable key' when not is_permitted then 'not permitted'
                    when not is_transfer_allowed then 'transfer not allowed'
                    when not is_above_minimum then 'below the minimum size'
                    when not is_written then 'same key as another person' end as stopped_at
                from judged
            ) left join files using (audience)
        """
        run.write(con, f"activation.{name}", select, _ORDER)
        counts = con.execute(
            "select audience, count(*) from judged where is_written group by audience order by audience"
        ).fetchall()
    return dict.fromkeys(audiences, 0) | {str(audience): int(people) for audience, people in counts}


def audiences_of(run: Run, name: str) -> list[str]:
    """Audiences that go to a destination, by name: those that name it, and those it names."""
    audiences = {audience for audience, spec in run.project.audiences.items() if name in spec.destinations}
    return sorted(audiences | set(run.project.destinations[name].audiences))


def folder_of(run: Run, name: str) -> Path:
    """Where a destination's files are: <run folder>/activation/<destination>."""
    return run.folder / "activation" / name


def _members(audiences: Sequence[str]) -> str:
    """SELECT of audience and person_id: one row a member of one of `audiences`."""
    names = ", ".join(literal(audience) for audience in audiences) or "null"
    return f"select segment as audience, person_id from segments.memberships where kind = 'audience' and segment in ({names})"


def _collect(con: duckdb.DuckDBPyConnection, table: str, people: str, columns: Sequence[str]) -> None:
    """Make a temporary table from the SELECT `people` (audience, person_id), with the columns of customers."""
    con.execute(f"""
        create temp table {table} as
        select m.audience, r.as_of, c.*
        from ({people}) m join profiles.customers c using (person_id) cross join config.run r
    """)
    if "phone" in columns:
        rewrite_phones(con, table, "phone", "country" if "country" in columns else None)


def _everybody(
    con: duckdb.DuckDBPyConnection, destination: Destination, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    """The rows that everybody known would have at the destination, whatever they permit; nothing is sent from them."""
    _collect(con, "everybody", "select '' as audience, person_id from profiles.customers", columns)
    spread(con, "everybody", _sent(destination, columns))
    return con.execute(f"select {', '.join(_cells(destination, columns))} from everybody").fetchall()


def _judge_members(
    con: duckdb.DuckDBPyConnection,
    destination: Destination,
    columns: Sequence[str],
    is_transfer_allowed: bool,
    allowed: str,
) -> None:
    """Make the temporary table `judged`: the funnel of every member of `allowed`, and the cells c0, c1, … to write."""
    names = [column.name for column in destination.columns]
    key_columns = sorted({names.index(column) for key in destination.keys for column in key})
    cells = ", ".join(_cells(destination, columns))
    usable = [
        (" + ".join(key), " and ".join(f"{{row}}.c{names.index(column)} <> ''" for column in key))
        for key in destination.keys
    ]
    any_key = " or ".join(f"({condition})" for _, condition in usable)
    key_names = ", ".join(
        f"case when {condition.format(row='g')} then {literal(label)} end" for label, condition in usable
    )
    same_key = ", ".join(["audience", "is_permitted", *(f"c{index}" for index in key_columns)])
    con.execute(f"""
        create temp table judged as
        with before as (select audience, person_id, {cells} from members),
        after as (select audience, person_id, is_allowed, refusal, {ADDRESSES} as addresses, {cells} from ({allowed})),
        permitted as (
            select g.*, ({any_key.format(row="b")}) as has_key,
                has_key and g.is_allowed and ({any_key.format(row="g")}) as is_permitted,
                nullif(concat_ws(', ', {key_names}), '') as usable_keys
            from after g join before b using (audience, person_id)
        ),
        ranked as (
            select *, row_number() over (partition by {same_key} order by person_id) = 1 as is_first
            from permitted
        ),
        sized as (
            select *, is_permitted and {str(is_transfer_allowed).lower()} as is_transfer_allowed,
                count(*) filter (is_permitted and is_first) over (partition by audience)
                    >= {destination.minimum_size} as is_enough
            from ranked
        )
        select *, case when is_permitted then usable_keys end as keys,
            is_transfer_allowed and is_enough as is_above_minimum,
            is_transfer_allowed and is_enough and is_first as is_written
        from sized
    """)


def _sent(destination: Destination, columns: Sequence[str]) -> list[str]:
    """The identifiers that some column of the file is made of."""
    allowed = [*columns, *EXTRA_COLUMNS]
    columns_used = {name for column in destination.columns for name in output_expression(column, allowed)[0].columns}
    return [name for name in GATED if name in columns_used]


def _cells(destination: Destination, columns: Sequence[str]) -> list[str]:
    """One SQL expression a cell: never null, normalised, then hashed when the destination asks for it."""
    country = "country" if "country" in columns else "null::varchar"
    cells = []
    for index, column in enumerate(destination.columns):
        expression, _ = output_expression(column, [*columns, *EXTRA_COLUMNS])
        value = f"cast({expression.sql} as varchar)"
        if column.normalise:
            value = f"normalise_{column.normalise}({value}, {country})"
        if column.hash:
            value = f"{column.hash}(nullif({value}, ''))"
        cells.append(f"coalesce({value}, '') as c{index}")
    return cells


def _write_files(
    con: duckdb.DuckDBPyConnection, run: Run, name: str, destination: Destination, audiences: Sequence[str]
) -> dict[str, str]:
    """Write one file an audience that has people to write; returns its SHA-256 by audience."""
    folder = folder_of(run, name)
    header = [column.name for column in destination.columns]
    cells = ", ".join(f"c{index}" for index in range(len(header)))
    hashes: dict[str, str] = {}
    for audience in audiences:
        rows = con.execute(
            f"select {cells} from judged where is_written and audience = ? order by person_id", [audience]
        )
        path = folder / f"{audience}.csv"
        digest = audience_file.write(path, header, audience_file.rows_of(rows), destination)
        if digest:
            hashes[audience] = digest
    return hashes
