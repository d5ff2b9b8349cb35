"""The sections on the run itself, and on report tables that have no section of their own.

What belongs here: time per stage, and any further SELECT in dbt_like_sql/7_reports. What does not:
what the run found out.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cdp_pipeline.pages.charts import Bar, bars, facts_table
from cdp_pipeline.pages.figures import count, day, people, seconds, share, things, title
from cdp_pipeline.pages.page import Block, Section, section
from cdp_pipeline.reports.facts import Facts

DRAWN = frozenset({
    "audience_funnels", "audience_overlaps", "audience_reasons", "blocked_identifiers", "consent_coverage", "deliveries",
    "delivery_drift", "delivery_history", "measurements", "unusual_numbers",
    "fill_rates", "fill_rates_by_system", "headlines", "household_sizes", "identity_accuracy",
    "identity_changes", "identity_flow", "identity_guards", "identity_passes",
    "kept_out_reasons", "match_evidence", "match_weights", "person_sizes", "refused_files",
    "revenue_by_month", "review_sizes", "row_outcomes", "segment_sizes", "systems", "unmapped_columns"
})  # fmt: skip
_MOST_ROWS = 50
_LAYERS = {
    "raw": "reading the files", "staging": "sorting good rows from bad", "quarantine": "keeping the bad ones",
    "identity": "finding who is who", "profiles": "building profiles",
    "segments": "putting people in segments",
    "activation": "writing audience files", "reports": "counting for this page",
}  # fmt: skip


def run_times(facts: Facts) -> Section | None:
    """Time per stage."""
    if not facts.stages:
        return None
    total = sum(stage.seconds for stage in facts.stages)
    reused = sum(stage.reused for stage in facts.stages)
    new = sum(stage.new for stage in facts.stages)
    drawn = [
        Bar(title(s.name), s.seconds, seconds(s.seconds) if s.new else "unchanged",
            note=_LAYERS.get(s.name, ""), mark=things(s.new, "table") if s.new else "", tone="c4")
        for s in facts.stages
    ]  # fmt: skip
    slow = [Bar(name, value, seconds(value), tone="c4") for name, value in facts.slowest]
    slowest = max(facts.stages, key=lambda s: (s.seconds, s.name))
    finding = f"{things(new, 'table')} were made in {seconds(total)}"
    finding += f"; {count(reused)} had not changed and stayed." if reused else "."
    if total:
        part = round(100 * share(slowest.seconds, total))
        finding += f" {part}% of the time went into {_LAYERS.get(slowest.name, slowest.name)}."
    return section(
        "run", "How long it took", "Run", finding,
        Block("Time per stage", bars("Seconds of work per stage", drawn)),
        Block("Slowest tables", bars("Seconds of work of the slowest tables", slow)) if slow else None,
    )  # fmt: skip


def further(facts: Facts) -> Section | None:
    """Report tables a project adds: each with its description, its rows, and bars where they fit."""
    blocks = [_table(facts, name) for name in sorted(facts.tables) if name not in DRAWN]
    if not blocks:
        return None
    return section("more", "More reports", "More", f"{things(len(blocks), 'further table')} of this project.", *blocks)


def _table(facts: Facts, name: str) -> Block:
    rows = facts.rows(name)
    head = list(rows[0]) if rows else []
    numeric = [
        i for i, column in enumerate(head) if all(isinstance(r[column], int | float | Decimal | None) for r in rows)
    ]
    cells = [[_cell(facts, column, row[column]) for column in head] for row in rows[:_MOST_ROWS]]
    text = facts.about.get(name, "") + (
        f" The first {_MOST_ROWS} of {count(len(rows))} rows." if len(rows) > _MOST_ROWS else ""
    )
    return Block(
        title(name), facts_table(title(name), [title(h) for h in head], cells, numeric), text, wide=True, is_chart=False
    )


def _cell(facts: Facts, column: str, value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return (
                people(value, facts.floor)
                if column.endswith(("people", "persons", "customers", "buyers"))
                else count(value)
            )
        case Decimal() | float():
            return f"{value:,.2f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return day(value)
    return str(value)
