"""What no published state may break: rows reconcile, a record is one person, revenue adds up to the cent.

What belongs here: one row removed, doubled or altered in a table, the check that must say so, and the
gate that must stay shut. What does not: what each check says about made-up rows (models/checks.yml).
"""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import GateError
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline_tests.acceptance.published import (
    PROJECT,
    SHIPPED,
    assert_one_state,
    cdp,
    look_at,
    manifest_of,
    rewrite,
    run_command,
    start,
)
from cdp_pipeline_tests.trust.laws import changed_rows

REMOVED = "select * exclude (_n) from (select *, row_number() over () as _n from rows) where _n > 1"
DOUBLED = "from rows union all (from rows limit 1)"
LAYERS = {"staging", "quarantine", "identity", "profiles", "segments", "activation", "reports"}


def altered(change: str) -> str:
    """The rows with one cell of the first changed; `change` reads `<expression> as <column>`."""
    value, column = change.rsplit(" as ", 1)
    return (
        f"select * exclude (_n) replace (if(_n = 1, {value}, {column}) as {column}) "
        "from (select *, row_number() over () as _n from rows)"
    )


FILES_AND_ROWS = [
    ("raw.arrivals", DOUBLED, "raw_arrivals_grain_is_unique"),
    ("raw.arrivals", altered("'0' as fingerprint"), "every_file_is_accounted_for"),
    ("raw.files", REMOVED, "every_file_is_accounted_for"),
    ("raw.files", DOUBLED, "raw_files_grain_is_unique"),
    ("raw.files", altered("rows_loaded + 1 as rows_loaded"), "lines_reconcile"),
    ("raw.files", altered("rows_withheld - 1 as rows_withheld"), "lines_reconcile"),
    ("staging.reconciliation", REMOVED, "ledger_counts_every_row"),
    ("staging.reconciliation", DOUBLED, "staging_reconciliation_grain_is_unique"),
    ("staging.reconciliation", altered("rows_read + 1 as rows_read"), "rows_reconcile"),
    ("staging.reconciliation", altered("rows_staged - 1 as rows_staged"), "ledger_counts_every_row"),
    *[
        (f"{layer}.{table}", broken, "ledger_counts_every_row")
        for layer, tables in {
            "staging": "people identifiers permissions products orders order_lines events tickets messages",
            "quarantine": "people permissions tickets",
        }.items()
        for table in tables.split()
        for broken in (REMOVED, DOUBLED)
    ],
    ("staging.events", altered("'other.csv' as _file"), "ledger_counts_every_row"),
    ("quarantine.people", altered("'quarantined' as outcome"), "ledger_counts_every_row"),
]
PERSONS = [
    ("staging.people", REMOVED, "every_record_has_one_person"),
    ("staging.people", DOUBLED, "every_record_has_one_person"),
    ("staging.people", altered("record_id || '0' as record_id"), "every_record_has_one_person"),
    ("identity.person_records", REMOVED, "every_record_has_one_person"),
    ("identity.person_records", DOUBLED, "every_record_has_one_person"),
    ("identity.person_records", altered("record_id || '0' as record_id"), "every_record_has_one_person"),
    ("identity.person_records", altered("(select max(person_id) from rows) as person_id"), "every_person_has_records"),
    ("identity.persons", REMOVED, "every_person_has_records"),
    ("identity.persons", DOUBLED, "identity_persons_grain_is_unique"),
    ("identity.persons", altered("records + 1 as records"), "every_person_has_records"),
    ("profiles.customers", REMOVED, "one_customer_per_person"),
    ("profiles.customers", DOUBLED, "one_customer_per_person"),
    ("profiles.customers", altered("person_id || '0' as person_id"), "one_customer_per_person"),
]
REVENUE = [
    ("staging.orders", REMOVED, "order_facts_add_up"),
    ("staging.orders", DOUBLED, "order_facts_add_up"),
    ("staging.orders", altered("total_amount + 0.01 as total_amount"), "order_facts_add_up"),
    ("profiles.order_facts", REMOVED, "order_facts_add_up"),
    ("profiles.order_facts", DOUBLED, "order_facts_add_up"),
    ("profiles.order_facts", altered("net_amount + 0.01 as net_amount"), "order_facts_add_up"),
    ("profiles.order_facts", altered("null as person_id"), "revenue_adds_up"),
    ("profiles.revenue", REMOVED, "revenue_adds_up"),
    ("profiles.revenue", DOUBLED, "revenue_adds_up"),
    ("profiles.revenue", altered("net_amount - 0.01 as net_amount"), "revenue_adds_up"),
    ("profiles.customers", altered("coalesce(net_revenue, 0) + 0.01 as net_revenue"), "revenue_adds_up"),
]
MATCHING = [
    ("identity.records", REMOVED, "every_record_is_compared"),
    ("identity.records", DOUBLED, "every_record_is_compared"),
    ("identity.records", altered("node_key + 1 as node_key"), "clusters_are_persons"),
    ("identity.clusters", REMOVED, "clusters_are_persons"),
    ("identity.clusters", altered("cluster + 1 as cluster"), "clusters_are_persons"),
    ("identity.pairs", REMOVED, "passes_count_their_tables"),
    ("identity.pairs", DOUBLED, "passes_count_their_tables"),
    ("identity.pairs", altered("99 as match_weight"), "pairs_weigh_what_they_say"),
    ("identity.pairs", altered("not is_kept as is_kept"), "kept_pairs_are_one_person"),
    ("identity.passes", altered("pairs + 1 as pairs"), "passes_count_their_tables"),
]
ATTRIBUTES = [
    *[
        (f"profiles.{theme}", broken, "customers_hold_every_attribute")
        for theme in "consent favourites household newsletter purchases rfm service web_behaviour".split()
        for broken in (REMOVED, altered("person_id || '0' as person_id"))
    ],
    ("profiles.contacts", altered("'other' as city"), "customers_hold_every_attribute"),
    ("profiles.rfm", altered("6 - rfm_monetary as rfm_monetary"), "customers_hold_every_attribute"),
    ("profiles.customers", altered("tickets_count + 1 as tickets_count"), "activity_adds_up"),
    ("profiles.sessions", REMOVED, "activity_adds_up"),
    ("staging.tickets", DOUBLED, "activity_adds_up"),
]
PERMISSIONS = [
    ("profiles.permissions", REMOVED, "permissions_belong_to_identifiers"),
    ("profiles.permissions", altered("not is_permitted as is_permitted"), "permissions_belong_to_identifiers"),
    (
        "profiles.identifier_permissions",
        altered("not is_permitted as is_permitted"),
        "permissions_belong_to_identifiers",
    ),
    ("profiles.permission_changes", "from rows where status <> 'withdrawn'", "permissions_keep_every_change"),
]
AUDIENCES = [
    ("segments.sizes", REMOVED, "sizes_count_memberships"),
    ("segments.sizes", altered("people + 1 as people"), "sizes_count_memberships"),
    ("segments.memberships", REMOVED, "sizes_count_memberships"),
    ("segments.history", REMOVED, "memberships_follow_history"),
    ("activation.mailchimp_newsletter", REMOVED, "destinations_hold_every_member"),
    ("activation.mailchimp_newsletter", DOUBLED, "destinations_hold_every_member"),
    ("activation.mailchimp_newsletter", altered("person_id || '0' as person_id"), "destinations_hold_every_member"),
    ("activation.plain_csv", altered("not is_written as is_written"), "receipts_count_their_rows"),
    ("activation.receipts", altered("permitted - 1 as permitted"), "receipts_count_their_rows"),
]


