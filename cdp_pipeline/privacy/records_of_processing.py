"""The record of processing activities (GDPR Art. 30) and the facts for an impact assessment (Art. 35).

What belongs here: turning dbt_like_sql into words and tables, as Markdown and as a page. What does not: any
legal judgement; what the YAML does not say is shown as not filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdp_pipeline.pages.charts import bullets, facts_table
from cdp_pipeline.pages.page import Block, Section, fill
from cdp_pipeline.project.countries import eea_countries
from cdp_pipeline.project.days import today
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Audience, Destination, Segmentation

_EMPTY = "not filled in"
_MEASURES = (
    "Ids and pseudonyms are keyed (HMAC-SHA-256); the key stays outside of the data.",
    "Analysts get a masked warehouse; folders and files are for one account only.",
    "Permission, transfer and minimum size are checked for every file that leaves; a missing permission means no.",
    "Erased people leave a keyed mark that keeps them out of later exports.",
    "Logs, error messages and check results hold counts, file names and line numbers, and no value of a person.",
    "What is published changes in one step, after blocking checks; earlier states are kept for roll-back.",
    "Reading in clear through `cdp`, and handing out data on a person, is logged.",
)


@dataclass(frozen=True)
class Part:
    """A heading, sentences, and a table (header first) or nothing."""

    title: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()


def parts(project: Project) -> tuple[Part, ...]:
    """The record, from what the project says; the same project gives the same words."""
    return (
        _controller(project),
        _sources(project),
        _data(project),
        _purposes(project),
        _recipients(project),
        _time(project),
        Part("How it is protected", _MEASURES),
        _assessment(project),
    )


def as_markdown(project: Project) -> str:
    """The record as Markdown."""
    lines = ["# Record of processing activities", "", "Made from `dbt_like_sql`. It states facts and gives no advice."]
    for part in parts(project):
        lines += ["", f"## {part.title}", ""]
        lines += [f"- {sentence}" for sentence in part.sentences]
        if part.rows:
            head, *rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in part.rows]
            lines += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
            lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_page(project: Project) -> str:
    """The record as one HTML page that needs nothing else."""
    sections = []
    for part in parts(project):
        rows = facts_table("", part.rows[0], part.rows[1:]) if part.rows else ""
        body = bullets([sentence.replace("`", "") for sentence in part.sentences]) + rows
        sections.append(Section(part.title.lower().replace(" ", "-"), part.title, "", (Block("", body),)))
    lead = ["Made from the settings of this platform. It states facts and gives no advice."]
    return fill("page.html.j2", "Record of processing activities", lead=lead, sections=sections)


# ---- the parts -------------------------------------------------------------------------------


def _controller(project: Project) -> Part:
    controller = project.settings.controller
    rows = (
        ("controller", controller.name or _EMPTY),
        ("contact", controller.contact or _EMPTY),
        ("data protection officer", controller.privacy_officer or _EMPTY),
        ("platform", project.settings.name),
    )
    hint = () if controller.name else ("Fill in `controller` in `project.yml`.",)
    return Part("Who is responsible", hint, (("", ""), *rows))


def _sources(project: Project) -> Part:
    rows = [
        (
            name,
            _words(source.description),
            project.system(name),
            source.legal_basis,
            source.owner,
            ", ".join(source.into),
        )
        for name, source in sorted(project.sources.items())
    ]
    return Part(
        "Where data comes from",
        ("Only columns that a mapping names are kept. The legal basis is what the source's owner states.",),
        (("source", "what", "system", "legal basis", "owner", "becomes"), *rows),
    )


def _data(project: Project) -> Part:
    rows = []
    for name, contract in sorted(project.contracts.items()):
        marked = {
            kind: ", ".join(c for c, spec in contract.columns.items() if spec.sensitivity == kind) or "none"
            for kind in ("personal", "special")
        }
        rows.append((name, _words(contract.description), marked["personal"], marked["special"]))
    return Part(
        "Which data, on whom",
        (
            "Customers, prospects, subscribers, visitors who agreed, and people who asked customer service.",
            "Columns marked special may tell of health, belief and the like; rules use them only with a stated basis.",
        ),
        (("table", "what", "personal columns", "special columns"), *rows),
    )


def _purposes(project: Project) -> Part:
    shapes: list[tuple[str, Segmentation | Audience]] = [
        *sorted(project.segmentations.items()), *sorted(project.audiences.items())
    ]  # fmt: skip
    rows = [
        (name, _words(shape.description), shape.purpose, shape.legal_basis, shape.owner, _where_to(project, name))
        for name, shape in shapes
    ]
    identity = (
        "identity", "Records of one person are joined, by rules and by likeness", "one record of each customer",
        "as the sources", "data team", "",
    )  # fmt: skip
    return Part(
        "What it is used for", (), (("use", "what", "purpose", "legal basis", "owner", "goes to"), identity, *rows)
    )


def _where_to(project: Project, audience: str) -> str:
    shape = project.audiences.get(audience)
    destinations = set(shape.destinations) if shape else set()
    destinations |= {name for name, destination in project.destinations.items() if audience in destination.audiences}
    return ", ".join(sorted(destinations))


def _recipients(project: Project) -> Part:
    rows = []
    for name, destination in sorted(project.destinations.items()):
        transfer = destination.transfer
        where = transfer.country if transfer else ""
        dates = f"from {transfer.valid_from} to {transfer.valid_until or 'further notice'}" if transfer else ""
        rows.append(
            (
                name,
                transfer.recipient if transfer else "no transfer named: no file",
                where,
                transfer.basis if transfer else "",
                transfer.document if transfer else "",
                dates,
                _columns_of(destination),
                " and ".join(f"{need.purpose} through {need.channel}" for need in destination.needs),
            )
        )
    head = ("destination", "recipient", "country", "transfer basis", "document", "valid", "columns", "permission asked")
    return Part("Who receives it", (), (head, *rows))


def _columns_of(destination: Destination) -> str:
    return ", ".join(f"{column.name}{' (hashed)' if column.hash else ''}" for column in destination.columns)


def _time(project: Project) -> Part:
    settings = project.settings
    sentences = (
        f"What was read from an export: {settings.keep_parts_days} days after its file left the drop zone.",
        "Exports that hold permissions stay longer, since a withdrawal must not expire.",
        f"Published states: the newest {settings.keep_snapshots}.",
        "Exports in the drop zone: their owner decides.",
        "Requests, keyed marks of erased people, certificates: until the controller deletes them.",
    )
    retention = getattr(settings, "retention", None) or {}
    rows = [(name, f"{days} days") for name, days in sorted(dict(retention).items())]
    return Part("How long it is kept", sentences, (("table", "kept"), *rows) if rows else ())


def _assessment(project: Project) -> Part:
    systems = {project.system(name) for name in project.sources}
    countries = {d.transfer.country for d in project.destinations.values() if d.transfer}
    outside = sorted(countries - eea_countries(project, today(project.settings.zone)))
    special = _listed(
        f"{table}.{column}"
        for table, contract in sorted(project.contracts.items())
        for column, spec in contract.columns.items()
        if spec.sensitivity == "special"
    )
    profiling = _listed(sorted(project.segmentations))
    rows = (
        ("criterion", "fact"),
        ("evaluation or scoring", f"yes: {profiling}" if project.segmentations else "no"),
        ("automated decisions with legal effect", "none are made by the platform"),
        ("systematic monitoring", "visits and events of those who agreed" if "events" in project.contracts else "no"),
        ("special categories", f"columns that may hold them: {special}" if special else "no column is marked"),
        ("data sets matched or combined", f"{len(project.sources)} exports of {len(systems)} systems"),
        ("vulnerable people", f"known to be under {project.settings.adult_age}: no marketing, no score"),
        ("new technology", "records are joined by likeness; doubtful pairs go to a person, and accuracy is measured"),
        ("transfers outside the European Economic Area", ", ".join(outside) or "none"),
        (
            "rights",
            "access, erasure, correction, restriction and objection have a command and a register with due dates",
        ),
    )
    return Part("Facts for an impact assessment", ("Scale: see `cdp snapshots` and the report for the counts.",), rows)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _words(text: str) -> str:
    return " ".join(text.split())


def unfinished(project: Project) -> Sequence[str]:
    """What a privacy officer still has to fill in, one line each."""
    controller = project.settings.controller
    missing = [name for name in ("name", "contact", "privacy_officer") if not getattr(controller, name)]
    problems = [f"project.yml: controller: {name} is not filled in" for name in missing]
    return problems + [
        f"6_activation/{name}.yml: no transfer: nothing can leave"
        for name, destination in sorted(project.destinations.items())
        if destination.transfer is None
    ]
