"""The sensor that tells of bad nights: silent while nobody is named, and once a night when somebody is."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.operations.alerts import read_alerts
from cdp_pipeline.operations.nights import tell_of_nights
from cdp_pipeline.orchestration.sensors import nights_sensor
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts, Settings


def look(alerts: Alerts) -> str:
    """What one look of the sensor says."""
    project = Project(Path("project"), Settings(name="test", schedule="0 0 * * *", zone="UTC", alerts=alerts))
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance) as context:
        reason = nights_sensor(alerts, partial(tell_of_nights, project, Pipeline((), ())))(context)
    assert isinstance(reason, dg.SkipReason)
    return str(reason.skip_message)


def test_nobody_is_told_while_nobody_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo that was looked at yesterday makes no alerts today."""
    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    assert "names nobody" in look(Alerts())
    assert read_alerts(tmp_path) == []


def test_whoever_is_named_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor looks as `cdp nights` does: a night nobody started is told of, and not again."""
    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    monkeypatch.setattr("cdp_pipeline.operations.nights.START_GRACE", timedelta(0))
    command = tmp_path / "page_me.sh"
    command.write_text(f"#!/bin/sh\necho told >> {tmp_path}/told\n")
    command.chmod(0o700)
    for _ in range(2):
        assert "did not start" in look(Alerts(command=(str(command),)))
    assert (tmp_path / "told").read_text() == "told\n"
    assert [entry["kind"] for entry in read_alerts(tmp_path)] == ["did_not_start"]
