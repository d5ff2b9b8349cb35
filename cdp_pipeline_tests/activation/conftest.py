"""A small lake with customers, permissions and memberships to export from."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.activation.steps import steps
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Audience, Destination, Needs, OutputColumn, Settings, Transfer
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.segments.memberships import SUPPRESSIONS
from cdp_pipeline_tests.models.runner import SQL

CUSTOMERS = (
    "person_id varchar, first_name varchar, last_name varchar, birth_date date, gender varchar, "
    "email varchar, "
    "phone varchar, street varchar, house_number varchar, postcode varchar, city varchar, region varchar, "
    "country varchar, orders_count bigint, net_revenue decimal(18, 4), last_order_date date"
)
PERMISSIONS = (
    "person_id varchar, namespace varchar, value varchar, purpose varchar, channel varchar, "
    "recipient varchar, "
    "status varchar, basis varchar, is_permitted boolean, changed_at timestamp, reason varchar, addresses varchar[]"
)
IDENTIFIERS = (
    "person_id varchar, namespace varchar, value varchar, addresses varchar[], records bigint, is_verified boolean, "
    "changed_at timestamp"
)
MEMBERSHIPS = "person_id varchar, segmentation varchar, segment varchar, since date, kind varchar"


class Done:
    """A finished run: its receipts, tables and files."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def rows(self, query: str, *tables: str) -> list[tuple[Any, ...]]:
        with self.run.connect("activation.receipts", *tables) as con:
            return con.execute(query).fetchall()

    def receipt(self, audience: str = "all", destination: str = "mail") -> dict[str, Any]:
        """One receipt, by column."""
        with self.run.connect("activation.receipts") as con:
            found = con.execute(
                "select * from activation.receipts where audience = ? and destination = ?", [audience, destination]
            )
            names = [column[0] for column in found.description]
            return dict(zip(names, found.fetchall()[0], strict=True))

    def funnel(self, audience: str = "all", destination: str = "mail") -> tuple[int, ...]:
        """In the rule, with key, permitted, transfer allowed, above the minimum, written."""
        row = self.receipt(audience, destination)
        names = ("in_rule", "has_key", "permitted", "transfer_allowed", "above_minimum", "written")
        return tuple(row[name] for name in names)

    def path(self, audience: str = "all", destination: str = "mail") -> Path:
        return self.run.folder / "activation" / destination / f"{audience}.csv"

    def file(self, audience: str = "all", destination: str = "mail") -> list[list[str]]:
        """Lines of an audience file, the header first; empty when there is no file."""
        path = self.path(audience, destination)
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))


def destination(**more: Any) -> Destination:
    """A destination that takes e-mail addresses as they are, unless told otherwise."""
    shape: dict[str, Any] = {
        "description": "a",
        "owner": "crm",
        "needs": (Needs(purpose="email_marketing", channel="email"),),
        "transfer": Transfer(
            recipient="Mail Inc.", country="US", basis="adequacy", document="doc", valid_from=date(2020, 1, 1)
        ),
        "keys": (("email",),),
        "columns": (
            OutputColumn(name="email", value="email", normalise="email"),
            OutputColumn(name="name", value="first_name"),
        ),
    }
    return Destination(**(shape | more))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(SQL / "6_activation", tmp_path / "dbt_like_sql" / "6_activation")
    everybody = Audience(description="a", owner="crm", purpose="email_marketing", where="true", destinations=("mail",))
    return Project(
        folder=tmp_path / "dbt_like_sql",
        settings=Settings(name="test"),
        audiences={"all": everybody},
        destinations={"mail": destination()},
    )


@pytest.fixture
def perform(tmp_path: Path) -> Callable[..., Done]:
    """Run all steps of activation; everybody is in every audience unless `members` says otherwise."""
    count = iter(range(1000))

    def run_steps(
        project: Project,
        customers: list[dict[str, Any]],
        permissions: list[tuple[Any, ...]],
        as_of: str = "2026-03-01",
        after: Done | None = None,
        members: list[tuple[str, str]] | None = None,
        left_out: list[tuple[str, str, bool]] | None = None,
        identifiers: list[tuple[Any, ...]] | None = None,
    ) -> Done:
        name = f"run{next(count)}"
        run = Run(
            project=project,
            exports=tmp_path,
            data=tmp_path / name,
            as_of=date.fromisoformat(as_of),
            id=name,
            key=b"test",
            published=after.run.folder if after else None,
        )
        open_run(run)
        people = [str(customer["person_id"]) for customer in customers]
        pairs = members or [(person, audience) for person in people for audience in project.audiences]
        with duckdb.connect() as con:
            con.execute(f"create table customers ({CUSTOMERS})")
            for customer in customers:
                names = ", ".join(customer)
                con.execute(
                    f"insert into customers ({names}) values ({', '.join('?' * len(customer))})",
                    list(customer.values()),
                )
            con.execute(f"create table permissions ({PERMISSIONS})")
            if permissions:
                con.executemany(
                    "insert into permissions select *, #7, null from (values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
                    permissions,
                )
            con.execute(f"create table identifiers ({IDENTIFIERS})")
            if identifiers:
                con.executemany("insert into identifiers values (?, ?, ?, null, ?, ?, ?)", identifiers)
            run.write(con, "profiles.identifiers", "select * from identifiers", ("person_id",))
            con.execute(f"create table suppressions ({SUPPRESSIONS})")
            if left_out:
                con.executemany("insert into suppressions values (?, ?, ?)", left_out)
            run.write(con, "profiles.suppressions", "select * from suppressions", ("person_id",))
            con.execute(f"create table memberships ({MEMBERSHIPS})")
            if pairs:
                con.executemany("insert into memberships values (?, 'audience', ?, '2026-01-01', 'audience')", pairs)
            run.write(con, "profiles.customers", "select * from customers", ("person_id",))
            run.write(con, "profiles.permissions", "select * from permissions", ("person_id",))
            run.write(con, "segments.memberships", "select * from memberships", ("person_id",))
        for step in steps(project):
            step.run(run)
        return Done(run)

    return run_steps


@pytest.fixture
def make_destination() -> Callable[..., Destination]:
    return destination
