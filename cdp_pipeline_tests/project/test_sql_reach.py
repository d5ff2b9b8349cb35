"""SQL in YAML and models reads what it was given, and nothing else; more is tried in trust/hostile.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.shapes import Contract, Source
from cdp_pipeline.project.sql_reach import mistakes, wrong_expression, wrong_query

SOURCE: dict[str, Any] = {
    "description": "a",
    "owner": "a",
    "files": "*.csv",
    "legal_basis": "contract",
    "into": {"people": {"columns": {"record_id": "id"}}},
}


@pytest.mark.parametrize(
    "text",
    [
        "from file",
        "select *, row_number() over (partition by a order by _line) as n from file",
        "with x as (select * from file) select * from x join file using (a)",
        "select unnest(range(1, 3)) as n, * from file",
        "select * from file, unnest([1, 2]) as t(n)",
        "select a, (select max(b) from file) as b from file union all select 1, 2",
    ],
)
def test_a_select_over_the_export_is_fine(text: str) -> None:
    """CTEs, joins, windows, unnesting and unions of the export itself are what `prepare` is for."""
    assert wrong_query(text, ("file",)) == []


@pytest.mark.parametrize(
    "text", ["a", "'order:' || \"Name\"", "case when a > 1 then b end", "(a = 1 or b) and c is null"]
)
def test_an_expression_over_columns_is_fine(text: str) -> None:
    """Columns, literals, operators and functions of a row."""
    assert wrong_expression(text) == []


def test_the_second_of_two_mappings_is_looked_at(tmp_path: Path) -> None:
    """Every place where SQL may stand is judged, and named with its file and key."""
    two = [
        {"where": "a = 1", "columns": {"record_id": "id"}},
        {"where": "getenv('x') = ''", "columns": {"record_id": "id"}},
    ]
    sql = {"into": {"people": two}, "prepare": "from other", "withhold": {"rule": "now() > a"}}
    contract = Contract.model_validate(
        {
            "description": "a",
            "owner": "a",
            "grain": ["id"],
            "columns": {"id": {"type": "text", "description": "a", "fallback": "random()"}},
            "rules": [{"name": "r", "sql": "a = 1; select 1"}],
        }
    )
    found = mistakes(tmp_path, {"shop": Source.model_validate(SOURCE | sql)}, {"people": contract})
    assert [problem.split(": ", 1)[1].rpartition(": ")[0] for problem in found] == [
        "prepare",
        "withhold: rule",
        "into people: where",
        "rules: r",
        "columns: id: fallback",
    ]
