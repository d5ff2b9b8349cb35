"""Ten nights of demo exports: ids move only for a recorded reason, little is scored, a bad night is stopped.

What belongs here: identity over published states. What does not: one night (identity/test_engine*.py)
and laws of a single solution (test_identity_metamorphic.py).

The nights lie a fortnight apart, so that people register, move and marry in between; only the steps
that identity needs are run. CDP_NIGHTS_PEOPLE=5000 makes more of it than the usual few hundred.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.demo.exports import write_exports
from cdp_pipeline.identity import engine
from cdp_pipeline.identity.matching import load_matching
from cdp_pipeline.identity.model import saved_model
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline.identity.steps import MODEL_FOLDER
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.steps import Step, perform
from cdp_pipeline_tests.acceptance.published import AS_OF, PROJECT, assert_one_state, cdp, look_at, run_command, start

PEOPLE = int(os.environ.get("CDP_NIGHTS_PEOPLE", "600"))
APART = timedelta(days=15)
NIGHTS = [AS_OF - APART * back for back in range(9, -1, -1)]
Record = tuple[str, str]
MOVES = ("merged", "split", "repointed")


@dataclass(frozen=True)
class Event:
    change: str
    person: str
    other: str | None
    records: int
    cause: str
    evidence: str | None


@dataclass(frozen=True)
class Published:
    """What was published: record -> person, the events of the night, every redirect, the row of identity.passes."""

    persons: Mapping[Record, str]
    events: tuple[Event, ...]
    redirects: Mapping[str, str]
    kind: str
    nodes: int
    new_nodes: int
    scored: int

    @property
    def living(self) -> set[str]:
        return set(self.persons.values())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project that makes no full pass of its own accord."""
    made = tmp_path_factory.mktemp("nights")
    shutil.copytree(PROJECT, made / "project")
    matching = made / "project" / "3_identity" / "matching.yml"
    text = matching.read_text("utf-8")
    assert "full_pass_days: 7" in text
    matching.write_text(text.replace("full_pass_days: 7", "full_pass_days: 3650"), "utf-8")
    return made


@pytest.fixture(scope="module")
def nights(folder: Path) -> list[Published]:
    """Ten nights in one data folder."""
    all_days = (AS_OF - NIGHTS[0]).days + 1
    found = []
    for day in NIGHTS:
        write_exports(folder / "exports", people=PEOPLE, days=all_days, seed=7, last_day=AS_OF, only_day=day)
        found.append(look(solve(folder, day), day))
    return found


def solve(folder: Path, day: date) -> Path:
    """Run and publish what identity.person_records is made of."""
    lock = hold(folder / "data")
    try:
        run = start(folder / "exports", folder / "data", folder / "project", day)
        steps = needed(build_pipeline(run.project).steps, "identity.person_records")
        for step in steps:
            perform(run, step)
        return folder / "data" / "snapshots" / publish(run, ())
    finally:
        lock.release()


def needed(steps: tuple[Step, ...], table: str) -> list[Step]:
    """The steps, in their order, that `table` is made of."""
    wanted, found = {table}, []
    for step in reversed(steps):
        if wanted & set(step.names):
            wanted |= set(step.inputs)
            found.append(step)
    return found[::-1]


def look(snapshot: Path, day: date) -> Published:
    def rows(table: str, columns: str, where: str = "true") -> list[tuple[object, ...]]:
        return duckdb.sql(f"select {columns} from '{snapshot}/identity/{table}.parquet' where {where}").fetchall()

    tonight = f"as_of = date '{day}'"
    persons = {(str(source), str(record)): str(person) for source, record, person in rows(
        "person_records", "source, record_id, person_id")}  # fmt: skip
    events = rows("changes", "change, person_id, other_person_id, records, cause, weakest_evidence", tonight)
    ((kind, nodes, new_nodes, scored),) = rows("passes", "kind, nodes, new_nodes, pairs_scored", tonight)
    return Published(
        persons,
        tuple(Event(*event) for event in events),  # type: ignore[arg-type]
        {str(old): str(new) for old, new in rows("redirects", "person_id, to_person_id")},
        str(kind), int(str(nodes)), int(str(new_nodes)), int(str(scored)),
    )  # fmt: skip


