"""The section on what came in and what was refused.

What belongs here: files, rows and the reasons why some were not used. What does not: checks of the
run as a whole (advice.py).
"""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from cdp_pipeline.pages.charts import Bar, Part, Stack, bars, stacks
from cdp_pipeline.pages.figures import count, listed, percent, share, things, title, words
from cdp_pipeline.pages.page import Block, Section, section, table
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
    return section(
        "arrivals", "What came in", "Arrivals", _finding(facts),
        _rows_by_source(deliveries), _outcomes(facts), _reasons(facts), _files_left_out(facts), _details(facts),
        _unmapped(facts),
    )  # fmt: skip


def _finding(facts: Facts) -> str:
    deliveries = facts.rows("deliveries")
    loaded = sum(row["files"] for row in deliveries if row["status"] == "loaded")
    rows = sum(row["rows_loaded"] for row in deliveries if row["status"] == "loaded")
    out = sum(row["files"] for row in deliveries if row["status"] in {"refused", "unclaimed", "unready"})
    copies = sum(row["files"] for row in deliveries if row["status"] in {"duplicate", "superseded"})
    set_aside = sum(row["rows_rejected"] for row in deliveries) + sum(
        r["rows_quarantined"] for r in facts.rows("row_outcomes")
    )
    parts = [f"{things(loaded, 'file')} with {things(rows, 'row')} went in"]
    parts.append(f"{things(out, 'file was', 'files were')} left out" if out else "no file was refused")
    text = f"{parts[0]}, and {parts[1]}."
    if copies:
        text += f" {things(copies, 'more is a copy or an older snapshot', 'more are copies or older snapshots')}."
    return text + (
        f" {things(set_aside, 'row was', 'rows were')} set aside, each with its reason."
        if set_aside
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
    for name, sums in sorted(totals.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        whole = sum(sums.values())
        if whole and whole == sums["rows_used"]:
            clean.append(words(name))
        elif whole:
            parts = [
                Part(what, sums[column], f"{count(sums[column])} ({percent(share(sums[column], whole))})", tone)
                for what, column, tone in _OUTCOMES
            ]
            share_used = f"{percent(share(sums['rows_used'], whole))} used"
            drawn.append(Stack(title(name), parts, share_used, note=things(whole, "row")))
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
    head, many = ("File", "What is wrong", "Reason"), len(rows)
    name, caption = f"Files left out ({many})", "Files left out"
    return table(name, head, rows, caption=caption, wide=many < 40, folded=many > 8)


def _details(facts: Facts) -> Block | None:
    head = (
        "Source", "Core table", "Read", "Erased", "Other rows", "Empty", "Dropped", "Older version", "Set aside", "Used",
        "Of these mended", "Share set aside",
    )  # fmt: skip
    columns = (
        "rows_read", "rows_erased", "rows_not_mapped", "rows_empty", "rows_dropped", "rows_superseded",
        "rows_quarantined", "rows_used", "rows_mended",
    )  # fmt: skip
    rows = [
        (title(r["source_name"]), title(r["table_name"]), *(count(r[c]) for c in columns), percent(r["bad_share"]))
        for r in facts.rows("row_outcomes")
    ]
    name, caption = "Every row accounted for, by source and table", "Every row accounted for"
    return table(name, head, rows, range(2, 12), caption=caption, folded=True)


def _unmapped(facts: Facts) -> Block | None:
    names: dict[str, list[str]] = defaultdict(list)
    for row in facts.rows("unmapped_columns"):
        names[row["source"]].append(row["column_name"])
    rows = [(title(source), ", ".join(columns)) for source, columns in sorted(names.items())]
    many, caption = sum(map(len, names.values())), "Columns nobody mapped"
    text = "What is not mapped is not kept. Map a column in its source file when it has a use and a legal basis."
    return table(f"{caption} ({many})", ("Source", "Columns"), rows, text=text, caption=caption, folded=True)
