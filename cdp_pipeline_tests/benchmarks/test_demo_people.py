"""What the measurements of identity read is still made by the pipeline's own steps, and its steps still run on it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.identity.model import model
from cdp_pipeline_tests.benchmarks.identity.demo_people import DAY, TABLES, staged
from cdp_pipeline_tests.benchmarks.identity.product import solve_night


def test_a_night_of_the_measurements_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty people of the demo are staged, resolved and scored against their truth."""
    monkeypatch.setattr(model, "train", model.train)  # the measurement times it for the rest of its process
    where = staged(40, tmp_path)
    asked = {"staged": str(where), "night": str(tmp_path / "night"), "as_of": str(DAY)}
    said = solve_night(asked)
    assert said["numbers"]["pass"] == "full"
    assert {"prepare", "link", "ids"} <= set(said["cpu"])
    with duckdb.connect() as con:
        for table in (*TABLES[:1], "truth"):
            assert con.execute(f"select count(*) from read_parquet('{where}/{table}.parquet')").fetchall()[0][0] > 40
        joined = f"""select count(*) from read_parquet('{where}/truth.parquet') t
            join read_parquet('{tmp_path}/night/identity/person_records.parquet') using (source, record_id)"""
        assert con.execute(joined).fetchall()[0][0] > 40
