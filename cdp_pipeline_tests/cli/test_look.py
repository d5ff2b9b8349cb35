"""The commands that only look: tables by name, the plan in words, a file of one's own resolved."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.operations import plan
from cdp_pipeline.operations.plan import Planned
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.steps import Step, Table
from cdp_pipeline_tests.cli.command import cdp
from cdp_pipeline_tests.small_run import put, small_run

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"
TABLES = {"profiles.customers": Table("profiles.customers", "People", personal=frozenset({"email"}))}
CANARY = "canary@mail.example"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which three people are published."""
    run = small_run(tmp_path / "data")
    people = f"select unnest(['p1', 'p2', 'p3']) as person_id, '{CANARY}' as email"
    put(run, "profiles.customers", people, ["person_id"])
    build_warehouse(run, TABLES)
    publish(run, [])
    return tmp_path / "data"


def shown(data: Path, capfd: pytest.CaptureFixture[str], *words: object) -> str:
    """What `cdp show` of the customers prints; DuckDB prints past Python."""
    return cdp("show", "profiles.customers", *words, "--data", data).output + "".join(capfd.readouterr())


def test_a_table_is_shown_masked_unless_asked_for_in_clear(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`--clear` opens the full file; without it no personal text is on the screen."""
    masked = shown(data, capfd)
    assert "p1" in masked
    assert CANARY not in masked
    assert not (data / "privacy" / "reads.jsonl").exists()
    assert CANARY in shown(data, capfd, "--clear", "--reason", "case 7")
    assert '"reason": "case 7"' in (data / "privacy" / "reads.jsonl").read_text()


def test_a_limit_is_kept(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """So many rows and no more; none at all shows the columns."""
    output = shown(data, capfd, "--limit", 2)
    assert ("p1" in output, "p2" in output, "p3" in output) == (True, True, False)
    empty = shown(data, capfd, "--limit", 0)
    assert "person_id" in empty
    assert "p1" not in empty


def test_tables_are_listed_with_their_rows(data: Path) -> None:
    """Without a table `cdp show` lists all, in their order; `--clear` looks at nobody then, so nothing is logged."""
    expected = ["config.run  1 rows", "profiles.customers  3 rows"]
    assert cdp("show", "--data", data).output.splitlines() == expected
    assert cdp("show", "--clear", "--data", data).output.splitlines() == expected
    assert not (data / "privacy" / "reads.jsonl").exists()


def test_an_unknown_table_gets_the_nearest_name(data: Path) -> None:
    """`cdp show` of a misspelt table says which was meant."""
    result = cdp("show", "profiles.custommers", "--data", data)
    assert result.exit_code == InputError.exit_code
    assert "no table profiles.custommers" in result.output
    assert "did you mean profiles.customers?" in result.output


@pytest.mark.parametrize("table", ["x'; drop table y", "profiles", "", "profiles.customers; select 1", '"'])
def test_a_table_name_is_never_run_as_sql(data: Path, table: str) -> None:
    """Only the names of tables are shown; anything else is an unknown table."""
    assert cdp("show", table, "--data", data).exit_code == InputError.exit_code


@pytest.mark.parametrize("shows_all", [False, True])
def test_a_plan_says_what_runs_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shows_all: bool
) -> None:
    """A line a step with its reason, of what is used again only the number unless all are asked for."""
    calls = []

    def planned(project: Path, exports: Path, data: Path, as_of: date) -> list[Planned]:
        calls.append((project, exports, data, as_of))
        steps = [
            Step((Table("raw.a", ""), Table("raw.b", "")), (), lambda run: {}, "1"),
            Step((Table("staging.a", ""),), (), lambda run: {}, "1"),
        ]
        return [
            Planned(steps[0], "runs", "never made"), Planned(steps[1], "may run", "reads raw.a"),
            Planned(steps[1], "reused", "nothing changed"), Planned(steps[1], "reused", "nothing changed"),
        ]  # fmt: skip

    monkeypatch.setattr(plan, "plan_of", planned)
    places = ["--exports", tmp_path / "in", "--data", tmp_path / "out", "--project", PROJECT]
    result = cdp("plan", "--as-of", "2026-7-1", *places, *["--all"] * shows_all)
    again = ["reused    staging.a: nothing changed"] * 2 if shows_all else []
    assert result.output.splitlines() == [
        "runs      raw.a, raw.b: never made", "may run   staging.a: reads raw.a", *again,
        "1 steps run, 1 may run, 2 are used again",
    ]  # fmt: skip
    assert calls == [(PROJECT, tmp_path / "in", tmp_path / "out", date(2026, 7, 1))]


def test_a_file_is_resolved_with_an_account_of_its_columns(tmp_path: Path) -> None:
    """How many people, where it is written, what each column was used as, and what was left aside."""
    file = tmp_path / "people.csv"
    file.write_text(
        "id,full_name,mail,shoe\n1,Ada Bos,ada@mail.example,39\n2,Ada Bos,ada@mail.example,39\n3,Cor Dam,cor@mail.example,44\n"
    )
    result = cdp("resolve", file, "--out", tmp_path / "out.csv", "--map", "mail=email", "--project", PROJECT)
    lines = result.output.splitlines()
    assert lines[:2] == [f"3 records are 2 people; written to {tmp_path / 'out.csv'}", "record id: id"]
    assert "used: mail as email" in lines
    assert "not used: shoe" in lines
    with duckdb.connect() as con:
        rows = con.execute(f"select count(distinct person_id), count(*) from '{tmp_path / 'out.csv'}'").fetchall()
    assert rows == [(2, 3)]


def test_a_mapping_without_an_equals_sign_is_told(tmp_path: Path) -> None:
    """Each wrong --map is named with the form it should have."""
    file = tmp_path / "people.csv"
    file.write_text("id,email\n1,a@mail.example\n")
    result = cdp("resolve", file, "--out", tmp_path / "out.csv", "--map", "email", "--map", "id")
    assert result.exit_code == InputError.exit_code
    assert "--map email: expected COLUMN=PEOPLE_COLUMN" in result.output
    assert "--map id: expected COLUMN=PEOPLE_COLUMN" in result.output


def test_a_sample_is_profiled_and_a_source_drafted(tmp_path: Path) -> None:
    """`cdp probe` ends with YAML that says which files it is for."""
    (tmp_path / "orders.csv").write_text("order_id,total\n1,2.50\n2,3.75\n")
    output = cdp("probe", tmp_path / "orders.csv").output
    assert "order_id" in output
    assert "files:" in output