# ---- what an analyst sees --------------------------------------------------------------------


def test_the_path_of_the_warehouse_is_enough(shared: Path) -> None:
    """A DuckDB client with only the path of warehouse.duckdb answers questions over every layer."""
    with duckdb.connect(str(shared / "data" / "warehouse.duckdb"), read_only=True) as con:
        layers = {row[0] for row in con.execute("select distinct schema_name from duckdb_tables()").fetchall()}
        assert layers >= LAYERS
        asked = """
            select count(distinct r.person_id), count(distinct k.reasons), count(distinct m.segment),
                max(s.people), sum(a.written), max(h.people)
            from staging.people as p
            join identity.person_records as r using (source, record_id)
            join profiles.customers as c using (person_id)
            join segments.memberships as m using (person_id)
            join segments.sizes as s using (segmentation, segment)
            left join quarantine.people as k on k.file = p._file
            cross join activation.receipts as a
            cross join reports.headlines as h
        """
        assert all(con.execute(asked).fetchall()[0])


def test_the_laws_hold_on_what_is_published(shared: Path) -> None:
    """Rows, persons and revenue of the published state add up, asked of the warehouse without any check."""
    with duckdb.connect(str(shared / "data" / "warehouse.duckdb"), read_only=True) as con:
        used = con.execute("select sum(rows_staged) from staging.reconciliation").fetchall()[0][0]
        tables = [
            row[0] for row in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'staging' and table_name <> 'reconciliation'"
            ).fetchall()
        ]  # fmt: skip
        assert used == sum(con.execute(f"select count(*) from staging.{t}").fetchall()[0][0] for t in tables)
        people, persons = con.execute(
            "select (select count(*) from staging.people), count(person_id) from identity.person_records"
        ).fetchall()[0]
        assert people == persons > 500
        known, anonymous, orders = con.execute("""
            select (select sum(net_revenue) from profiles.customers), sum(net_amount) filter (where person_id is null),
                sum(net_amount)
            from profiles.order_facts where currency = (select currency from config.run)
        """).fetchall()[0]
        assert known + (anonymous or Decimal(0)) == orders > 0


