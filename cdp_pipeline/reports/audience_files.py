"""The section on audiences: whom each finds, and what is left of it when it becomes a file.

What belongs here: sizes, funnels, reasons and overlaps of audiences. What does not: segments (groups.py).
"""

from __future__ import annotations

from markupsafe import Markup

from cdp_pipeline.reports.charts import Bar, bars, facts_table, funnel
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.figures import count, drawn, people, percent, share, things, title, words
from cdp_pipeline.reports.groups import is_first, moved, segment_note
from cdp_pipeline.reports.section import Block, Section

_GATES = (
    ("in the audience", "in_rule", ""),
    ("can be found there", "has_key", "without a usable key"),
    ("permit it", "permitted", "without permission"),
    ("may travel there", "transfer_allowed", "stopped: no basis for the transfer"),
    ("enough people", "above_minimum", "left out: too few for a file"),
    ("in the file", "written", "with the key of somebody else"),
)


def audiences(facts: Facts) -> Section | None:
    """Audiences, and what is left of each when it becomes a file."""
    sizes = [r for r in facts.rows("segment_sizes") if r["kind"] == "audience"]
    funnels = facts.rows("audience_funnels")
    if not sizes and not funnels:
        return None
    blocks = [_sizes(facts, sizes)] if sizes else []
    for destination in sorted({r["destination"] for r in funnels}):
        blocks.append(_destination(facts, destination, [r for r in funnels if r["destination"] == destination]))
    blocks += [block for block in (_reasons(facts), _overlaps(facts)) if block]
    return Section("audiences", "Audiences and their files", _finding(funnels), tuple(blocks), menu="Audiences")


def _finding(funnels: tuple[Row, ...]) -> str:
    if not funnels:
        return "No audience has a destination yet."
    written = [r for r in funnels if r["written"]]
    inside, out = sum(r["in_rule"] for r in funnels), sum(r["written"] for r in funnels)
    text = f"{len(written)} of {things(len(funnels), 'audience file')} could be written."
    if inside:
        text += f" Of every 100 people an audience finds, {round(100 * share(out, inside))} reach its file."
    gates = (("without permission", "has_key", "permitted"), ("without a usable key", "in_rule", "has_key"))
    lost = {name: sum(r[a] - r[b] for r in funnels) for name, a, b in gates}
    most = max(lost, key=lambda name: (lost[name], name))
    return text + (f" Most of the others drop out {most}." if lost[most] > 0 else "")


def _sizes(facts: Facts, sizes: list[Row]) -> Block:
    first = is_first(sizes)
    rows_drawn = [
        Bar(
            title(r["segment"]),
            drawn(r["people"], facts.floor),
            people(r["people"], facts.floor),
            note=segment_note(facts, "audience", r),
            mark=moved(facts, r, first),
        )
        for r in sorted(sizes, key=lambda r: (-r["people"], r["segment"]))
    ]
    return Block(
        "People each audience finds",
        bars("People each audience finds", rows_drawn),
        "Before permissions; a person may be in several.",
        wide=True,
    )


def _destination(facts: Facts, destination: str, rows: list[Row]) -> Block:
    ranked = sorted(rows, key=lambda r: (-r["in_rule"], r["audience"]))
    reasons = {_blocked(row) for row in rows if not row["written"]}
    is_shared = len(reasons) == 1 and len(rows) > 1 and not any(row["written"] for row in rows)
    funnels = Markup("").join(_funnel(facts, row, "" if is_shared else _blocked(row)) for row in ranked)
    told = [f"Goes to {row['recipient'].replace('_', ' ')}." for row in rows[:1] if row.get("recipient")]
    told += [f"Asks for {words(row['needs'])}." for row in rows[:1] if row.get("needs")]
    stop = Markup('<p class="stop">{}</p>').format(*reasons) if is_shared else Markup("")
    return Block(title(destination), Markup('{}<div class="funnels">{}</div>').format(stop, funnels), " ".join(told))


def _funnel(facts: Facts, row: Row, why: str) -> Markup:
    name = title(row["audience"])
    if row["written"] >= facts.floor:
        why = f"{percent(share(row['written'], row['in_rule']))} reach the file."
    elif row["written"]:
        why = f"Fewer than {facts.floor} reach the file."
    if row.get("removed"):
        why += f" {people(row['removed'], facts.floor)} are to be removed there."
    said = Markup('<p class="{}">{}</p>').format("" if row["written"] else "stop", why) if why else ""
    chart = funnel(f"{name} at {title(row['destination'])}", _steps(facts, row))
    return Markup("<article><h4>{}</h4>{}{}</article>").format(name, said, chart)


def _steps(facts: Facts, row: Row) -> list[Bar]:
    """The gates at which somebody stayed behind, and the first and the last number."""
    steps: list[Bar] = []
    before, lost = row["in_rule"], ""
    for label, column, reason in _GATES:
        value = row[column]
        lost = f"− {people(before - value, facts.floor)} {reason}" if before > value else lost
        if column in {"in_rule", "written"} or (lost and value):
            tone = "c2" if column == "written" else "c1"
            steps.append(Bar(label, drawn(value, facts.floor), people(value, facts.floor), lost, tone))
            lost = ""
        before = value
    return steps


def _blocked(row: Row) -> str:
    return f"No file: {words(str(row['reason'] or 'nobody is left')).removeprefix('nothing written: ')}."


def _reasons(facts: Facts) -> Block | None:
    ranked = sorted(
        facts.rows("audience_reasons"),
        key=lambda r: (r["destination"], r["audience"], -max(r["people"], facts.floor), r["reason"]),
    )
    table = [
        (title(r["destination"]), title(r["audience"]), title(r["reason"]), people(r["people"], facts.floor))
        for r in ranked
    ]
    if not table:
        return None
    return Block(
        "Why people are not in a file",
        facts_table("Why people are not in a file", ("Destination", "Audience", "Reason", "People"), table, (3,)),
        "Everybody of an audience who is left out counts once, under one reason.",
        wide=True,
        folded=True,
        is_chart=False,
    )


def _overlaps(facts: Facts) -> Block | None:
    rows = [r for r in facts.rows("audience_overlaps") if r["people"] >= facts.floor]
    if not rows:
        return None
    ranked = sorted(rows, key=lambda r: (-r["people"], r["segment_a"], r["segment_b"]))
    head = ("Audience", "Shares", "People in both", "Of the first", "Of the second")
    table = [
        (
            title(r["segment_a"]),
            title(r["segment_b"]),
            count(r["people"]),
            percent(r["share_of_a"]),
            percent(r["share_of_b"]),
        )
        for r in ranked
    ]
    return Block(
        "Audiences that reach the same people",
        facts_table("Overlaps", head, table, (2, 3, 4)),
        wide=True,
        folded=True,
        is_chart=False,
    )
