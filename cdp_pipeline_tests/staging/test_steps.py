"""The staging layer as steps and checks: what is made again when, what is personal, what blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.run.steps import perform
from cdp_pipeline.staging.steps import checks, steps
from cdp_pipeline_tests.small_run import put
from cdp_pipeline_tests.staging.deliveries import CONTRACT, SOURCE, Shop, order, shop
from cdp_pipeline_tests.staging.permission_rows import DATED, newsletter

PEOPLE: dict[str, Any] = {
    "description": "People",
    "owner": "crm",
    "grain": ["source", "record_id"],
    "columns": {
        "source": {"type": "text", "required": True, "description": "a"},
        "record_id": {"type": "text", "required": True, "description": "a"},
        "email": {"type": "text", "sensitivity": "personal", "description": "Address"},
    },
}


def project_of(made: Shop, **contracts: dict[str, Any]) -> Project:
    return replace(
        made.run.project, contracts={name: Contract.model_validate(value) for name, value in contracts.items()}
    )


def share_of(made: Shop) -> Check:
    """Run the layer, and give the check on the share of bad orders."""
    for step in steps(made.run.project):
        step.run(made.run)
    (share,) = [check for check in checks(made.run.project) if check.name == "orders_bad_share"]
    return share


def test_a_contract_is_one_step_with_two_tables(tmp_path: Path) -> None:
    """Used rows and kept-out rows are made together, from the sources that feed the table and no other."""
    made, anonymised = shop(tmp_path), CONTRACT | {"when_erased": "anonymised"}
    found = {step.names: step for step in steps(project_of(made, orders=anonymised, people=PEOPLE))}
    assert list(found) == [
        ("staging.replays",),
        ("staging.orders", "quarantine.orders"),
        ("staging.people", "quarantine.people"),
        ("staging.reconciliation", "quarantine.unused_lines"),
    ]
    assert found["staging.orders", "quarantine.orders"].reads == ("raw.shop", "raw.erased_orders", "staging.replays")
    assert not [name for name in found["staging.people", "quarantine.people"].reads if name.startswith("raw.")]
    assert set(found["staging.reconciliation", "quarantine.unused_lines"].reads) >= {
        "raw.shop",
        "staging.orders",
        "quarantine.people",
    }


def test_labels_reach_the_tables(tmp_path: Path) -> None:
    """Personal columns are so in staging; in quarantine every text as delivered is."""
    step = steps(project_of(shop(tmp_path), people=PEOPLE))[1]
    good, rest = step.tables
    assert good.personal == {"email"}
    assert rest.personal == {"source", "record_id", "email"}
    assert good.columns["email"] == "Address"
    assert good.columns["_line"]


def test_another_mapping_or_contract_is_another_version(tmp_path: Path) -> None:
    """A change in a YAML file remakes the tables it feeds, and leaves the others alone."""
    made = shop(tmp_path)
    project = project_of(made, orders=CONTRACT, people=PEOPLE)
    before = {step.names[0]: step.version for step in steps(project)}
    changed = replace(project, sources={"shop": Source.model_validate(SOURCE | {"format": {"decimal": ","}})})
    after = {step.names[0]: step.version for step in steps(changed)}
    assert before["staging.orders"] != after["staging.orders"]
    assert before["staging.people"] == after["staging.people"]
    stricter = replace(
        project, contracts={**project.contracts, "people": Contract.model_validate(PEOPLE | {"owner": "x"})}
    )
    assert steps(stricter)[2].version != before["staging.people"]


def test_a_step_writes_both_tables(tmp_path: Path) -> None:
    """Performed on what was delivered, the step has rows and numbers for each table."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order("1"), order("2", "x")])
    made.run.record({})
    put(made.run, "raw.other", "select 1 as a")
    entry = replace(made.run.manifest().tables["raw.other"], digest=made.run.digest("raw.shop"))
    made.run.record({"raw.shop": entry, "raw.erased_orders": entry})
    corrected, orders, _ = steps(made.run.project)
    perform(made.run, corrected)
    entries = perform(made.run, orders)
    assert {name: entry.rows for name, entry in entries.items()} == {"staging.orders": 1, "quarantine.orders": 1}


