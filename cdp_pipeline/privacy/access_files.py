"""The files of an access request: JSON for machines, CSV for spreadsheets, a page to read.

What belongs here: writing them, with sources, purposes, recipients and rights beside the data. What does
not: finding the rows (access.py).

The folder is readable by its writer alone. JSON holds every value as it is; cells of the CSV that a
spreadsheet would run as a formula have an apostrophe before them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.spreadsheet import guard
from cdp_pipeline.pages.charts import bullets
from cdp_pipeline.pages.page import Block, Section, fill, section, table
from cdp_pipeline.privacy.access import Held, Row
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.whole_file import write_whole

RIGHTS = (
    "To have wrong data corrected, and to have data erased.",
    "To have the use of data restricted, and to object to it.",
    "To take the data along, and to withdraw any consent at any time.",
    "To complain to a supervisory authority.",
)
_PROVIDED = ("raw.", "staging.")


def write_access(folder: Path, project: Project, holdings: Held, as_of: str, *, portable: bool = False) -> list[Path]:
    """Write access.json, access.html and csv/<table>.csv into a new folder; returns what was written.

    With `portable` only what the person gave, as it came and as it was mapped (Art. 20). Raises InputError
    when the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty: name a folder that is not there yet")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "csv").mkdir(mode=0o700, exist_ok=True)
    tables = {name: rows for name, rows in holdings.tables.items() if not portable or name.startswith(_PROVIDED)}
    facts = described(project, holdings, as_of)
    document = json.dumps({**facts, "data": tables}, indent=1, ensure_ascii=False, default=_plain) + "\n"
    texts = {folder / "access.json": document, folder / "access.html": page(facts, tables)}
    texts |= {folder / "csv" / f"{name}.csv": as_csv(rows) for name, rows in tables.items()}
    for path, text in texts.items():
        write_whole(path, text, "access")
    return sorted(texts)


def described(project: Project, holdings: Held, as_of: str) -> dict[str, object]:
    """What a controller tells beside the data: sources, purposes, recipients, how long, which rights."""
    sources = sorted(
        {name.removeprefix("raw.") for name in holdings.tables if name.startswith("raw.")} & set(project.sources)
    )
    member = [
        str(row["segment"]) for row in holdings.tables.get("segments.memberships", ()) if row.get("kind") == "audience"
    ]
    groups = sorted({str(row["segmentation"]) for row in holdings.tables.get("segments.memberships", ())})
    recipients = sorted({str(row["destination"]) for row in holdings.exports})
    return {
        "as_of": as_of,
        "person_id": holdings.subject.person_id or "",
        "records": [{"source": source, "record_id": record_id} for source, record_id in holdings.records],
        "records_withheld": holdings.left_out,
        "sources": [
            {"source": name, "what": s.description, "legal_basis": s.legal_basis, "owner": s.owner}
            for name in sources
            for s in (project.sources[name],)
        ],
        "purposes": [
            {"group": name, "purpose": shape.purpose, "legal_basis": shape.legal_basis, "what": shape.description}
            for name in groups
            if name in project.segmentations
            for shape in (project.segmentations[name],)
        ]
        + [
            {"group": name, "purpose": shape.purpose, "legal_basis": shape.legal_basis, "what": shape.description}
            for name in sorted(set(member) & set(project.audiences))
            for shape in (project.audiences[name],)
        ],
        "recipients": [
            {
                "destination": name,
                "recipient": shape.transfer.recipient if shape.transfer else "",
                "country": shape.transfer.country if shape.transfer else "",
                "basis": shape.transfer.basis if shape.transfer else "",
                "document": shape.transfer.document if shape.transfer else "",
            }
            for name in recipients
            if name in project.destinations
            for shape in (project.destinations[name],)
        ],
        "exports": list(holdings.exports),
        "profiling": "Groups are assigned by the rules named under purposes; no decision with legal effect is made by them.",
        "kept_for": f"Exports stay for {project.settings.keep_parts_days} days after they left the drop zone; "
        f"{project.settings.keep_snapshots} published states are kept.",
        "rights": list(RIGHTS),
    }


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV for people: a header, every cell text, formulas defused."""
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([guard(column) for column in columns])
    writer.writerows([guard(_text(row.get(column))) for column in columns] for row in rows)
    return text.getvalue()


def page(facts: Mapping[str, object], tables: Mapping[str, Sequence[Row]]) -> str:
    """One page that needs nothing else."""
    lead = [f"As of {facts['as_of']}"]
    if facts["records_withheld"]:
        count = facts["records_withheld"]
        lead.append(f"{count} records are not in here: they only look like yours, and nothing proves it.")
    sections = []
    for name in ("sources", "purposes", "recipients", "exports"):
        rows = facts[name]
        assert isinstance(rows, list)
        sections.append(_section(name.capitalize(), rows) if rows else Section(name, name.capitalize(), "None."))
    sections += [
        Section("how-long", "How long", str(facts["kept_for"])),
        Section("profiling", "Profiling", str(facts["profiling"])),
        section("rights", "Your rights", "", "", Block("", bullets(RIGHTS))),
    ]
    sections += [_section(name, rows) for name, rows in tables.items()]
    return fill("page.html.j2", "What is held on you", lead=lead, sections=sections)


def _section(title: str, rows: Sequence[Row]) -> Section:
    """A table of rows; columns that are empty in all of them are left out."""
    columns = [c for c in dict.fromkeys(column for row in rows for column in row) if any(row.get(c) for row in rows)]
    return section(
        title.lower(), title, "", "", table("", columns, [[_text(row.get(c)) for c in columns] for row in rows])
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return _plain(value) if isinstance(value, date | datetime) else str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
