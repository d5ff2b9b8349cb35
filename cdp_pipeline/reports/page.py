"""The page: facts in, one self-contained HTML text out.

What belongs here: the order of sections, the headline numbers, and what the template gets. What does
not: reading tables (facts.py), drawing and filling (pages/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdp_pipeline.pages import figures
from cdp_pipeline.pages.page import Section, fill
from cdp_pipeline.reports.advice import next_steps, warnings
from cdp_pipeline.reports.arrivals import arrivals
from cdp_pipeline.reports.audience_files import audiences
from cdp_pipeline.reports.checked import checked
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.groups import consent, segments
from cdp_pipeline.reports.identities import identities, matching
from cdp_pipeline.reports.profiles import profiles, revenue
from cdp_pipeline.reports.trust import trust
from cdp_pipeline.reports.work import further, run_times

SECTIONS: tuple[Callable[[Facts], Section | None], ...] = (
    arrivals, identities, matching, trust, profiles, revenue, segments, consent, audiences, further, checked, run_times,
)  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """One number on top of the page, and what to hold it against."""

    figure: str
    label: str
    note: str
    anchor: str


@dataclass(frozen=True)
class Page:
    """The text of the page, and what is on it."""

    html: str
    sections: int
    charts: int
    warnings: int


def render(facts: Facts) -> Page:
    """The report page of one run."""
    sections = [section for make in SECTIONS if (section := make(facts))]
    warned = warnings(facts)
    brand, day = figures.brand(facts.name), figures.day(facts.as_of)
    html = fill(
        "report.html.j2",
        f"Your customers on {day}",
        title=f"{brand} · {day}",
        brand=brand,
        as_of=day,
        facts=facts,
        tiles=tiles(facts),
        warnings=warned,
        next_steps=next_steps(facts),
        sections=sections,
    )
    charts = sum(block.is_chart for section in sections for block in section.blocks)
    return Page(html, len(sections), charts, len(warned))


def tiles(facts: Facts) -> list[Tile]:
    """The headline numbers."""
    row = facts.headline
    if not row:
        return []
    floor, currency = facts.floor, row["currency"]
    reachable = figures.part(row["reachable_by_email"], row["people"], floor)
    files = figures.things(row["files_loaded"], "file")
    return [
        Tile(figures.count(row["records"]), "customer records", f"from {files}", "arrivals"),
        Tile(figures.count(row["people"]), "people", _per(row["records"], row["people"]), "people"),
        _buyers(row, floor),
        Tile(
            figures.people(row["reachable_by_email"], floor),
            "may get your newsletter",
            f"{reachable} of all people",
            "consent",
        ),
        _revenue(row, currency),
    ]


def _buyers(row: Row, floor: int) -> Tile:
    if row["buyers"] is None:
        return Tile(figures.UNKNOWN, "customers with an order", "no source delivers orders", "arrivals")
    came_back = figures.percent(figures.share(row["repeat_buyers"], row["buyers"]))
    return Tile(figures.people(row["buyers"], floor), "customers with an order", f"{came_back} came back", "segments")


def _revenue(row: Row, currency: str) -> Tile:
    what = "net revenue, 12 months"
    if row["net_revenue"] is None:
        none = "no source delivers orders" if row["orders"] is None else f"no order is in {currency}"
        return Tile(figures.UNKNOWN, what, none, "arrivals" if row["orders"] is None else "revenue")
    year, ever = (figures.money(row[c], currency, short=True) for c in ("net_revenue_last_year", "net_revenue"))
    orders, others = row["orders"], row["orders_in_other_currencies"]
    beside = f", {figures.count(others)} in other currencies" if others else ""
    return Tile(year, what, f"{ever} in all, {figures.things(orders - others, 'order')}{beside}", "revenue")


def _per(records: int, persons: int) -> str:
    return f"{records / persons:.1f} records each" if persons else "nobody yet"
