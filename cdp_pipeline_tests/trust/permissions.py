"""Every export over random ledgers equals what a plain program says; no merge widens a permission.

What belongs here: asking the product (its SQL models, segments and activation) about a world, and counting
where it differs from the oracle. What does not: the world (ledger_world.py) and the answers (ledger_oracle.py).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

import duckdb

from cdp_pipeline.activation.export import export
from cdp_pipeline.activation.receipts import write_receipts
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.segments.steps import steps as segment_steps
from cdp_pipeline.staging.keyed import add_keys
from cdp_pipeline.staging.parsing import create_macros
from cdp_pipeline_tests.models.runner import SQL, Row, fill, rows_of, types
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.ledger_oracle import Identifier, Oracle
from cdp_pipeline_tests.trust.ledger_world import AS_OF, World, draw_world, merge

MODELS = (
    "profiles.permission_changes", "profiles.identifiers", "profiles.identifier_permissions",
    "profiles.permissions", "profiles.suppressions", "profiles.consent",
)  # fmt: skip
GIVEN = (
    "staging.people", "staging.permissions", "staging.messages", "staging.identifiers", "identity.person_records",
    "profiles.contacts", "profiles.order_facts", "profiles.restrictions",
)  # fmt: skip
CUSTOMERS = """
    select c.person_id, c.email, c.phone, f.net_revenue,
        coalesce(k.permits_email_marketing, false) as permits_email_marketing
    from profiles.contacts as c
    join facts as f using (person_id)
    left join profiles.consent as k using (person_id)
"""
SIZE = 80
Uses = set[tuple[Identifier, str, str, str | None]]


@dataclass(frozen=True)
class Answer:
    """What the product did with a world: the lines of every file, and what its ledger permits."""

    files: dict[tuple[str, str], list[list[str]]]
    permitted: Uses
    unaccounted: int


def measure(folder: Path, long: bool) -> list[Figure]:
    """Figures over seeded worlds: 3 of them, or 200 when there is time."""
    worlds = 200 if long else 3
    exports = wrong = lines = kept_back = changes = widened = uncounted = 0
    for seed in range(worlds):
        chance = Random(seed)
        world = draw_world(chance, SIZE)
        merged = merge(chance, world)
        before = ask(world, folder / f"{seed}", tuple(world.destinations))
        after = ask(merged, folder / f"{seed} merged", tuple(world.destinations)[: None if long else 1])
        for asked, answer in ((world, before), (merged, after)):
            oracle = Oracle(asked)
            exports += len(answer.files)
            wrong += len(differences(asked, answer))
            lines += sum(len(found) for found in answer.files.values())
            kept_back += sum(len(oracle.members(audience)) for _, audience in answer.files)
            uncounted += answer.unaccounted
        changes += len(world.permissions)
        widened += bool(wider(merged, before, after))
    return [
        Figure(
            "Exports of random ledgers, unequal to a plain program", exports, wrong,
            f"{worlds} ledgers of {changes:,} changes; {lines:,} people let out and {kept_back - lines:,} kept back",
        ),
        Figure("Merges of two people, a permission widened", worlds, widened, "identifier by identifier"),
        Figure("Audiences whose reasons do not add up to everybody in the rule", exports, uncounted),
        *expired_transfers(),
    ]  # fmt: skip


def ask(world: World, folder: Path, destinations: tuple[str, ...]) -> Answer:
    """Let the product make the files of some destinations of the world."""
    con = _connection()
    _load(con, world)
    for name in MODELS:
        con.execute(f"create or replace table {name} as {_model(name)}")
    specs = {name: world.destinations[name] for name in destinations}
    project = replace(_whole_project(), segmentations={}, audiences=world.audiences, destinations=specs)
    run = Run(project, folder, folder, AS_OF, "run", b"key")
    run.folder.mkdir(parents=True, exist_ok=True)
    run.write(con, "profiles.customers", CUSTOMERS, ("person_id",))
    for name in ("profiles.identifiers", "profiles.permissions", "profiles.suppressions"):
        run.write(con, name, f"select * from {name}", ("person_id",))
    (members,) = [s for s in segment_steps(run.project) if s.names == ("segments.memberships",)]
    members.run(run)
    for destination in destinations:
        export(run, destination)
    write_receipts(run)
    permitted = {
        ((row["namespace"], row["value"]), row["purpose"], row["channel"], row["recipient"])
        for row in rows_of(con, "select * from profiles.permissions where is_permitted")
    }
    files = {
        (destination, audience): _lines(run.folder / "activation" / destination / f"{audience}.csv")
        for destination in destinations
        for audience in world.audiences
    }
    return Answer(files, permitted, _unaccounted(run))


def differences(world: World, answer: Answer) -> list[tuple[str, str]]:
    """Destination and audience of every file that is not the oracle's."""
    oracle = Oracle(world)
    return [
        (destination, audience)
        for (destination, audience), lines in answer.files.items()
        if lines != oracle.file(world.destinations[destination], audience)
    ]


