"""The section on the checks of the run: how many there are, what they found, whose it is and what mends it.

What belongs here: verdicts that were there when the page was written; checks on the page itself and on the
run as a whole come after it. What does not: the page with every check (checks_page.py), and judging.
"""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from cdp_pipeline.pages.charts import facts_table
from cdp_pipeline.pages.figures import count, people, things, title
from cdp_pipeline.pages.page import Block, Section, section, table
from cdp_pipeline.reports.checks_page import CHECKS_PAGE, result
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.run.manifest import Verdict


def checked(facts: Facts) -> Section | None:
    """What the checks of this run found."""
    if not facts.checks:
        return None
    failed = [(name, verdict) for name, verdict in facts.checks if not verdict.passed]
    finding = f"{things(len(facts.checks), 'check')} looked at the tables of this run; "
    finding += f"{things(len(failed), 'check')} found something." if failed else "all of them hold."
    blocks = (_failed(failed), _unusual(facts), _drift(facts), _by_layer(facts))
    return section("checks", "What was checked", "Checks", finding, *blocks)


def _failed(failed: list[tuple[str, Verdict]]) -> Block | None:
    rows = [
        (verdict.description or title(name), _severity(verdict), result(verdict), verdict.owner, verdict.fix)
        for name, verdict in sorted(failed, key=lambda item: (not item[1].is_blocking, item[0]))
    ]
    head = ("What must hold", "Severity", "Result", "Owner", "To mend")
    return table("What they found", head, rows, caption="Checks that found something")


def _unusual(facts: Facts) -> Block | None:
    rows = [
        (
            str(row["subject"]),
            str(row["measure"]),
            *(_number(row, when, facts.floor) for when in ("amount_now", "amount_usually")),
        )
        for row in facts.rows("unusual_numbers")
    ]
    text = "Held against the median of up to seven days before."
    return table("Not as usual", ("What", "Measure", "Now", "Usually"), rows, (2, 3), text)


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
    text = "The newest delivery beside the seven before it."
    head = ("Source", "New", "Gone", "Renamed, perhaps")
    return table("Columns of the exports that changed", head, rows, text=text, caption="Columns that changed")


def _by_layer(facts: Facts) -> Block:
    layers = [(verdict.asset.split(".")[0], verdict) for _, verdict in facts.checks]
    total = Counter(layer for layer, _ in layers)
    blocking = Counter(layer for layer, verdict in layers if verdict.is_blocking)
    failing = Counter(layer for layer, verdict in layers if not verdict.passed)
    rows = [
        (title(layer), count(total[layer]), count(blocking[layer]), count(failing[layer]))
        for layer in (stage.name for stage in facts.stages)
        if total[layer]
    ]
    cells = facts_table("Checks by layer", ("Layer", "Checks", "Stop publication", "Found something"), rows, (1, 2, 3))
    link = Markup(
        '<p><a href="{}">Every check with its severity, owner, result and cure</a>, those on the finished '
        "warehouse included.</p>"
    ).format(CHECKS_PAGE)
    return Block("Checks by layer", link + cells, wide=True, is_chart=False)


def _severity(verdict: Verdict) -> str:
    return "stops publication" if verdict.is_blocking else "warning"