# ---- one row is enough -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def breakable(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the published tables that tests may break, one at a time."""
    snapshot = published_snapshot(shared / "data")
    assert snapshot
    target = tmp_path_factory.mktemp("broken") / "snapshots" / snapshot.name
    return look_at(Path(shutil.copytree(snapshot, target)))


@pytest.fixture(scope="module")
def pipeline(breakable: Run) -> Pipeline:
    """The pipeline of the project as it is."""
    return build_pipeline(breakable.project)


@pytest.mark.parametrize(
    ("table", "broken", "check"),
    [*FILES_AND_ROWS, *PERSONS, *REVENUE, *MATCHING, *ATTRIBUTES, *PERMISSIONS, *AUDIENCES],
    ids=lambda value: "" if " " in str(value) else str(value),
)
def test_a_check_notices_one_wrong_row(breakable: Run, pipeline: Pipeline, table: str, broken: str, check: str) -> None:
    """One row removed, doubled or altered makes the check of that law fail, and it is a blocking one."""
    (item,) = [found for found in pipeline.checks if found.name == check]
    path = breakable.path(table)
    intact = path.read_bytes()
    assert evaluate(breakable, [item])[check].passed
    try:
        rewrite(path, broken)
        verdict = evaluate(breakable, [item])[check]
    finally:
        path.unlink()
        path.write_bytes(intact)
    assert verdict.is_blocking
    assert verdict.failing_rows > 0


def test_a_row_less_in_what_was_read_is_noticed(breakable: Run, pipeline: Pipeline) -> None:
    """A raw part that lost one row since its file was read fails the law on raw tables."""
    (item,) = [found for found in pipeline.checks if found.name == "raw_holds_what_was_loaded"]
    assert evaluate(breakable, [item])[item.name].passed
    parts = [part for part in breakable.path("raw.shopify_orders").glob("*.parquet") if ".rejects" not in part.name]
    intact = parts[0].read_bytes()
    try:
        rewrite(parts[0], REMOVED)
        verdict = evaluate(breakable, [item])[item.name]
    finally:
        parts[0].unlink()
        parts[0].write_bytes(intact)
    assert (verdict.passed, verdict.is_blocking, verdict.failing_rows) == (False, True, 1)


