"""The run as Dagster sees it: which day may be run, on which folders, and one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.errors import GateError
from cdp_pipeline.orchestration.resources import expect_onward
from cdp_pipeline.publishing.snapshots import publish, snapshots
from cdp_pipeline.run.manifest import write_manifest
from cdp_pipeline_tests.small_run import put, small_run


def test_a_day_before_the_published_one_is_refused(tmp_path: Path) -> None:
    """History is told in the order of the days: the cure names the state to go back to, when one is kept."""
    expect_onward(tmp_path, "2026-06-01")
    for name, day in (("first", date(2026, 6, 28)), ("second", date(2026, 6, 30))):
        run = replace(small_run(tmp_path, name), as_of=day)
        put(run, "profiles.customers", "select 'p1' as person_id")
        write_manifest(run.folder, replace(run.manifest(), as_of=str(day)))
        publish(run, [])
    expect_onward(tmp_path, "2026-06-30")
    expect_onward(tmp_path, "2026-07-01")
    older = next(state.id for state in snapshots(tmp_path) if state.as_of == "2026-06-28")
    with pytest.raises(GateError, match=f"as of 2026-06-30.*cdp rollback {older}"):
        expect_onward(tmp_path, "2026-06-29")
    with pytest.raises(GateError, match="No state as of 2026-06-27 or before is kept"):
        expect_onward(tmp_path, "2026-06-27")