def wider(merged: World, before: Answer, after: Answer) -> set[str]:
    """What a merge let out that no permission of before covers: uses of identifiers, and cells of files."""
    found = {str(use) for use in after.permitted - before.permitted}
    covered = {(use[0], use[1], use[2]) for use in before.permitted}
    for (destination, _), lines in after.files.items():
        needs = merged.destinations[destination].needs
        cells = [("email", line[1]) for line in lines] + [("phone", line[2]) for line in lines]
        found |= {
            value
            for namespace, value in cells
            if value and not all(((namespace, value), need.purpose, need.channel) in covered for need in needs)
        }
    return found


def expired_transfers() -> Iterator[Figure]:
    """Every basis of the project's destinations one day outside its dates, and where none is: nothing may go."""
    project = read_project(SQL)
    tried = let_out = 0
    for destination in project.destinations.values():
        transfer = destination.transfer
        assert transfer
        ended = transfer.model_copy(update={"valid_until": AS_OF.replace(day=29)})
        begins = transfer.model_copy(update={"valid_from": AS_OF.replace(month=7, day=1), "valid_until": None})
        unlisted = transfer.model_copy(update={"basis": "adequacy", "country": "CN"})
        annulled = transfer.model_copy(update={"basis": "adequacy", "country": "US", "valid_from": AS_OF.replace(2015)})
        cases = [(None, AS_OF), (ended, AS_OF), (begins, AS_OF), (unlisted, AS_OF), (annulled, AS_OF.replace(2022))]
        for changed, day in cases:
            tried += 1
            let_out += transfer_problem(project, destination.model_copy(update={"transfer": changed}), day) is None
    yield Figure(
        "Transfers without a basis that holds, a file written", tried, let_out, "none, ended, to come, unlisted"
    )


# ---- the product, as a run would use it ------------------------------------------------------


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    create_macros(con, _whole_project().words)
    con.execute("create schema config; create schema staging; create schema identity; create schema profiles")
    con.execute(f"create table config.run ({types('config.run')})")
    fill(con, "config.run", [{"as_of": AS_OF, "zone": "UTC", "adult_age": 18, "existing_customer_days": 730}])
    for table in GIVEN:
        con.execute(f"create table {table} ({types(table)})")
    con.execute("create table facts (person_id varchar, net_revenue decimal(18, 4))")
    return con


def _load(con: duckdb.DuckDBPyConnection, world: World) -> None:
    persons: list[Row] = [{"source": s, "record_id": r, "person_id": p} for (s, r), p in world.persons.items()]
    contacts: list[Row] = [{k: row[k] for k in ("person_id", "email", "phone")} for row in world.golden.values()]
    facts: list[Row] = [{k: row[k] for k in ("person_id", "net_revenue")} for row in world.golden.values()]
    given: dict[str, Sequence[Row]] = {
        "staging.people": world.people, "staging.permissions": world.permissions, "staging.messages": world.messages,
        "identity.person_records": persons, "profiles.contacts": contacts,
        "profiles.order_facts": world.orders, "profiles.restrictions": world.restrictions, "facts": facts,
    }  # fmt: skip
    for table in (*GIVEN, "facts"):
        con.execute(f"delete from {table}")
        fill(con, table, given.get(table, ()))
    project = _whole_project()
    for name in ("people", "permissions"):
        add_keys(con, project, project.contracts[name], f"staging.{name}")


@cache
def _model(name: str) -> str:
    layer, _, stem = name.partition(".")
    (path,) = SQL.glob(f"*{layer}/**/{stem}.sql")
    return path.read_text(encoding="utf-8")


@cache
def _whole_project() -> Project:
    return read_project(SQL)


def _lines(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _unaccounted(run: Run) -> int:
    """Audiences at destinations whose people, counted by reason, are not all in the rule."""
    with run.connect("activation.receipts", "activation.reasons") as con:
        return len(con.execute("""
            select 1 from activation.receipts
            left join (select destination, audience, sum(people) as people from activation.reasons group by all)
                using (destination, audience)
            where in_rule <> coalesce(people, 0)
        """).fetchall())  # fmt: skip
