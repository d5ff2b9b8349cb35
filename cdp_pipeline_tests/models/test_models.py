"""Every YAML document of this folder: rows in, one SQL model or check, rows out.

    model: profiles.revenue               or checks.<name>, which gives the rows that fail
    given: {staging.orders: [...]}         rows every case starts from; a case may replace a table
    cases:
      - is: one sentence
        given: {profiles.order_facts: [{person_id: P1, currency: EUR, net_amount: 5}]}
        expect: [{person_id: P1, net_amount: 5}]     every row; of each the columns named here

Types of `expect` are those of the model, so 5 and 5.0000 are equal and dates may be written plainly.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_pipeline.project.sql_model import Model
from cdp_pipeline_tests.models.runner import SQL, Row, fill, prepared, rows_of, run_model

DOCUMENTS = [
    document
    for path in sorted(Path(__file__).parent.glob("*.yml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
CASES = [
    pytest.param(
        document["model"],
        document.get("given", {}) | case.get("given", {}),
        case["expect"],
        id=f"{document['model']}: {case['is']}",
    )
    for document in DOCUMENTS
    for case in document["cases"]
]


@pytest.mark.parametrize(("name", "given", "expected"), CASES)
def test_rows_in_give_rows_out(name: str, given: dict[str, Sequence[Row]], expected: list[Row]) -> None:
    """The model gives exactly the expected rows, unique by its grain, and each meets its conditions."""
    found = run_model(name, given)
    con, model = prepared(name)
    con.execute(f"create or replace temp table found as {model.sql}")
    con.execute("create or replace temp table expected as select * from found where false")
    fill(con, "expected", expected)
    columns = list(dict.fromkeys(column for row in expected for column in row))
    wanted = rows_of(con, "select * from expected")
    assert _told(found, columns) == _told(wanted, columns)
    if isinstance(model, Model):
        assert not con.execute(f"select 1 from found group by {', '.join(model.grain)} having count(*) > 1").fetchall()
        for condition in model.conditions:
            assert not con.execute(f"select 1 from found where not coalesce({condition}, true)").fetchall(), condition


def test_every_profile_model_and_every_check_has_rows() -> None:
    """Each SQL model of the layer profiles, and each check, has rows here; a check also some that fail."""
    models = {f"profiles.{path.stem}" for path in SQL.glob("4_profiles/**/*.sql")}
    checks = {f"checks.{path.stem}" for path in SQL.glob("checks/*.sql")}
    assert not (models | checks) - {document["model"] for document in DOCUMENTS}
    failing = {document["model"] for document in DOCUMENTS for case in document["cases"] if case["expect"]}
    assert not checks - failing


def _told(rows: Sequence[Row], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=repr)
