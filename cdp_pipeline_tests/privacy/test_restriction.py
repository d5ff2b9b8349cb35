"""Whom a restriction reaches: the person, whatever becomes of the records, and nobody else."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.requests import read_requests
from cdp_pipeline.privacy.restriction import lift, path_of, restrict, steps
from cdp_pipeline.privacy.subject import find_subject
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.models.runner import SQL, Row, fill, types
from cdp_pipeline_tests.small_run import KEY, small_run

DAY = date(2026, 6, 15)
PEOPLE: list[Row] = [
    {"source": "crm", "record_id": "1", "first_name": "Ann", "last_name": "Bos", "email": "ann@mail.example",
     "phone": "+31612345678"},
    {"source": "shop", "record_id": "2", "first_name": "Ann", "last_name": "Bos", "email": "ann@mail.example"},
    {"source": "crm", "record_id": "3", "first_name": "Bart", "last_name": "Bos", "email": "bart@mail.example",
     "phone": "+31612345678"},
]  # fmt: skip
PERSONS = {"1": "Pann", "2": "Pann", "3": "Pbart"}


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(SQL)


def night(project: Project, data: Path, persons: dict[str, str], redirects: Sequence[tuple[str, str]] = ()) -> Run:
    """A run in which records belong to these persons, and its table profiles.restrictions."""
    run = small_run(data, project=project)
    given: dict[str, list[Row]] = {
        "staging.people": PEOPLE,
        "identity.person_records": [
            {"source": row["source"], "record_id": row["record_id"], "person_id": persons[row["record_id"]]}
            for row in PEOPLE
            if row["record_id"] in persons
        ],
        "identity.redirects": [{"person_id": old, "to_person_id": new} for old, new in redirects],
    }
    tables = ["staging.people", "staging.identifiers", "staging.permissions", "identity.person_records"]
    with run.connect() as con:
        for table in (*tables, "identity.redirects", "identity.device_owners", *OTHERS):
            con.execute(f"create schema if not exists {table.split('.')[0]}; create table {table} ({types(table)})")
            fill(con, table, given.get(table, ()))
            run.write(con, table, f"select * from {table}", ())
    (step,) = steps(project)
    step.run(run)
    return run


OTHERS = tuple(f"staging.{t}" for t in ("links", "orders", "order_lines", "events", "tickets", "messages"))


def restricted(run: Run) -> list[tuple[str, str]]:
    """(person, kind) of the table."""
    with run.connect("profiles.restrictions") as con:
        return con.execute("select person_id, kind from profiles.restrictions order by all").fetchall()


def ask(run: Run, text: str, kind: str = "restrict") -> None:
    """Somebody asks, as `cdp restrict` takes it down."""
    restrict(run.folder, run.data, find_subject(run.folder, text, run.project), kind, KEY, DAY, run.project)


def test_nobody_is_restricted_at_first(project: Project, tmp_path: Path) -> None:
    """Without a request the table has no row."""
    assert restricted(night(project, tmp_path, PERSONS)) == []


def test_one_of_a_household_is_restricted(project: Project, tmp_path: Path) -> None:
    """The phone of both restricts neither of the others; the file and the register name nobody."""
    ask(night(project, tmp_path, PERSONS), "ann@mail.example")
    assert restricted(night(project, tmp_path, PERSONS)) == [("Pann", "restricted")]
    assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600
    assert b"ann" not in path_of(tmp_path).read_bytes()
    assert [(r.kind, r.status, r.due_date) for r in read_requests(tmp_path)] == [("restrict", "waiting", "2026-07-15")]


def test_it_follows_a_merge_and_a_split(project: Project, tmp_path: Path) -> None:
    """Merged into somebody, the one who remains is restricted; split in two, both parts are."""
    ask(night(project, tmp_path, PERSONS), "crm:1", "object")
    merged = night(project, tmp_path, {"1": "Pnew", "2": "Pnew", "3": "Pbart"}, [("Pann", "Pnew")])
    assert restricted(merged) == [("Pnew", "objected")]
    split = night(project, tmp_path, {"1": "Pann", "2": "Pother", "3": "Pbart"})
    assert restricted(split) == [("Pann", "objected"), ("Pother", "objected")]


def test_lifting_ends_it(project: Project, tmp_path: Path) -> None:
    """Lifted, the table is empty again; what was never asked for cannot be lifted."""
    run = night(project, tmp_path, PERSONS)
    ask(run, "ann@mail.example")
    subject = find_subject(run.folder, "ann@mail.example", project)
    with pytest.raises(InputError, match="nothing to lift"):
        lift(run.folder, tmp_path, subject, "object", [KEY], project)
    assert lift(run.folder, tmp_path, subject, "restrict", [b"another key", KEY], project) == 1
    assert restricted(night(project, tmp_path, PERSONS)) == []


def test_lifting_reaches_what_was_asked_before_a_merge(project: Project, tmp_path: Path) -> None:
    """Requests of two people who became one all end with one lift, by the name that the one has today."""
    run = night(project, tmp_path, PERSONS)
    ask(run, "crm:1")
    ask(run, "crm:3")
    ask(run, "crm:3", "object")
    merged = night(project, tmp_path, {"1": "Pnew", "2": "Pnew", "3": "Pnew"}, [("Pann", "Pnew"), ("Pbart", "Pnew")])
    subject = find_subject(merged.folder, "shop:2", project)
    assert lift(merged.folder, tmp_path, subject, "restrict", [KEY], project) == 2
    assert restricted(night(project, tmp_path, {"1": "Pnew", "2": "Pnew", "3": "Pnew"})) == [("Pnew", "objected")]


def test_lifting_reaches_what_only_the_old_id_tells(project: Project, tmp_path: Path) -> None:
    """When no record of before is left, the published table still says by which request the person is restricted."""
    ask(night(project, tmp_path, {"2": "Pann"}), "shop:2")
    later = night(project, tmp_path, {"3": "Pbart"}, [("Pann", "Pbart")])
    assert restricted(later) == [("Pbart", "restricted")]
    assert lift(later.folder, tmp_path, find_subject(later.folder, "crm:3", project), "restrict", [KEY], project) == 1
    assert restricted(night(project, tmp_path, {"3": "Pbart"}, [("Pann", "Pbart")])) == []


def test_asking_twice_is_asking_once(project: Project, tmp_path: Path) -> None:
    """A second request of the same person changes nothing that is in force."""
    run = night(project, tmp_path, PERSONS)
    ask(run, "ann@mail.example")
    before = path_of(tmp_path).read_bytes()
    ask(run, "Ann@Mail.example ")
    assert path_of(tmp_path).read_bytes() == before
