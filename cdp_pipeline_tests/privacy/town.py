"""A town of four people whose exports are written by hand, and nights over it up to staging.

What belongs here: the people, the files, one night of raw, erasure and staging. What does not: assertions.

Ann and Bart Bos share a phone number and the address of their household; Cor is a stranger; Dee sends a ticket
that quotes Ann's address.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from cdp_pipeline.privacy import steps as privacy
from cdp_pipeline.privacy.request import Asked, forget
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import perform
from cdp_pipeline.sources import steps as sources
from cdp_pipeline.staging import steps as staging
from cdp_pipeline_tests.models.runner import SQL, fill, types

KEY = b"the key of the town"
FIRST_DAY = date(2026, 6, 1)
SOURCES = ("hubspot_contacts", "shopify_orders", "zendesk_tickets")
CONTACTS = [
    ("51", "Ann", "Bos", "ann@mail.example", "+31612345678", "No"),
    ("52", "Bart", "Bos", "bart@mail.example", "+31612345678", "Yes"),
    ("53", "Cor", "Dam", "cor@mail.example", "+31687654321", "Yes"),
]
ORDERS = [("#1001", "ann@mail.example", "Ann Bos", "10.00"), ("#1002", "bart@mail.example", "Bart Bos", "20.00")]
TICKETS = [
    ("700001", "900051", "Ann Bos", "ann@mail.example", "Where is my order?"),
    ("700002", "900054", "Dee Ree", "dee@mail.example", "I am a friend of Ann@Mail.example, she said"),
]
PERSONS = {
    ("hubspot", "51"): "Pann", ("hubspot", "52"): "Pbart", ("hubspot", "53"): "Pcor",
    ("shopify", "order:#1001"): "Pann", ("shopify", "order:#1002"): "Pbart",
    ("zendesk", "900051"): "Pann", ("zendesk", "900054"): "Pdee",
}  # fmt: skip


@dataclass
class Town:
    """Exports and a data folder; `night` runs up to staging, `publish` makes it the published state."""

    folder: Path
    project: Project
    nights: int = 0
    run: Run | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    def deliver(self, spelled: Callable[[str], str] = lambda text: text) -> None:
        """Every export of the town, in another spelling if one is given, as files of the next night."""
        day = FIRST_DAY + timedelta(days=self.nights)
        for name, text in (
            (f"hubspot/hubspot-crm-exports-contacts-{day}.csv", _contacts(day)),
            (f"shopify/orders_export_{day}.csv", _orders()),
            (f"zendesk/tickets-{day}.csv", _tickets(day)),
        ):
            path = self.exports / str(day) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(spelled(text), encoding="utf-8")
            path.with_name(path.name + ".done").touch()

    def night(self, key: bytes = KEY) -> Run:
        """Raw, erasure and staging of one night, on what is published."""
        as_of = FIRST_DAY + timedelta(days=self.nights)
        self.nights += 1
        run = Run(
            self.project, self.exports, self.data, as_of, f"night{self.nights}", key, published_snapshot(self.data)
        )
        open_run(run)
        (arrived, *others) = sources.steps(self.project)
        for step in (arrived, *privacy.steps(self.project), *others):
            perform(run, step)
        first = ("staging.replays", "staging.people")  # the other core tables read these
        for step in sorted(staging.steps(self.project), key=lambda step: step.names[0] not in first):
            if step.names[0] == "staging.people":
                self._corrections(run)
            perform(run, step)
        self.run = run
        return run

    def publish(self) -> Path:
        """Publish the last night, with identity as the town knows it."""
        assert self.run is not None
        run = self.run
        people = self.rows("staging.people", "source, record_id")
        given = {
            "identity.person_records": [
                {"source": s, "record_id": r, "person_id": PERSONS[s, r]} for s, r in people if (s, r) in PERSONS
            ]
        }
        with run.connect() as con:
            con.execute("create schema identity")
            for table in ("identity.person_records", "identity.redirects", "identity.device_owners"):
                con.execute(f"create table {table} ({types(table)})")
                fill(con, table, given.get(table, ()))
                run.write(con, table, f"select * from {table}", ())
        snapshot = self.data / "snapshots" / publish(run, ())
        self.run = replace(run, at=snapshot)
        return snapshot

    def copy(self, folder: Path) -> Town:
        """The published town in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        assert self.run is not None
        snapshot = folder / "data" / "snapshots" / self.run.folder.name
        return replace(self, folder=folder, run=replace(self.run, data=folder / "data", at=snapshot))

    def forget(self, text: str, key: bytes = KEY) -> Asked:
        return forget(self.data, text, key, FIRST_DAY, self.project)

    def rows(self, table: str, columns: str, run: Run | None = None) -> list[tuple[object, ...]]:
        """Rows of a table of the last night, sorted."""
        run = run or self.run
        assert run is not None
        with run.connect(table) as con:
            return con.execute(f"select {columns} from {table} order by all").fetchall()

    def texts(self, layer: str) -> str:
        """Every text of the Parquet files of a layer of the last night."""
        from cdp_pipeline_tests.trust.everything import texts

        assert self.run is not None
        return "\n".join(text for place, text in texts(self.run.folder / layer) if ":" in place).casefold()

    def _corrections(self, run: Run) -> None:
        from cdp_pipeline.privacy import corrections

        for step in corrections.steps(self.project):
            perform(run, step)


def town(folder: Path, **settings: object) -> Town:
    """The town after its first night, published."""
    project = read_project(SQL)
    project = replace(
        project,
        sources={name: project.sources[name] for name in SOURCES},
        settings=project.settings.model_copy(update=settings),
    )
    made = Town(folder, project)
    made.deliver()
    made.night()
    made.publish()
    return made


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _contacts(day: date) -> str:
    header = ("Record ID", "First Name", "Last Name", "Email", "Phone Number", "Create Date", "Last Modified Date",
              "Personalised ads consent", "Personalised ads consent date", "Postal Code", "Street Address")  # fmt: skip
    return _csv(
        header,
        [
            (
                i,
                first,
                last,
                mail,
                phone,
                "2024-01-01 10:00",
                "2024-01-01 10:00",
                ads,
                "2024-01-01 10:00",
                "1011AB",
                "Dam 1",
            )
            for i, first, last, mail, phone, ads in CONTACTS
        ],
    )


def _orders() -> str:
    header = ("Name", "Email", "Financial Status", "Currency", "Subtotal", "Total", "Created at", "Lineitem quantity",
              "Lineitem name", "Lineitem price", "Lineitem sku", "Billing Name", "Refunded Amount", "Discount Code")  # fmt: skip
    return _csv(
        header,
        [
            (
                name,
                mail,
                "paid",
                "EUR",
                total,
                total,
                "2026-05-01 12:00:00 +0200",
                1,
                "Lamp",
                total,
                "L1",
                who,
                "0.00",
                "HELLO-ANN",
            )
            for name, mail, who, total in ORDERS
        ],
    )


def _tickets(day: date) -> str:
    header = ("Id", "Requester id", "Requester", "Requester email", "Subject", "Created at", "Updated at", "Status")
    return _csv(
        header,
        [
            (ticket, requester, who, mail, subject, "2026-05-02 10:00", "2026-05-02 10:00", "open")
            for ticket, requester, who, mail, subject in TICKETS
        ],
    )
