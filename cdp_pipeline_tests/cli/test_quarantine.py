"""`cdp quarantine`: groups on the terminal, rows in a file for one pair of eyes, corrections taken back."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.staging.replay import read_replays
from cdp_pipeline_tests.cli.command import cdp
from cdp_pipeline_tests.small_run import put, small_run

FILES = {
    "project.yml": "name: small\n",
    "4_profiles/survivorship.yml": "trust: [shop]\nfields: {}\n",
    "1_sources/shop.yml": """\
description: Orders
owner: shop
files: "*.csv"
system: shop
legal_basis: contract
into:
  orders: {columns: {order_id: Name, total: Total}}
""",
    "2_staging/orders.yml": """\
description: Orders
owner: shop
grain: [source, order_id]
columns:
  source: {type: text, required: true, description: a}
  order_id: {type: text, required: true, description: a}
  total: {type: money, required: true, description: a}
""",
}
ROWS = """select * from (values
  ('shop', 'a.csv', 2, 'total: not a number', 'quarantined', 'shop', '1', 'ten'),
  ('shop', 'b.csv', 3, 'total: not a number', 'quarantined', 'shop', '2', 'two'),
  ('till', 'c.csv', 4, 'total: missing', 'quarantined', 'till', '3', null),
  ('shop', 'a.csv', 5, 'total: missing', 'replayed', 'shop', '4', null)
) as rows(source_name, file, line, reasons, outcome, source, order_id, total)"""
LOADED = """from (values ('shop', 'a.csv', 'f1', 'loaded'), ('shop', 'b.csv', 'f2', 'loaded'))
  as files(source, file, fingerprint, status)"""


@pytest.fixture
def places(tmp_path: Path) -> list[object]:
    """The options of a small project, and a data folder with three rows in quarantine and one that was replayed."""
    for name, text in FILES.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    run = small_run(tmp_path / "data")
    put(run, "quarantine.orders", ROWS)
    put(run, "quarantine.lines", "select 'shop' as source, 'a.csv' as file, 'too_long' as code")
    put(run, "raw.files", LOADED)
    publish(run, [])
    return ["--data", tmp_path / "data", "--project", tmp_path / "project"]


def cells(line: str) -> list[str]:
    return line.rstrip().split(maxsplit=4)


def test_groups_are_listed_largest_first(places: list[object]) -> None:
    """Rows, files, table, source and reason; what was replayed does not count, and the last line is the sum."""
    title, *groups, total = cdp("quarantine", "list", *places).output.splitlines()
    assert cells(title) == ["rows", "files", "table", "source", "why"]
    assert [cells(line) for line in groups] == [
        ["2", "2", "orders", "shop", "total: not a number"], ["1", "1", "lines", "shop", "too_long"],
        ["1", "1", "orders", "till", "total: missing"],
    ]  # fmt: skip
    assert total == "4 rows in quarantine"


def test_one_table_is_listed_alone(places: list[object]) -> None:
    """`lines` stands for what the readers set aside; a table that is none gets the nearest name."""
    assert cdp("quarantine", "list", "--table", "lines", *places).output.splitlines()[-1] == "1 rows in quarantine"
    wrong = cdp("quarantine", "list", "--table", "order", *places)
    assert wrong.exit_code == InputError.exit_code
    assert "did you mean orders?" in wrong.output


def exported(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_exported_for_one_pair_of_eyes(places: list[object], tmp_path: Path) -> None:
    """Those of one source if asked; who looked stands in the log, with what for; the words say what to do next."""
    out = tmp_path / "out.csv"
    result = cdp("quarantine", "export", "orders", "--out", out, "--source", "shop", "--reason", "case 7", *places)
    assert result.output.splitlines() == [
        f"2 rows in {out}: correct the cells, leave the columns that begin with _ as they are, then",
        f"cdp quarantine replay {out}",
        "it holds personal data: delete it when you are done",
    ]
    assert [(row["_source"], row["order_id"], row["total"]) for row in exported(out)] == [
        ("shop", "1", "ten"),
        ("shop", "2", "two"),
    ]
    assert out.stat().st_mode & 0o777 == 0o600
    log = (tmp_path / "data" / "privacy" / "reads.jsonl").read_text()
    assert '"command": "quarantine export"' in log
    assert '"table": "quarantine.orders"' in log
    assert '"reason": "case 7"' in log


def test_nobody_looks_at_a_table_that_is_none(places: list[object], tmp_path: Path) -> None:
    """Refused before leave is taken: the log has no line."""
    assert cdp("quarantine", "export", "order", "--out", tmp_path / "x.csv", *places).exit_code == InputError.exit_code
    assert not (tmp_path / "data" / "privacy" / "reads.jsonl").exists()


def corrected(places: list[object], tmp_path: Path, totals: dict[str, str]) -> Path:
    """The exported file with these totals, by order."""
    out = tmp_path / "out.csv"
    cdp("quarantine", "export", "orders", "--out", out, "--source", "shop", *places)
    rows = exported(out)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"total": totals.get(row["order_id"], row["total"])} for row in rows)
    return out


def test_corrections_are_taken_once_checked(places: list[object], tmp_path: Path) -> None:
    """A dry run counts them and writes nothing; then they stand in the file, with who decided and when."""
    out = corrected(places, tmp_path, {"1": "10"})
    words = ["--reviewer", "eva", "--decided-at", "2026-7-1", *places]
    counts = ["total: 1 cells corrected", "1 rows corrected, 1 as they were"]
    dry = cdp("quarantine", "replay", out, "--dry-run", *words)
    assert dry.output.splitlines() == [*counts, "nothing was written"]
    assert read_replays(tmp_path / "data") == []
    assert cdp("quarantine", "replay", out, *words).output.splitlines() == [*counts, "the next cdp run uses them"]
    (replay,) = read_replays(tmp_path / "data")
    assert (replay.reviewer, replay.decided_at, replay.changes) == ("eva", "2026-07-01", {"total": "10"})


def test_a_file_without_corrections_asks_for_nothing(places: list[object], tmp_path: Path) -> None:
    """It is said, and nothing is written."""
    output = cdp("quarantine", "replay", corrected(places, tmp_path, {}), *places).output
    assert output.splitlines() == ["0 rows corrected, 2 as they were", "nothing was written"]
    assert not (tmp_path / "data" / "replays.jsonl").exists()
