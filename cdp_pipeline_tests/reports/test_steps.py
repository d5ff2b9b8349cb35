"""The step that writes the page, and the report models on the made-up run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.project import read_project
from cdp_pipeline.reports.steps import steps
from cdp_pipeline.reports.work import DRAWN
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.reports.made_up import FOLDER

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def ask(run: Run) -> Ask:
    """Runs a query over the tables that it names as {layer.table}."""

    def answer(query: str) -> list[tuple[Any, ...]]:
        with run.connect() as con:
            names = sorted({part.split("}")[0] for part in query.split("{")[1:]}, key=len, reverse=True)
            for name in names:
                query = query.replace(f"{{{name}}}", f"read_parquet('{run.path(name)}')")
            return con.execute(query).fetchall()

    return answer


def test_the_table_tells_what_is_on_the_page(ask: Ask) -> None:
    """reports.pages has one row: the file, the day, and how much is on it."""
    ((page, as_of, sections, charts),) = ask("select * from {reports.pages}")
    assert (page, str(as_of), sections) == ("index.html", "2026-06-30", 11)
    assert charts >= 15


def test_the_page_is_written_whole_and_again(run: Run, page: Path) -> None:
    """A second run of the step replaces the file, leaves nothing behind and gives the same table."""
    (step,) = steps(run.project)
    table = run.path("reports.pages")
    before = (hashlib.sha256(table.read_bytes()).hexdigest(), page.read_text(encoding="utf-8"), page.stat().st_ino)
    step.run(run)
    after = (hashlib.sha256(table.read_bytes()).hexdigest(), page.read_text(encoding="utf-8"), page.stat().st_ino)
    assert before[:2] == after[:2]
    assert before[2] != after[2]
    assert not [path.name for path in page.parent.iterdir() if path.name.startswith(".")]


def test_the_step_reads_every_report_model(run: Run) -> None:
    """All of 7_reports are inputs, so the page comes last; it tells this run's times and is never skipped."""
    (step,) = steps(run.project)
    assert set(step.reads) == set(run.project.models)
    assert step.uses_exports


def test_every_report_model_has_its_place_on_the_page() -> None:
    """Each table of 7_reports is drawn by a section of its own."""
    assert {path.stem for path in (FOLDER / "7_reports").glob("*.sql")} == DRAWN


def test_report_models_keep_their_own_conditions(run: Run, ask: Ask) -> None:
    """Every `check` of a report model holds, and its grain is unique."""
    for name, model in run.project.models.items():
        for condition in model.conditions:
            assert ask(f"select * from {{{name}}} where not ({condition})") == [], name
        grain = ", ".join(model.grain)
        assert ask(f"select {grain} from {{{name}}} group by {grain} having count(*) > 1") == [], name


def test_no_report_table_holds_personal_columns(run: Run) -> None:
    """Report tables are aggregates: no person_id, no record_id, no column marked personal."""
    for model in run.project.models.values():
        assert not model.personal
        assert not {"person_id", "record_id", "email", "phone"} & set(model.columns)
        assert all(model.columns.values()), f"{model.name}: a column without words"


def test_every_person_is_counted_once_per_permission(ask: Ask) -> None:
    """For each purpose and channel the states add up to all people."""
    assert ask("select distinct sum(people)::int from {reports.consent_coverage} group by purpose, channel") == [
        (1200,)
    ]


def test_permitted_people_are_those_who_are_reachable(ask: Ask) -> None:
    """The consent chart and the headline count the same people."""
    ((permitted,),) = ask(
        "select people from {reports.consent_coverage} where channel = 'email' and state = 'permitted'"
    )
    assert ask("select reachable_by_email from {reports.headlines}") == [(permitted,)]


def test_a_refusal_beats_a_consent(ask: Ask) -> None:
    """Somebody with several answers is counted once, under the strictest one."""
    states = dict(ask("select state, people from {reports.consent_coverage} where channel = 'email'"))
    assert states == {"permitted": 300, "pending": 300, "withdrawn": 300, "never asked": 276, "no address": 24}


def test_records_flow_completely(ask: Ask) -> None:
    """Flow, systems, sizes and headline count the same records and people."""
    assert ask("select sum(records)::int from {reports.identity_flow}") == [(2104,)]
    assert ask("select sum(records)::int from {reports.systems}") == [(2104,)]
    assert ask("select sum(records * people)::int, sum(people)::int from {reports.person_sizes}") == [(2104, 1200)]
    assert ask("select records, people from {reports.headlines}") == [(2104, 1200)]


def test_revenue_is_split_without_a_rest(ask: Ask) -> None:
    """New, returning and anonymous buyers together are the net revenue, currency by currency."""
    months = ask(
        "select currency, sum(net_amount), sum(net_amount_new + net_amount_returning + net_amount_anonymous) "
        "from {reports.revenue_by_month} group by currency order by currency"
    )
    orders = ask("select currency, sum(net_amount) from {profiles.order_facts} group by currency order by currency")
    assert [(c, net) for c, net, _ in months] == orders
    assert all(net == parts for _, net, parts in months)


def test_reasons_are_counted_rule_by_rule(ask: Ask) -> None:
    """A row that breaks two rules is counted under both."""
    rows = ask(
        "select reason, rows_kept_out from {reports.kept_out_reasons} where outcome = 'quarantined' order by reason"
    )
    assert rows == [("currency: not an allowed value", 150), ("ordered_at: missing", 50)]


def test_the_real_project_fits(run: Run) -> None:
    """The report models of the project are those that were tried here."""
    project = read_project(FOLDER)
    assert {name for name in project.models if name.startswith("reports.")} == set(run.project.models)
