"""Sensors: bad nights are told of once, new exports start a run once, dead runs are marked."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.operations.alerts import read_alerts
from cdp_pipeline.operations.nights import tell_of_nights
from cdp_pipeline.orchestration.sensors import dead_run_sensor, new_exports_sensor, nights_sensor
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts, Settings, Source


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


def test_every_complete_export_starts_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a known source that is done; not one that is still written, nor one nobody knows, nor the same again."""
    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    monkeypatch.delenv("CDP_EXPORTS", raising=False)
    (tmp_path / "exports").mkdir()
    orders = Source.model_validate({
        "description": "Orders", "owner": "shop", "files": "orders_*.csv", "legal_basis": "contract", "into": {}
    })  # fmt: skip
    sensor = new_exports_sensor(Project(Path("project"), Settings(name="test"), sources={"orders": orders}))

    def evaluate(cursor: str | None) -> tuple[dg.RunRequest | dg.SkipReason, str | None]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            answer = sensor(context)
            assert isinstance(answer, dg.RunRequest | dg.SkipReason)
            return answer, context.cursor

    def deliver(name: str) -> None:
        (tmp_path / "exports" / name).write_text("order_id\n1\n")
        (tmp_path / "exports" / f"{name}.done").touch()

    (tmp_path / "exports" / "orders_0.csv").write_text("still written")
    deliver("strange.csv")
    assert isinstance(evaluate(None)[0], dg.SkipReason)
    deliver("orders_1.csv")
    deliver("orders_2.csv")
    first, cursor = evaluate(None)
    assert isinstance(first, dg.RunRequest)
    assert first.run_key is not None
    assert first.run_key.startswith("2:orders_2.csv:11:")
    assert first.tags["cdp/new_exports"] == "2"
    assert isinstance(evaluate(cursor)[0], dg.SkipReason)
    deliver("orders_3.csv")
    second, _ = evaluate(cursor)
    assert isinstance(second, dg.RunRequest)
    assert second.tags["cdp/new_exports"] == "1"


def test_dead_runs_are_counted(tmp_path: Path) -> None:
    """A run whose process is gone is marked, and the next look finds none."""

    @dg.job
    def job() -> None:
        """Nothing of it runs."""

    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    tags = {"cdp/pid": str(process.pid), "cdp/host": os.uname().nodename}
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
        for number in (1, 0):
            reason = dead_run_sensor()(dg.build_sensor_context(instance=instance))
            assert isinstance(reason, dg.SkipReason)
            assert reason.skip_message == f"{number} dead runs marked as failed"
        dead = instance.get_run_by_id(run.run_id)
    assert dead is not None
    assert dead.status == dg.DagsterRunStatus.FAILURE