def f1(one: Mapping[Record, str], other: Mapping[Record, str]) -> float:
    """Pairwise F1 of two partitions of the same records."""
    assert one.keys() == other.keys()

    def pairs(sizes: Counter[object]) -> int:
        return sum(size * (size - 1) // 2 for size in sizes.values())

    both = pairs(Counter((one[record], other[record]) for record in one))
    return 2 * both / (pairs(Counter(one.values())) + pairs(Counter(other.values())))


def test_every_move_of_a_record_has_its_event(nights: list[Published]) -> None:
    """Whose id differs from last night is counted in exactly one event from the old id to the new, with a cause."""
    seen = 0
    for before, after in pairwise(nights):
        moved = Counter(
            (before.persons[record], person)
            for record, person in after.persons.items()
            if before.persons.get(record, person) != person
        )
        told = {(event.person, event.other): event.records for event in after.events if event.change in MOVES}
        assert told == moved
        assert all(event.cause.strip() for event in after.events)
        assert all(event.evidence for event in after.events if event.change == "merged")
        seen += len(moved)
    assert seen, "nothing happened in ten nights: nothing was tested"


def test_every_id_that_comes_or_goes_has_its_event(nights: list[Published]) -> None:
    """New ids were created or split off, ended ones merged, split away or retired; each is told once."""
    for before, after in pairwise(nights):
        came = {event.person for event in after.events if event.change == "created"}
        came |= {str(event.other) for event in after.events if event.change in MOVES} - before.living
        assert came == after.living - before.living
        ended = {event.person for event in after.events if event.change in ("merged", "retired")}
        assert ended == before.living - after.living
        created = [event.person for event in after.events if event.change == "created"]
        assert len(created) == len(set(created))


def test_no_ended_id_returns(nights: list[Published]) -> None:
    """An id that ended is never given to anybody again."""
    ended: set[str] = set()
    for before, after in pairwise(nights):
        ended |= before.living - after.living
        assert not ended & after.living


def test_redirects_lead_to_living_persons(nights: list[Published]) -> None:
    """Every merged id leads to a living one for good, unless that one's last record went; no living id is redirected."""
    merged: set[str] = set()
    for night in nights:
        assert set(night.redirects.values()) <= night.living
        assert not set(night.redirects) & night.living
        merged |= {event.person for event in night.events if event.change == "merged"}
        assert set(night.redirects) <= merged
    retired = {event.person for night in nights for event in night.events if event.change == "retired"}
    assert len(merged - set(nights[-1].redirects)) <= len(retired)


def test_few_ids_change(nights: list[Published]) -> None:
    """In a usual night fewer than 2 % of the known persons are merged, split or lose a record to another."""
    for before, after in pairwise(nights):
        changed = {event.person for event in after.events if event.change in MOVES}
        assert len(changed) <= 0.02 * len(before.living)


def test_only_what_is_new_is_scored(nights: list[Published]) -> None:
    """After the first night every pass is incremental, and 1 % new records cost at most 3 % of the full run's pairs."""
    assert [night.kind for night in nights] == ["full"] + ["incremental"] * 9
    scored = sum(night.scored for night in nights[1:])
    new = sum(night.new_nodes for night in nights[1:])
    assert new
    full_pairs_a_node = nights[0].scored / nights[0].nodes
    assert scored / new * 0.01 <= 0.03 * full_pairs_a_node, f"{scored} pairs for {new} new nodes"


def test_a_full_pass_agrees_with_the_ten_nights(folder: Path, nights: list[Published]) -> None:
    """Everything solved at once with the same model gives the persons of ten incremental nights: F1 >= .999."""
    snapshot = published_snapshot(folder / "data")
    assert snapshot
    run = look_at(snapshot, folder / "project")
    with run.connect(
        "identity.records", "identity.blocked_identifiers", "staging.identifiers", "staging.links"
    ) as con:  # fmt: skip
        con.execute("""create temp view records as from identity.records;
            create temp view blocked_identifiers as from identity.blocked_identifiers""")
        matching = load_matching(folder / "project" / "3_identity")
        _, numbers = engine.link(con, Inputs(), matching, saved_model.load(snapshot / MODEL_FOLDER))
        assert (numbers["pass"], numbers["model"]) == ("full", "reused")
        solved = con.execute("""select source, record_id, c.cluster::varchar from records
            join clusters c using (node_key)""").fetchall()
    alone = {(source, record): cluster for source, record, cluster in solved}
    assert f1(alone, nights[-1].persons) >= 0.999


def test_a_bad_night_is_stopped(shared: Path, data: Path, tmp_path: Path) -> None:
    """When all contacts of a source suddenly have one e-mail, the churn budget stops the run before publication."""
    exports = Path(shutil.copytree(shared / "exports", tmp_path / "exports"))
    (contacts,) = exports.glob("*/hubspot/*contacts*.csv")
    with contacts.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    at = header.index("Email")
    spoiled = [[*row[:at], "no-answer@shop.example", *row[at + 1 :]] for row in rows]
    with contacts.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *spoiled])
    os.utime(contacts, (1_780_000_000, 1_780_000_000))  # a file that is still warm may still grow
    before = assert_one_state(data)
    finished = cdp(*run_command(exports, data, AS_OF + timedelta(days=1)))
    assert finished.returncode != 0
    assert "id_churn_within_budget" in finished.stdout + finished.stderr
    assert assert_one_state(data) == before
