"""The section on the checks of the run: how many there are, what they found, whose it is and what mends it.

What belongs here: verdicts that were there when the page was written; checks on the page itself and on the
run as a whole come after it. What does not: the page with every check (checks_page.py), and judging.
"""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from cdp_pipeline.pages.charts import facts_table
from cdp_pipeline.pages.figures import count, people, things, title
from cdp_pipeline.pages.page import Block, Section
from cdp_pipeline.project.project import LAYERS
from cdp_pipeline.reports.checks_page import CHECKS_PAGE, result
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.run.manifest import Verdict


def checked(facts: Facts) -> Section | None:
    """What the checks of this run found."""
    if not facts.checks:
        return None
    found = [(name, verdict) for name, verdict in facts.checks if not verdict.passed]
    finding = f"{things(len(facts.checks), 'check')} looked at the tables of this run; "
    finding += f"{things(len(found), 'check')} found something." if found else "all of them hold."
    blocks = (_found(found), _unusual(facts), _drift(facts), _by_layer(facts))
    return Section("checks", "What was checked", finding, tuple(block for block in blocks if block), menu="Checks")


def _found(found: list[tuple[str, Verdict]]) -> Block | None:
    if not found:
        return None
    rows = [
        (verdict.description or title(name), _severity(verdict), result(verdict), verdict.owner, verdict.fix)
        for name, verdict in sorted(found, key=lambda item: (not item[1].is_blocking, item[0]))
    ]
    head = ("What must hold", "Severity", "Result", "Owner", "To mend")
    return Block("What they found", facts_table("Checks that found something", head, rows), wide=True, is_chart=False)


def _unusual(facts: Facts) -> Block | None:
    rows = [
        (
            str(row["subject"]),
            str(row["measure"]),
            *(_number(row, when, facts.floor) for when in ("amount_now", "amount_usually")),
        )
        for row in facts.rows("unusual_numbers")
    ]
    table = facts_table("Not as usual", ("What", "Measure", "Now", "Usually"), rows, (2, 3))
    text = "Held against the median of up to seven days before."
    return Block("Not as usual", table, text, wide=True, is_chart=False) if rows else None


def _number(row: Row, column: str, floor: int) -> str:
    value = row[column]
    if row["kind"] == "share":
        return f"{100 * value:.1f}%"
    return people(round(value), floor) if value >= 10 or value == round(value) else f"{value:.1f}"


def _drift(facts: Facts) -> Block | None:
    rows = [
        (title(row["source"]), row["new_columns"] or "–", row["gone_columns"] or "–", row["renamed_columns"] or "–")
        for row in facts.rows("delivery_drift")
        if row["new_columns"] or row["gone_columns"]
    ]
    table = facts_table("Columns that changed", ("Source", "New", "Gone", "Renamed, perhaps"), rows)
    text = "The newest delivery beside the seven before it."
    return Block("Columns of the exports that changed", table, text, wide=True, is_chart=False) if rows else None


def _by_layer(facts: Facts) -> Block:
    layers = [(verdict.asset.split(".")[0], verdict) for _, verdict in facts.checks]
    total = Counter(layer for layer, _ in layers)
    blocking = Counter(layer for layer, verdict in layers if verdict.is_blocking)
    broken = Counter(layer for layer, verdict in layers if not verdict.passed)
    rows = [
        (title(layer), count(total[layer]), count(blocking[layer]), count(broken[layer]))
        for layer in LAYERS
        if total[layer]
    ]
    table = facts_table("Checks by layer", ("Layer", "Checks", "Stop publication", "Found something"), rows, (1, 2, 3))
    link = Markup(
        '<p><a href="{}">Every check with its severity, owner, result and cure</a>, those on the finished '
        "warehouse included.</p>"
    ).format(CHECKS_PAGE)
    return Block("Checks by layer", link + table, wide=True, is_chart=False)


def _severity(verdict: Verdict) -> str:
    return "stops publication" if verdict.is_blocking else "warning"
