"""Restriction and objection: a person stays in the tables, and leaves segments and audiences.

What belongs here: DATA/privacy/restrictions.parquet, and the table profiles.restrictions made of it. What
does not: who is kept out because of it (4_profiles/suppressions.sql, segments, activation).

The file holds keyed hashes, as the tombstones do (tombstones.py), so a restriction follows the person
through merges, splits and new exports: whoever holds one of the records or identifiers is restricted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers import tombstones
from cdp_pipeline.privacy.subject import Subject, tombstones_of
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import known_by
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, described
from cdp_pipeline.run.whole_file import alone, replaced

KINDS = {"restrict": "restricted", "object": "objected"}
"""Kind of a request -> kind of the restriction."""
SCHEMA = tombstones.SCHEMA.append(pa.field("restriction", pa.string()))
_FOLLOWED = ("person_id", "record_id", "email", "phone", "account", "email+name", "phone+name")


@dataclass(frozen=True)
class Restricted:
    """What a command wrote: the request, and whether anything changed."""

    request_id: str
    is_new: bool


def path_of(data: Path) -> Path:
    """Where the restrictions of a data folder are."""
    return data / tombstones.FOLDER / "restrictions.parquet"


def read_restrictions(data: Path) -> pa.Table:
    """Every restriction in force, sorted; no rows when there is none."""
    path = path_of(data)
    return pq.read_table(path, schema=SCHEMA) if path.exists() else SCHEMA.empty_table()


# ---- commands --------------------------------------------------------------------------------


def restrict(
    snapshot: Path, data: Path, subject: Subject, kind: str, key: bytes, received: date, project: Project
) -> Restricted:
    """Write a request of `kind` (restrict or object) and what it rests on; in force from the next run on."""
    request = register.add_request(data, kind, subject, key, received)
    rows = tombstones_of(snapshot, subject, key, received, request.request_id, project)
    rows = [row | {"restriction": KINDS[kind]} for row in rows if row["kind"] in _FOLLOWED]
    with alone(path_of(data)):
        restrictions = read_restrictions(data).to_pylist()
        there = {(row["kind"], row["key"], row["restriction"]) for row in restrictions}
        new = [row for row in rows if (row["kind"], row["key"], row["restriction"]) not in there]
        if new:
            _write(data, [*restrictions, *new])
        register.advance(data, [request.request_id], "waiting")
        return Restricted(request.request_id, bool(new))


def lift(snapshot: Path, data: Path, subject: Subject, kind: str, keys: Sequence[bytes], project: Project) -> int:
    """End the restrictions of `kind` that this subject asked for or is under, whoever it was before a merge.

    `keys` are all secret keys that are held. Returns how many requests end; InputError when none does.
    """
    hashed = {register.subject_key(key, subject) for key in keys}
    request_ids = {r.request_id for r in register.read_requests(data) if r.kind == kind and r.subject_key in hashed}
    request_ids |= _published(snapshot, subject, kind)
    marks = [m for key in keys for m in tombstones_of(snapshot, subject, key, date.min, "", project)]
    own = {(mark["kind"], mark["key"], KINDS[kind]) for mark in marks}
    with alone(path_of(data)):
        restrictions = read_restrictions(data).to_pylist()
        request_ids |= {r["request_id"] for r in restrictions if (r["kind"], r["key"], r["restriction"]) in own}
        others = [row for row in restrictions if row["request_id"] not in request_ids]
        if len(others) == len(restrictions):
            raise InputError(f"nothing to lift: this person is not {KINDS[kind]} by a request under this name")
        _write(data, others)
        ended = {row["request_id"] for row in restrictions} - {row["request_id"] for row in others}
        register.advance(data, ended, "lifted")
        return len(ended)


def _published(snapshot: Path, subject: Subject, kind: str) -> set[str]:
    """The requests by which profiles.restrictions holds the subject, such as those of somebody merged into it."""
    path = snapshot / "profiles" / "restrictions.parquet"
    rows = pq.read_table(path).to_pylist() if subject.person_id and path.exists() else []
    return {str(r["request_id"]) for r in rows if (r["person_id"], r["kind"]) == (subject.person_id, KINDS[kind])}


def _write(data: Path, rows: Sequence[dict[str, object]]) -> None:
    path = path_of(data)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ordered = sorted(rows, key=lambda row: (str(row["kind"]), str(row["key"]), str(row["restriction"])))
    with replaced(path, "restrictions", lasting=True) as temporary:
        pq.write_table(pa.Table.from_pylist(ordered, schema=SCHEMA), temporary, compression="zstd")


# ---- the table -------------------------------------------------------------------------------


def steps(project: Project) -> tuple[Step, ...]:
    """The one step: profiles.restrictions. It looks at a file of the data folder, so it is never skipped."""
    return (
        (Step((described("profiles.restrictions"),), _reads(project), _run, "1", uses_exports=True),)
        if known_by(project.contracts)
        else ()
    )


def _reads(project: Project) -> tuple[str, ...]:
    return (
        *(f"staging.{table}" for table in known_by(project.contracts)),
        "identity.person_records",
        "identity.redirects",
    )


def _run(run: Run) -> Outcome:
    from cdp_pipeline.identity.normalise.placeholders import Placeholders
    from cdp_pipeline.privacy.identities import spell
    from cdp_pipeline.privacy.keys import keys_of
    from cdp_pipeline.privacy.subject import told_of
    from cdp_pipeline.project.registry import SHAREABLE

    restrictions = read_restrictions(run.data)
    with run.connect(*_reads(run.project)) as con:
        con.register("restrictions_arrow", restrictions)
        con.execute("create temp table restrictions as from restrictions_arrow")
        con.execute("create temp table held (person_id varchar, kind varchar, value varchar)")
        if restrictions.num_rows:
            con.execute(f"create temp table told as {told_of(con, known_by(run.project.contracts))}")
            systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
            spell(con, "told", Placeholders(), run.project.settings.country, systems, run.project.words)
            con.execute(f"""insert into held
                with facts as (
                    select source, record_id, kind, identity as value from spelled where identity is not null
                    union all
                    select source, record_id, kind || '+name', named from spelled
                    where kind in {SHAREABLE} and named is not null)
                select distinct person_id, kind, value from facts join identity.person_records using (source, record_id)
                union
                select person_id, 'person_id', person_id from identity.person_records
                union
                select to_person_id, 'person_id', person_id from identity.redirects
                where to_person_id in (select person_id from identity.person_records)""")
        matches = " or ".join(
            f"r.key = {tombstones.hashed_sql(secret, 'h.kind', 'h.value')}"
            for secret in tombstones.secrets_of(restrictions, keys_of(run))
        )
        rows = run.write(
            con,
            "profiles.restrictions",
            f"""select h.person_id, r.restriction as kind, min(r.since) as since,
                       min_by(r.request_id, (r.since, r.request_id)) as request_id
                from held h join restrictions r on r.kind = h.kind and ({matches})
                group by h.person_id, r.restriction""",
            described("profiles.restrictions").grain,
        )
    return {"profiles.restrictions": {"restricted": rows}}
