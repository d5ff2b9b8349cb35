"""The section on audiences: whom each finds, and what is left of it when it becomes a file.

What belongs here: sizes, funnels, reasons and overlaps of audiences. What does not: segments (groups.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from cdp_pipeline.pages.charts import Bar, bars, funnel
from cdp_pipeline.pages.figures import count, people, percent, share, things, title, words
from cdp_pipeline.pages.page import Block, Section, section, table
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.floor import left_out, length, pair, people_bar, told_steps
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
    blocks: list[Block | None] = [_sizes(facts, sizes)] if sizes else []
    for destination in sorted({r["destination"] for r in funnels}):
        blocks.append(_destination(facts, destination, [r for r in funnels if r["destination"] == destination]))
    blocks += [_reasons(facts), _overlaps(facts)]
    return section("audiences", "Audiences and their files", "Audiences", _finding(funnels, facts.floor), *blocks)


def _finding(funnels: tuple[Row, ...], floor: int) -> str:
    if not funnels:
        return "No audience has a destination yet."
    files = sum(bool(r["written"]) for r in funnels)
    exact = [r for r in funnels if _LAST in told_steps(_values(r), floor)]
    inside, out = sum(r["in_rule"] for r in exact), sum(r["written"] for r in exact)
    text = f"{files} of {things(len(funnels), 'audience file')} could be written."
    if inside:
        text += f" Of every 100 people an audience finds, {round(100 * share(out, inside))} reach its file."
    gates = (("without permission", "has_key", "permitted"), ("without a usable key", "in_rule", "has_key"))
    losses = {name: sum(r[a] - r[b] for r in funnels) for name, a, b in gates}
    most = max(losses, key=lambda name: (losses[name], name))
    return text + (f" Most of the others drop out {most}." if losses[most] > 0 else "")


def _sizes(facts: Facts, sizes: list[Row]) -> Block:
    first = is_first(sizes)
    rows_drawn = [
        people_bar(title(r["segment"]), r["people"], facts.floor, segment_note(facts, "audience", r),
                   mark=moved(facts, r, first))
        for r in sorted(sizes, key=lambda r: (-r["people"], r["segment"]))
    ]  # fmt: skip
    name, text = "People each audience finds", "Before permissions; a person may be in several."
    return Block(name, bars(name, rows_drawn), text, wide=True)


def _destination(facts: Facts, destination: str, rows: list[Row]) -> Block:
    ranked = sorted(rows, key=lambda r: (-r["in_rule"], r["audience"]))
    reasons = {_blocked(row, facts.floor) for row in rows if not row["written"]}
    is_shared = len(reasons) == 1 and len(rows) > 1 and not any(row["written"] for row in rows)
    funnels = Markup("").join(_funnel(facts, row, "" if is_shared else _blocked(row, facts.floor)) for row in ranked)
    texts = [f"Goes to {row['recipient'].replace('_', ' ')}." for row in rows[:1] if row.get("recipient")]
    texts += [f"Asks for {words(row['needs'])}." for row in rows[:1] if row.get("needs")]
    stop = Markup('<p class="stop">{}</p>').format(*reasons) if is_shared else Markup("")
    return Block(title(destination), Markup('{}<div class="funnels">{}</div>').format(stop, funnels), " ".join(texts))


def _funnel(facts: Facts, row: Row, why: str) -> Markup:
    name, steps = title(row["audience"]), told_funnel(row, facts.floor)
    if row["written"] and steps[-1].text[0] in "<>":
        why = f"{steps[-1].text.replace('<', 'Fewer than').replace('>', 'More than')} reach the file."
    elif row["written"]:
        why = f"{percent(share(row['written'], row['in_rule']))} reach the file."
    if row.get("removed"):
        why += f" {people(row['removed'], facts.floor)} are to be removed there."
    reason = Markup('<p class="{}">{}</p>').format("" if row["written"] else "stop", why) if why else ""
    chart = funnel(f"{name} at {title(row['destination'])}", steps)
    return Markup("<article><h4>{}</h4>{}{}</article>").format(name, reason, chart)


def _values(row: Row) -> list[int]:
    return [row[column] for _, column, _ in _GATES]


def told_funnel(row: Row, floor: int) -> list[Bar]:
    """The first and the last number and those between that may be told; what is lost at the others is joined."""
    values = _values(row)
    positions = told_steps(values, floor)
    steps = [people_bar(_GATES[0][0], values[0], floor)]
    for before, at in pairwise(positions if _LAST in positions else (*positions, _LAST)):
        loss, text = count(values[before] - values[at]), people(values[at], floor)
        if at not in positions:
            loss, text = pair(values[before] - values[at], values[at], floor)
        passed = range(before + 1, at + 1)
        reasons = " or ".join(_GATES[gate][2] for gate in passed if values[gate - 1] > values[gate])
        note = f"− {loss} {reasons}" if reasons else ""
        steps.append(Bar(_GATES[at][0], length(text), text, note, "c2" if at == _LAST else "c1"))
    return steps


def _blocked(row: Row, floor: int) -> str:
    return f"No file: {words(why_nothing(row, floor))}."


def why_nothing(row: Row, floor: int) -> str:
    """Why a receipt says that nothing was written; a small number of people in it is not told."""
    reason = str(row["reason"] or "nobody is left").removeprefix("nothing written: ")
    return re.sub(r"(?<=; )\d+(?= delivered before)", lambda number: people(int(number[0]), floor), reason)


def told_reasons(row: Row, reasons: Sequence[Row], floor: int) -> list[tuple[str, str]]:
    """Reason and people of everybody who is left out, the most frequent first; those that may not be told are one line."""
    values, columns = _values(row), [column for _, column, _ in _GATES]
    positions = told_steps(values, floor)
    beside = 0 if _LAST in positions else values[_LAST]
    exact: list[Row] = []
    others: list[Row] = []
    for before, at in pairwise(positions if _LAST in positions else (*positions, _LAST)):
        gates = columns[before + 1 : at + 1]
        within = [r for r in reasons if _GATE_OF.get(r["reason"], "permitted") in gates]
        hidden = left_out([r["people"] for r in within], floor, beside if at == _LAST else 0)
        for position, r in enumerate(within):
            (others if position in hidden else exact).append(r)
    lines = [(r["reason"], count(r["people"])) for r in sorted(exact, key=lambda r: (-r["people"], r["reason"]))]
    name = others[0]["reason"] if len(others) == 1 else "other reasons"
    return [*lines, (name, pair(sum(r["people"] for r in others), beside, floor)[0])] if others else lines


def _reasons(facts: Facts) -> Block | None:
    rows = []
    for row in sorted(facts.rows("audience_funnels"), key=lambda r: (r["destination"], r["audience"])):
        place = (row["destination"], row["audience"])
        own = [r for r in facts.rows("audience_reasons") if (r["destination"], r["audience"]) == place]
        rows += [(*map(title, place), title(reason), size) for reason, size in told_reasons(row, own, facts.floor)]
    head = ("Destination", "Audience", "Reason", "People")
    text = "Everybody of an audience who is left out counts once, under one reason; small groups are told together."
    return table("Why people are not in a file", head, rows, (3,), text, folded=True)


def _overlaps(facts: Facts) -> Block | None:
    sizes = {r["segment"]: r["people"] for r in facts.rows("segment_sizes") if r["kind"] == "audience"}
    rows = [
        (
            title(r["segment_a"]),
            title(r["segment_b"]),
            count(r["people"]),
            percent(r["share_of_a"]),
            percent(r["share_of_b"]),
        )
        for r in sorted(facts.rows("audience_overlaps"), key=lambda r: (-r["people"], r["segment_a"], r["segment_b"]))
        if r["people"] >= facts.floor
        and not any(0 < sizes.get(r[side], 0) - r["people"] < facts.floor for side in ("segment_a", "segment_b"))
    ]
    head = ("Audience", "Shares", "People in both", "Of the first", "Of the second")
    return table("Audiences that reach the same people", head, rows, (2, 3, 4), caption="Overlaps", folded=True)