def test_any_table_that_was_changed_is_noticed(breakable: Run) -> None:
    """One cell altered in any table at all, raw parts included, stops the publication by the digests."""
    (figure,) = changed_rows(breakable, ("altered",))
    assert figure.tried > 80
    assert figure.broken == 0


@pytest.mark.parametrize(
    ("table", "broken", "check"),
    [
        ("staging.events", REMOVED, "ledger_counts_every_row"),
        ("identity.person_records", DOUBLED, "every_record_has_one_person"),
        ("profiles.revenue", altered("net_amount - 0.01 as net_amount"), "revenue_adds_up"),
    ],
    ids=["removed", "doubled", "altered"],
)
def test_a_run_with_one_wrong_row_is_not_published(
    exports: Path, data: Path, pipeline: Pipeline, table: str, broken: str, check: str
) -> None:
    """Publication of a run with a wrong row is refused by name, and what is published stays as it was."""
    before = assert_one_state(data)
    run = start(exports, data)
    rewrite(run.path(table), broken)
    run.record_checks(evaluate(run, pipeline.checks))
    with pytest.raises(GateError, match=f"check {check} failed on [0-9]+ rows"):
        publish(run, pipeline.blocking())
    assert assert_one_state(data) == before


def test_a_run_without_its_checks_is_not_published(exports: Path, data: Path, pipeline: Pipeline) -> None:
    """A check that did not run stands in the way just as one that failed."""
    before = assert_one_state(data)
    run = start(exports, data)
    with pytest.raises(GateError, match="check rows_reconcile did not run"):
        publish(run, pipeline.blocking())
    assert assert_one_state(data) == before


def test_a_model_that_loses_one_row_stops_the_run(exports: Path, data: Path, tmp_path: Path) -> None:
    """`cdp run` with a model that drops one order ends with code 4, names the check, and publishes nothing."""
    project = Path(shutil.copytree(PROJECT, tmp_path / "dbt_like_sql"))
    model = project / "4_profiles" / "order_facts.sql"
    model.write_text(f"{model.read_text().rstrip()}\nqualify row_number() over (order by o.source, o.order_id) > 1\n")
    before = assert_one_state(data)
    finished = cdp(*run_command(exports, data, project=project))
    assert finished.returncode == 4, finished.stderr
    assert "blocks publication: check order_facts_add_up on profiles.order_facts" in finished.stderr
    assert "nothing was published; what was published before is as it was" in finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert assert_one_state(data) == before


def test_the_command_check_notices_a_wrong_row(data: Path) -> None:
    """`cdp check` says which check fails on a published state that was tampered with, and ends with code 4.

    The first time with the shipped project: its suite of expectations holds on the demo's warehouse too.
    """
    intact = cdp("check", "--data", data, "--project", SHIPPED)
    assert intact.returncode == 0, intact.stderr
    expectations = len(read_project(SHIPPED).expectations)
    assert expectations > 15
    snapshot = published_snapshot(data)
    assert snapshot
    assert manifest_of(data).checks["every_record_has_one_person"].passed
    rewrite(look_at(snapshot).path("identity.person_records"), REMOVED)
    finished = cdp("check", "--data", data, "--project", PROJECT)
    assert finished.returncode == 4
    assert "error: every_record_has_one_person: 1 rows; " in finished.stderr
    assert "error: tables_are_as_made: 1 rows; " in finished.stderr
    assert f"{checks_in(intact.stdout) - expectations} checks, " in finished.stdout


def checks_in(said: str) -> int:
    """The number of checks that `cdp check` says it made."""
    return int(said.splitlines()[-1].split()[0])