@pytest.mark.parametrize(("bad", "passes"), [(10, True), (11, False), (40, False)])
def test_too_many_bad_rows_of_a_source_block(tmp_path: Path, bad: int, passes: bool) -> None:
    """Above the contract's share the run is stopped; up to ten bad rows are no pattern yet."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(str(n), "x" if n < bad else "1") for n in range(bad + 20)])
    share = share_of(made)
    assert share.severity == "error"
    assert evaluate(made.run, [share])["orders_bad_share"].passed == passes


def test_a_few_bad_rows_among_many_pass(tmp_path: Path) -> None:
    """The share counts, not the number alone."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(str(n), "x" if n < 12 else "1") for n in range(400)])
    share = share_of(made)
    assert evaluate(made.run, [share])["orders_bad_share"].passed


def test_a_reference_that_leads_nowhere_is_told_and_does_not_block(tmp_path: Path) -> None:
    """An order of a record that nobody delivered is counted, inside its own system only."""
    contract = CONTRACT | {
        "columns": {**CONTRACT["columns"], "record_id": {"type": "text", "references": "people", "description": "a"}}
    }
    made = shop(tmp_path)
    put(made.run, "staging.people", "from (values ('web', 'p1'), ('till', 'p2')) as people(source, record_id)")
    put(made.run, "staging.orders", "from (values ('web', 'p1'), ('web', 'p2'), ('web', null)) as t(source, record_id)")
    found = checks(project_of(made, orders=contract, people=PEOPLE))
    (reference,) = [check for check in found if "refers_to" in check.name]
    assert reference.severity == "warn"
    assert evaluate(made.run, [reference])[reference.name].failing_rows == 1


@pytest.mark.parametrize(("waiting", "told"), [(0, 1), (1, 0)])
def test_a_refused_file_that_may_hold_refusals_blocks(tmp_path: Path, waiting: int, told: int) -> None:
    """Of a source that feeds permissions, beyond what the project lets wait; other sources and loaded files do not."""
    made = newsletter(tmp_path, DATED).run
    settings = made.project.settings.model_copy(update={"unapplied_stops": waiting})
    run = replace(made, project=replace(made.project, settings=settings))
    files = "('letters', 'refused'), ('letters', 'loaded'), ('shop', 'refused')"
    put(run, "raw.files", f"select *, 'a.csv' as file from (values {files}) as t(source, status)")
    (check,) = [check for check in checks(run.project) if check.name == "files_of_permissions_are_read"]
    assert check.severity == "error"
    assert evaluate(run, [check])[check.name].failing_rows == told


def test_the_ledger_counts_what_is_there() -> None:
    """Rows lost or added after they were counted are told, in staging as in quarantine, of every core table there is."""
    contracts = dict.fromkeys("ab", Contract.model_validate(PEOPLE))
    (check,) = (one for one in checks(Project(Path("p"), Settings(name="t"), contracts=contracts))
                if one.name == "ledger_counts_every_row")  # fmt: skip
    rows = {
        "staging.a": [("good", None), ("good", None), ("twice", None), ("twice", None), ("unlisted", None)],
        "staging.b": [("good", None)],
        "quarantine.a": [("good", "dropped"), ("good", "replayed"), ("kept_less", "quarantined")],
        "quarantine.b": [],
    }
    with open_duckdb() as con:
        con.execute("create schema staging; create schema quarantine")
        for table, held in rows.items():
            con.execute(
                f"create table {table} ({'_file' if table.startswith('staging') else 'file'} varchar, outcome varchar)"
            )
            for row in held:
                con.execute(f"insert into {table} values (?, ?)", row)
        con.execute("""create table staging.reconciliation as select * from (values
            ('good', 'a', 2, 1, 0, 1), ('good', 'b', 1, 0, 0, 0), ('twice', 'a', 1, 0, 0, 0), ('kept_less', 'a', 0, 0, 2, 0))
            v(file, table_name, rows_staged, rows_dropped, rows_quarantined, rows_replayed)
            cross join (select 0 as rows_superseded, 0 as rows_mended)""")
        assert sorted(con.execute(check.sql).fetchall(), key=str) == [
            ("kept_less", "a", "quarantined", 1, 2), ("twice", "a", "staged", 2, 1), ("unlisted", "a", "staged", 1, None),
        ]  # fmt: skip
