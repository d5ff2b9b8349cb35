"""A small lake to run the steps of segments in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Audience, Segment, Segmentation, Settings
from cdp_pipeline.run.lake import Run
from cdp_pipeline.segments.memberships import SUPPRESSIONS
from cdp_pipeline.segments.steps import steps

COLUMNS = (
    "person_id varchar, email varchar, country varchar, orders_count bigint, recency_days bigint, "
    "net_revenue decimal(18, 4), permits_sms_marketing boolean"
)
Customer = tuple[Any, ...]


def lifecycle() -> Segmentation:
    return Segmentation(
        description="Life",
        owner="crm",
        segments=(
            Segment(name="prospect", description="No order", where="orders_count = 0"),
            Segment(name="active", description="Half a year", where="recency_days <= 180"),
            Segment(name="lapsed", description="Longer", where="recency_days > 180"),
        ),
        otherwise="unclassified",
    )


def audience(where: str, **more: Any) -> Audience:
    return Audience(description="a", owner="crm", purpose="email_marketing", where=where, **more)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(
        folder=tmp_path / "dbt_like_sql",
        settings=Settings(name="test"),
        segmentations={"lifecycle": lifecycle()},
        audiences={
            "win_back": audience("lifecycle = 'lapsed' and net_revenue >= 500"),
            "dutch": audience("country = 'NL'"),
            "with_mail": audience("email is not null"),
        },
    )


Perform = Callable[..., "Done"]


class Done:
    """A finished run: its folder, and its tables as rows."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.run.connect("segments.memberships", "segments.history", "segments.sizes", "segments.overlaps") as con:
            return con.execute(query).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables, in the order they were written in."""
        names = ("memberships", "history", "sizes", "overlaps")
        return {name: self.rows(f"select * from segments.{name}") for name in names}


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    """Run all steps of segments over given customers; `after` is the run whose state is published."""
    count = iter(range(1000))

    def run_steps(
        project: Project,
        customers: list[Customer],
        as_of: str,
        after: Done | None = None,
        columns: str = COLUMNS,
        left_out: list[tuple[str, bool]] | None = None,
    ) -> Done:
        run = Run(
            project=project,
            exports=tmp_path,
            data=tmp_path / "data",
            as_of=date.fromisoformat(as_of),
            id=f"run{next(count)}",
            key=b"test",
            published=after.run.folder if after else None,
        )
        run.folder.mkdir(parents=True)
        with duckdb.connect() as con:
            con.execute(f"create table customers ({columns})")
            if customers:
                con.executemany(f"insert into customers values ({', '.join('?' * len(customers[0]))})", customers)
            run.write(con, "profiles.customers", "select * from customers", ("person_id",))
            con.execute(f"create table suppressions ({SUPPRESSIONS})")
            for person, is_out_of_audiences in left_out or ():
                con.execute("insert into suppressions values (?, 'a reason', ?)", [person, is_out_of_audiences])
            run.write(con, "profiles.suppressions", "select * from suppressions", ("person_id",))
        for step in steps(project):
            step.run(run)
        return Done(run)

    return run_steps
