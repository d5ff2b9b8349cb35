"""The section on audiences: whom each finds, and what is left of it when it becomes a file.

What belongs here: sizes, funnels, reasons and overlaps of audiences. What does not: segments (groups.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from cdp_pipeline.pages.charts import Bar, bars, facts_table, funnel
from cdp_pipeline.pages.figures import count, drawn, people, percent, share, things, title, words
from cdp_pipeline.pages.page import Block, Section
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.floor import left_out, length, pair, told_steps
from cdp_pipeline.reports.groups import is_first, moved, segment_note

_GATES = (
    ("in the audience", "in_rule", ""),
    ("can be found there", "has_key", "without a usable key"),
    ("permit it", "permitted", "without permission"),
    ("may travel there", "transfer_allowed", "stopped: no basis for the transfer"),
    ("enough people", "above_minimum", "left out: too few for a file"),
    ("in the file", "written", "with the key of somebody else"),
)
_LAST = len(_GATES) - 1
_GATE_OF = {
    "no usable key": "has_key",
    "transfer not allowed": "transfer_allowed",
    "below the minimum size": "above_minimum",
    "same key as another person": "written",
}
"""The gate that a reason of activation.reasons belongs to; every other reason is one of permission."""


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
    return Section(
        "audiences", "Audiences and their files", _finding(funnels, facts.floor), tuple(blocks), menu="Audiences"
    )


def _finding(funnels: tuple[Row, ...], floor: int) -> str:
    if not funnels:
        return "No audience has a destination yet."
    written = [r for r in funnels if r["written"]]
    told = [r for r in funnels if _LAST in told_steps(_values(r), floor)]
    inside, out = sum(r["in_rule"] for r in told), sum(r["written"] for r in told)
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
    reasons = {_blocked(row, facts.floor) for row in rows if not row["written"]}
    is_shared = len(reasons) == 1 and len(rows) > 1 and not any(row["written"] for row in rows)
    funnels = Markup("").join(_funnel(facts, row, "" if is_shared else _blocked(row, facts.floor)) for row in ranked)
    told = [f"Goes to {row['recipient'].replace('_', ' ')}." for row in rows[:1] if row.get("recipient")]
    told += [f"Asks for {words(row['needs'])}." for row in rows[:1] if row.get("needs")]
    stop = Markup('<p class="stop">{}</p>').format(*reasons) if is_shared else Markup("")
    return Block(title(destination), Markup('{}<div class="funnels">{}</div>').format(stop, funnels), " ".join(told))


def _funnel(facts: Facts, row: Row, why: str) -> Markup:
    name, steps = title(row["audience"]), told_funnel(row, facts.floor)
    if row["written"] and steps[-1].text[0] in "<>":
        why = f"{steps[-1].text.replace('<', 'Fewer than').replace('>', 'More than')} reach the file."
    elif row["written"]:
        why = f"{percent(share(row['written'], row['in_rule']))} reach the file."
    if row.get("removed"):
        why += f" {people(row['removed'], facts.floor)} are to be removed there."
    said = Markup('<p class="{}">{}</p>').format("" if row["written"] else "stop", why) if why else ""
    chart = funnel(f"{name} at {title(row['destination'])}", steps)
    return Markup("<article><h4>{}</h4>{}{}</article>").format(name, said, chart)


def _values(row: Row) -> list[int]:
    return [row[column] for _, column, _ in _GATES]


def told_funnel(row: Row, floor: int) -> list[Bar]:
    """The first and the last number and those between that may be told; what is lost at the others is joined."""
    values = _values(row)
    told = told_steps(values, floor)
    steps = [Bar(_GATES[0][0], drawn(values[0], floor), people(values[0], floor))]
    for before, at in pairwise(told if _LAST in told else (*told, _LAST)):
        lost, text = count(values[before] - values[at]), people(values[at], floor)
        if at not in told:
            lost, text = pair(values[before] - values[at], values[at], floor)
        passed = range(before + 1, at + 1)
        reasons = " or ".join(_GATES[gate][2] for gate in passed if values[gate - 1] > values[gate])
        note = f"− {lost} {reasons}" if reasons else ""
        steps.append(Bar(_GATES[at][0], length(text), text, note, "c2" if at == _LAST else "c1"))
    return steps


def _blocked(row: Row, floor: int) -> str:
    return f"No file: {words(why_nothing(row, floor))}."


def why_nothing(row: Row, floor: int) -> str:
    """Why a receipt says that nothing was written; a small number of people in it is not told."""
    said = str(row["reason"] or "nobody is left").removeprefix("nothing written: ")
    return re.sub(r"(?<=; )\d+(?= delivered before)", lambda found: people(int(found[0]), floor), said)


def told_reasons(row: Row, reasons: Sequence[Row], floor: int) -> list[tuple[str, str]]:
    """Reason and people of everybody who is left out, the most frequent first; those that may not be told are one line."""
    values, columns = _values(row), [column for _, column, _ in _GATES]
    told = told_steps(values, floor)
    beside = 0 if _LAST in told else values[_LAST]
    shown: list[Row] = []
    joined: list[Row] = []
    for before, at in pairwise(told if _LAST in told else (*told, _LAST)):
        gates = columns[before + 1 : at + 1]
        within = [r for r in reasons if _GATE_OF.get(r["reason"], "permitted") in gates]
        hidden = left_out([r["people"] for r in within], floor, beside if at == _LAST else 0)
        shown += [r for position, r in enumerate(within) if position not in hidden]
        joined += [r for position, r in enumerate(within) if position in hidden]
    lines = [(r["reason"], count(r["people"])) for r in sorted(shown, key=lambda r: (-r["people"], r["reason"]))]
    name = joined[0]["reason"] if len(joined) == 1 else "other reasons"
    return [*lines, (name, pair(sum(r["people"] for r in joined), beside, floor)[0])] if joined else lines


def _reasons(facts: Facts) -> Block | None:
    ranked = sorted(facts.rows("audience_funnels"), key=lambda r: (r["destination"], r["audience"]))
    table = []
    for row in ranked:
        place = (row["destination"], row["audience"])
        own = [r for r in facts.rows("audience_reasons") if (r["destination"], r["audience"]) == place]
        table += [(*map(title, place), title(reason), told) for reason, told in told_reasons(row, own, facts.floor)]
    if not table:
        return None
    return Block(
        "Why people are not in a file",
        facts_table("Why people are not in a file", ("Destination", "Audience", "Reason", "People"), table, (3,)),
        "Everybody of an audience who is left out counts once, under one reason; small groups are told together.",
        wide=True,
        folded=True,
        is_chart=False,
    )


def _overlaps(facts: Facts) -> Block | None:
    sizes = {r["segment"]: r["people"] for r in facts.rows("segment_sizes") if r["kind"] == "audience"}
    rows = [
        r
        for r in facts.rows("audience_overlaps")
        if r["people"] >= facts.floor
        and not any(0 < sizes.get(r[side], 0) - r["people"] < facts.floor for side in ("segment_a", "segment_b"))
    ]
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
