"""People records with some identifiers taken out, as the guard takes out over-shared ones.

What belongs here: `--block` of a what-if. What does not: the guard's own choice (identity/candidates/guard.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.settings import Blocked
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.run.lake import Run, open_duckdb
from cdp_pipeline.run.steps import described


def write_records(run: Run, matching: Matching, blocked: Sequence[Blocked]) -> None:
    """identity.records with the blocked identifiers taken out, as the guard takes out over-shared ones."""
    from cdp_pipeline.identity.candidates import guard
    from cdp_pipeline.identity.clusters import hard_links
    from cdp_pipeline.identity.normalise.normalise import Inputs, normalise

    with run.connect("staging.people", "staging.identifiers", "identity.stated_verdicts") as con:
        normalise(con, Inputs(links=None), matching, run.project.settings.country, run.key)
        _block(con, blocked, matching, run.project.settings.country)
        guard.guard(con, matching, run.key)
        guard.collapse(con, (), run.key)
        hard_links.separate(con, matching, "identity.stated_verdicts")
        for table, relation in (
            (described("identity.records"), "records"),
            (described("identity.blocked_identifiers"), "blocked_identifiers"),
        ):
            run.write(con, table.name, f"select {', '.join(table.columns)} from {relation}", table.grain)
            entry = run.manifest().tables[table.name]
            run.record({table.name: replace(entry, digest=run.digest(table.name), rows=run.count(table.name))})


def _block(con: DuckDBPyConnection, blocked: Sequence[Blocked], matching: Matching, country: str) -> None:
    for item in blocked:
        kind, value = item.kind, {"value": _spelt(item, matching, country)}
        used = con.execute(
            f"""select count(*) from records where {kind}_key = $value
                or coalesce(list_contains(other_{kind}s, $value), false)""",
            value,
        ).fetchall()[0][0]
        if not used:
            raise InputError(f"--block: no record is compared by this {kind}; write it as it is in the export")
        also = ", email_local = null" if kind == "email" else ""
        con.execute(f"update records set {kind}_key = null{also} where {kind}_key = $value", value)
        con.execute(
            f"""update records set other_{kind}s = list_filter(other_{kind}s, lambda v: v <> $value)
                where list_contains(other_{kind}s, $value)""",
            value,
        )


def _spelt(item: Blocked, matching: Matching, country: str) -> str | None:
    """The identifier in the spelling that is compared: that of a record which has nothing else."""
    from cdp_pipeline.identity.normalise.normalise import PEOPLE_COLUMNS, Inputs, normalise

    own = open_duckdb()
    times = {"created_at": "timestamp", "updated_at": "timestamp", "birth_date": "date", "is_email_verified": "boolean"}
    columns = ", ".join(f"{name} {times.get(name, 'varchar')}" for name in PEOPLE_COLUMNS)
    own.execute(f"create table asked ({columns})")
    own.execute(f"insert into asked (source, record_id, {item.kind}) values ('asked', '1', $1)", [item.value])
    normalise(own, Inputs("asked", None, None), matching, country, b"")
    return own.execute(f"select {item.kind}_key from records").fetchall()[0][0]  # type: ignore[no-any-return]
