"""The section on what came in and what was refused.

What belongs here: files, rows and the reasons why some were not used. What does not: checks of the
run as a whole (advice.py).
"""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from cdp_pipeline.pages.charts import Bar, Part, Stack, bars, facts_table, stacks
from cdp_pipeline.pages.figures import count, listed, percent, share, things, title, words
from cdp_pipeline.pages.page import Block, Section
from cdp_pipeline.reports.facts import Facts, Row

_OUTCOMES = (
    ("used", "rows_used", "c1"),
    ("older version of a row", "rows_superseded", "c6"),
    ("dropped by a rule", "rows_dropped", "c3"),
    ("breaks a rule", "rows_quarantined", "c5"),
)
_STATUS = {
    "refused": "not what it should be",
    "unclaimed": "claimed by no source",
    "unready": "still being written",
    "duplicate": "delivered before",
    "superseded": "older snapshot",
}


def arrivals(facts: Facts) -> Section | None:
    """What came in: rows by source, what became of them, and why some were refused."""
    deliveries = facts.rows("deliveries")
    if not deliveries:
        return None
    blocks = [
        _rows_by_source(deliveries),
        _outcomes(facts),
        _reasons(facts),
        _files_left_out(facts),
        _details(facts),
        _unmapped(facts),
    ]
    return Section("arrivals", "What came in", _finding(facts), tuple(b for b in blocks if b), menu="Arrivals")


def _finding(facts: Facts) -> str:
    deliveries = facts.rows("deliveries")
    loaded = sum(row["files"] for row in deliveries if row["status"] == "loaded")
    rows = sum(row["rows_loaded"] for row in deliveries if row["status"] == "loaded")
    out = sum(row["files"] for row in deliveries if row["status"] in {"refused", "unclaimed", "unready"})
    copies = sum(row["files"] for row in deliveries if row["status"] in {"duplicate", "superseded"})
    broken = sum(row["rows_rejected"] for row in deliveries) + sum(
        r["rows_quarantined"] for r in facts.rows("row_outcomes")
    )
    parts = [f"{things(loaded, 'file')} with {things(rows, 'row')} went in"]
    parts.append(f"{things(out, 'file was', 'files were')} left out" if out else "no file was refused")
    text = f"{parts[0]}, and {parts[1]}."
    if copies:
        text += f" {things(copies, 'more is a copy or an older snapshot', 'more are copies or older snapshots')}."
    return text + (
        f" {things(broken, 'row was', 'rows were')} set aside, each with its reason."
        if broken
        else " Every row keeps to the rules."
    )


def _rows_by_source(deliveries: tuple[Row, ...]) -> Block:
    loaded = sorted((r for r in deliveries if r["status"] == "loaded"), key=lambda r: (-r["rows_loaded"], r["source"]))
    drawn = [
        Bar(title(r["source"]), r["rows_loaded"], count(r["rows_loaded"]), note=things(r["files"], "file"),
            mark=_not_kept(r))
        for r in loaded
    ]  # fmt: skip
    text = "Withheld rows carry a flag that forbids to keep them." if any(r["rows_withheld"] for r in loaded) else ""
    return Block("Rows from each source", bars("Rows from each source", drawn), text)


def _not_kept(row: Row) -> str:
    kinds = (("rows_rejected", "unreadable"), ("rows_withheld", "withheld"))
    return ", ".join(f"{count(row[column])} {why}" for column, why in kinds if row[column])


def _outcomes(facts: Facts) -> Block | None:
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in facts.rows("row_outcomes"):
        for _, column, _tone in _OUTCOMES:
            totals[row["table_name"]][column] += row[column]
    drawn, clean = [], []
    for table, sums in sorted(totals.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        whole = sum(sums.values())
        if whole and whole == sums["rows_used"]:
            clean.append(words(table))
        elif whole:
            parts = [
                Part(name, sums[column], f"{count(sums[column])} ({percent(share(sums[column], whole))})", tone)
                for name, column, tone in _OUTCOMES
            ]
            drawn.append(
                Stack(
                    title(table), parts, f"{percent(share(sums['rows_used'], whole))} used", note=things(whole, "row")
                )
            )
    text = f"Every row was used for {listed(clean)}." if clean else ""
    return Block("What became of the rows", stacks("What became of the rows", drawn), text) if totals else None


def rule_in_words(table: str, reason: str) -> str:
    """A broken rule as people say it: `ordered_at: missing` → orders: ordered at is missing."""
    column, _, rule = reason.partition(": ")
    if rule in {"", column}:
        return f"{words(table)}: breaks {words(column)}"
    return f"{words(table)}: {words(column)} {rule if rule.startswith('does ') else f'is {rule}'}"


def _reasons(facts: Facts) -> Block | None:
    totals: dict[str, int] = defaultdict(int)
    sources: dict[str, set[str]] = defaultdict(set)
    for row in facts.rows("kept_out_reasons"):
        if row["outcome"] == "quarantined":
            reason = rule_in_words(row["table_name"], row["reason"])
            totals[reason] += row["rows_kept_out"]
            sources[reason].add(title(row["source_name"]))
    top = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:5]
    if not top:
        return None
    drawn = [
        Bar(reason[:1].upper() + reason[1:], rows, count(rows), note=listed(sorted(sources[reason])), tone="c5")
        for reason, rows in top
    ]
    more = f"The {len(drawn)} most frequent of {len(totals)}." if len(totals) > len(drawn) else ""
    return Block("Why rows were set aside", bars("Why rows were set aside", drawn), text=more)


def _files_left_out(facts: Facts) -> Block | None:
    rows = [
        (Markup("<code>{}</code>").format(row["file"]), _STATUS.get(row["status"], str(row["status"])), row["reason"])
        for row in facts.rows("refused_files")
    ]
    if not rows:
        return None
    head = ("File", "What is wrong", "Reason")
    return Block(
        f"Files left out ({len(rows)})",
        facts_table("Files left out", head, rows),
        wide=len(rows) < 40,
        folded=len(rows) > 8,
        is_chart=False,
    )


def _details(facts: Facts) -> Block | None:
    head = (
        "Source",
        "Core table",
        "Read",
        "Erased",
        "Other rows",
        "Empty",
        "Dropped",
        "Older version",
        "Set aside",
        "Used",
        "Of these mended",
        "Share set aside",
    )
    columns = (
        "rows_read", "rows_erased", "rows_not_mapped", "rows_empty", "rows_dropped", "rows_superseded",
        "rows_quarantined", "rows_used", "rows_mended",
    )  # fmt: skip
    rows = [
        (
            title(row["source_name"]),
            title(row["table_name"]),
            *(count(row[c]) for c in columns),
            percent(row["bad_share"]),
        )
        for row in facts.rows("row_outcomes")
    ]
    if not rows:
        return None
    table = facts_table("Every row accounted for", head, rows, numeric=range(2, 12))
    return Block("Every row accounted for, by source and table", table, folded=True, wide=True, is_chart=False)


def _unmapped(facts: Facts) -> Block | None:
    found: dict[str, list[str]] = defaultdict(list)
    for row in facts.rows("unmapped_columns"):
        found[row["source"]].append(row["column_name"])
    if not found:
        return None
    rows = [(title(source), ", ".join(names)) for source, names in sorted(found.items())]
    many = sum(len(names) for names in found.values())
    text = "What is not mapped is not kept. Map a column in its source file when it has a use and a legal basis."
    return Block(
        f"Columns nobody mapped ({many})",
        facts_table("Columns nobody mapped", ("Source", "Columns"), rows),
        text,
        True,
        True,
        False,
    )
