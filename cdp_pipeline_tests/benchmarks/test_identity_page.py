"""The measurements of identity, as far as they can be tried in a moment: scoring, targets, the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline_tests.benchmarks.identity import page, targets
from cdp_pipeline_tests.benchmarks.identity.__main__ import main
from cdp_pipeline_tests.benchmarks.identity.datasets import DATA_SETS
from cdp_pipeline_tests.benchmarks.identity.measuring import score
from cdp_pipeline_tests.benchmarks.identity.plain_splink import cleaned

_SHARES = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1", "exact")
ACCURACY = dict.fromkeys(_SHARES, 0.5) | {"records": 10.0, "persons": 5, "true_persons": 4}


def measure(who: str, **more: Any) -> dict[str, Any]:
    """A measure as a process gives it."""
    said = {"numbers": {"pairs_scored": 7}, "cpu": {"link": 2.0}, "used": {"surname": "last_name"}, "version": "0.16"}
    cost = {"seconds": 3.0, "cpu_seconds": 4.0, "peak_mb": 1000.0, "stage_peak_mb": {"link": 900.0}, "said": said}
    return {"who": who, "accuracy": ACCURACY, **cost, **more}


def everything() -> dict[str, Any]:
    """All parts, measured."""
    both = ("product", "splink")
    night = {"old_records": 99, "ids_changed": 1, "unexplained": 0, "pairs_scored": 9, "kind": "incremental"}
    kinds = {kind: measure("product", **night) for kind in ("day_0", "incremental", "full", "retrained")}
    agreement = {"agreement": {"full": 1.0, "retrained": 0.9}, "old_records": 99, "new_records": 1}
    return {
        "accuracy": [measure(who, set=data.name, title=data.title) for data in DATA_SETS for who in both]
        + [measure("product", set="demo", title="demo, 100,000 people")],
        "cost": [
            measure(who, wanted=size, rows=size) for size in (1_000_000, 3_000_000) for who in (*both, "splink_all")
        ],
        "incremental": kinds | agreement | {"wanted": 1_000_000},
    }


def test_exact_persons_are_counted() -> None:
    """A person counts as exact when all of their records, and nobody else's, were found together."""
    truth = "select * from (values ('a', 1), ('b', 1), ('c', 2), ('d', 3)) as t(record, person)"
    found = "select * from (values ('a', 9), ('b', 9), ('c', 8), ('d', 8)) as t(record, person)"
    with duckdb.connect() as con:
        got = score(con, found, truth)
    assert (got["persons"], got["true_persons"], got["exact"]) == (2, 3, 1 / 3)


def test_every_target_is_answered() -> None:
    """With everything measured no target is left open; with nothing measured each says so."""
    assert not [row for row in targets.rows(everything()) if row[2] == "not measured"]
    assert all(row[2] == "not measured" for row in targets.rows({}))


def test_words_belong_to_a_target() -> None:
    """Whatever is said about falling short is said of a target that exists."""
    assert set(targets.WHY) <= {target.name for target in targets.TARGETS}


def test_the_page_has_every_part() -> None:
    """The page has a section for each part, a row for each data set, and names no folder of a machine."""
    shown = page.render(everything())
    assert [line for line in shown.splitlines() if line.startswith("## ")] == [
        "## Asked and reached", "## Accuracy", "## Cost", "## A night with 1 % new records",
    ]  # fmt: skip
    assert all(f"| {data.title} |" in shown for data in DATA_SETS)
    assert str(Path(__file__).parents[2]) not in shown


def test_missing_data_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the public data sets the command says which variable names them."""
    monkeypatch.delenv("CDP_REFERENCE_DATA", raising=False)
    with pytest.raises(SystemExit, match="CDP_REFERENCE_DATA must name a folder"):
        main(["--parts", "accuracy", "--folder", str(tmp_path)])


def test_the_script_cleans_its_columns() -> None:
    """Case, blanks and spellings of numbers are gone before the script compares."""
    columns = {"unique_id": "1", "last_name": "' De Vries '", "phone": "'+31 6 12345678'", "postcode": "'1234 ab'"}
    with duckdb.connect() as con:
        assert con.execute(cleaned("(select 1)", columns)).fetchall() == [(1, "de vries", "612345678", "1234AB")]
