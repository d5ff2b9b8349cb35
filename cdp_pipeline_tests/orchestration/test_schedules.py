"""The nightly schedule: the moments it names, the day it runs for, and that it never runs beside another run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_pipeline.orchestration.schedules import NIGHTLY, nightly_job, nightly_schedule, publish_job, starts
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline_tests.models.runner import SQL

ZONE = ZoneInfo("Europe/Amsterdam")
PROJECT = Project(Path("project"), Settings(name="test", schedule="30 2 * * *", zone="Europe/Amsterdam"))


@dg.job(name=NIGHTLY)
def nightly() -> None:
    """A job of that name; nothing of it runs."""


@dg.job
def another() -> None:
    """A job of another name."""


def answer_at(instance: dg.DagsterInstance, moment: datetime) -> dg.RunRequest | dg.SkipReason:
    """What the schedule asks for at a moment."""
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    answer = nightly_schedule(PROJECT)(context)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def test_moments_begin_after_the_first_and_end_with_the_last() -> None:
    """The beginning is outside, the end inside, in the hours of the zone."""
    first, last = datetime(2026, 6, 28, 2, 30, tzinfo=ZONE), datetime(2026, 6, 30, 2, 30, tzinfo=ZONE)
    moments = starts("30 2 * * *", "Europe/Amsterdam", first, last)
    assert [f"{moment:%m-%d %H:%M %Z}" for moment in moments] == ["06-29 02:30 CEST", "06-30 02:30 CEST"]
    assert starts("30 2 * * *", "Europe/Amsterdam", first, last.replace(minute=29)) == moments[:1]
    assert starts("30 2 * * *", "UTC", first, last)[0] == datetime(2026, 6, 28, 2, 30, tzinfo=UTC)


def test_a_night_is_asked_for_with_its_day(tmp_path: Path) -> None:
    """The day of the schedule's own moment, as key, tag and config, however late it is evaluated."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        request = answer_at(instance, datetime(2026, 7, 1, 2, 30, tzinfo=ZONE))
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == "2026-07-01"
    assert request.tags["cdp/as_of"] == "2026-07-01"
    assert request.run_config == {"resources": {"run": {"config": {"as_of": "2026-07-01"}}}}


def test_nothing_is_asked_for_while_a_night_is_at_work(tmp_path: Path) -> None:
    """A run of the nightly job that works keeps the next from starting; one that is over, or of another job, does not."""
    moment = datetime(2026, 7, 1, 2, 30, tzinfo=ZONE)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.create_run_for_job(another, status=dg.DagsterRunStatus.STARTED)
        instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.SUCCESS)
        assert isinstance(answer_at(instance, moment), dg.RunRequest)
        instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED)
        answer = answer_at(instance, moment)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "a run is at work"


def test_the_schedule_is_the_projects() -> None:
    """Its line and its zone come from project.yml; it starts the job that publishes everything."""
    schedule = nightly_schedule(PROJECT)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 2 * * *", "Europe/Amsterdam")
    assert schedule.job_name == nightly_job().name == NIGHTLY


def test_jobs_take_what_they_say() -> None:
    """The nightly job takes every asset, the other one all from identity on; a night ends after six hours."""

    def asset(layer: str) -> dg.AssetsDefinition:
        return dg.asset(key=[layer, "table"], group_name=layer)(lambda: None)

    layers = ["raw", "staging", "identity", "profiles", "segments", "activation", "reports", "publish"]
    definitions = dg.Definitions(
        assets=[asset(layer) for layer in layers], jobs=[nightly_job(), publish_job(read_project(SQL))]
    )
    keys = {
        job: {key.path[0] for key in definitions.resolve_job_def(job).asset_layer.executable_asset_keys}
        for job in (NIGHTLY, "rebuild_and_publish")
    }
    assert keys == {NIGHTLY: set(layers), "rebuild_and_publish": set(layers[2:])}
    assert definitions.resolve_job_def(NIGHTLY).tags["dagster/max_runtime"] == "21600"
