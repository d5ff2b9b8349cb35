"""The sections on groups of people: segments, what people permit, audiences and their files.

What belongs here: sizes, movements and funnels; groups smaller than the floor are not told exactly.
What does not: single people, ever.
"""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from cdp_pipeline.reports.charts import Bar, Part, Stack, bars, facts_table, funnel, stacks
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.figures import (
    count,
    drawn,
    listed,
    part,
    people,
    percent,
    share,
    things,
    title,
    words,
)
from cdp_pipeline.reports.section import Block, Section

_STATES = (
    ("permitted", "c2", ("permitted",)),
    ("waits for confirmation", "c3", ("pending",)),
    ("basis not enough", "c4", ("needs consent", "no order with it")),
    ("said no", "c5", ("denied", "withdrawn", "objected", "complaint")),
    ("address bounces", "c5 faint", ("bounced",)),
    ("never asked", "c6", ("never asked",)),
    ("no address", "c6 faint", ("no address",)),
)


def segments(facts: Facts) -> Section | None:
    """Size of every segment and who moved since the last run."""
    rows = [r for r in facts.rows("segment_sizes") if r["kind"] == "exclusive"]
    if not rows:
        return None
    names = sorted({r["segmentation"] for r in rows})
    blocks = [_segmentation(facts, name, [r for r in rows if r["segmentation"] == name]) for name in names]
    return Section(
        "segments", "Segments and who moved", _movement(facts, rows), tuple(blocks), menu="Segments"
    )


def is_first(rows: tuple[Row, ...] | list[Row]) -> bool:
    """Whether nobody was in any segment before: nothing to compare with."""
    return not any(r["previous_people"] for r in rows)


def _movement(facts: Facts, rows: list[Row]) -> str:
    biggest = max(rows, key=lambda r: (r["people"], r["segment"]))
    text = f"The largest segment is “{words(biggest['segment'])}” with {people(biggest['people'], facts.floor)} people ({percent(biggest['share'])})."
    if is_first(rows):
        return f"{text} Movements show from the second run on."
    moved = sum(r["entered"] for r in rows)
    if not moved:
        return f"{text} Nobody changed segment since the last run."
    grown = max(rows, key=lambda r: (r["people"] - r["previous_people"], r["segment"]))
    text += f" Since the last run people moved {things(moved, 'time')} into another segment"
    gain = grown["people"] - grown["previous_people"]
    return text + (
        f"; “{words(grown['segment'])}” grew most, by {people(gain, facts.floor)}." if gain > 0 else "."
    )


def _segmentation(facts: Facts, name: str, rows: list[Row]) -> Block:
    order = [key.removeprefix(f"{name}.") for key in facts.segments if key.startswith(f"{name}.")]
    ranked = sorted(
        rows, key=lambda r: (order.index(r["segment"]) if r["segment"] in order else len(order), r["segment"])
    )
    rows_drawn = [
        Bar(title(r["segment"]), drawn(r["people"], facts.floor), people(r["people"], facts.floor),
            note=_segment_note(facts, name, r), mark=_moved(facts, r, is_first(rows)))
        for r in ranked
        if r["people"] or r["previous_people"] or r["segment"] in order
    ]  # fmt: skip
    return Block(
        title(name),
        bars(f"People in each segment of {words(name)}", rows_drawn),
        facts.segments.get(name, ""),
    )


def _segment_note(facts: Facts, name: str, row: Row) -> str:
    told = facts.segments.get(f"{name}.{row['segment']}", "")
    return told or ("No rule fits" if row["kind"] == "exclusive" else "")


def _moved(facts: Facts, row: Row, first: bool) -> str:
    if first:
        return percent(row["share"]) if row["people"] >= facts.floor else ""
    if not row["entered"] and not row["left_people"]:
        return "no change"
    entered, gone = (people(row[c], facts.floor) for c in ("entered", "left_people"))
    return " ".join(
        part
        for part in (f"▲ {entered}" if row["entered"] else "", f"▼ {gone}" if row["left_people"] else "")
        if part
    )


def consent(facts: Facts) -> Section | None:
    """What people permit."""
    rows = facts.rows("consent_coverage")
    if not rows:
        return None
    uses: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        uses[row["purpose"], row["channel"]][row["state"]] += row["people"]
    ranked = sorted(uses.items(), key=lambda item: (-item[1]["permitted"], item[0]))
    rows_drawn = [_use(facts, purpose, channel, states) for (purpose, channel), states in ranked]
    return Section(
        "consent",
        "What people permit",
        _consent_finding(facts, uses),
        (
            Block(
                "Permission by purpose and channel",
                stacks("Permission by purpose and channel", rows_drawn),
                wide=True,
            ),
        ),
        menu="Consent",
    )


def _use(facts: Facts, purpose: str, channel: str, states: dict[str, int]) -> Stack:
    whole = sum(states.values())
    parts = []
    for name, tone, members in _STATES:
        value = sum(states.get(state, 0) for state in members)
        parts.append(Part(name, drawn(value, facts.floor), people(value, facts.floor), tone))
    known = {state for _, _, members in _STATES for state in members}
    rest = sum(value for state, value in states.items() if state not in known)
    parts.append(Part("another reason", drawn(rest, facts.floor), people(rest, facts.floor), "c6"))
    permitted = states.get("permitted", 0)
    text = f"{people(permitted, facts.floor)} may"
    return Stack(
        title(purpose),
        parts,
        text,
        note=f"by {words(channel)}, {part(permitted, whole, facts.floor)} of all people"
        if permitted
        else f"by {words(channel)}",
    )


def _consent_finding(facts: Facts, uses: dict[tuple[str, str], dict[str, int]]) -> str:
    mail = uses.get(("email_marketing", "email"))
    if not mail:
        return "Nothing said is no: people count as permitted only where they said yes."
    whole, may = sum(mail.values()), mail["permitted"]
    text = f"{people(may, facts.floor)} people ({part(may, whole, facts.floor)}) may get marketing by e-mail."
    pending, unasked = mail["pending"], mail["never asked"]
    more = [f"{people(pending, facts.floor)} still have to confirm"] if pending else []
    more += [f"{people(unasked, facts.floor)} with an address were never asked"] if unasked else []
    return text + (f" {listed(more)}." if more else "") + " Nothing said is no."


def audiences(facts: Facts) -> Section | None:
    """Audiences, and what is left of each when it becomes a file."""
    sizes = [r for r in facts.rows("segment_sizes") if r["kind"] == "audience"]
    funnels = facts.rows("audience_funnels")
    if not sizes and not funnels:
        return None
    blocks = [_sizes(facts, sizes)] if sizes else []
    for destination in sorted({r["destination"] for r in funnels}):
        blocks.append(
            _destination(facts, destination, [r for r in funnels if r["destination"] == destination])
        )
    overlaps = _overlaps(facts)
    blocks += [overlaps] if overlaps else []
    return Section(
        "audiences",
        "Audiences and their files",
        _audiences_finding(facts, funnels),
        tuple(blocks),
        menu="Audiences",
    )


def _audiences_finding(facts: Facts, funnels: tuple[Row, ...]) -> str:
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
            note=_segment_note(facts, "audience", r),
            mark=_moved(facts, r, first),
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
    told = [f"Goes to {row['recipient']}." for row in rows[:1] if row.get("recipient")]
    told += [f"Asks for {words(row['needs'])}." for row in rows[:1] if row.get("needs")]
    stop = Markup('<p class="stop">{}</p>').format(*reasons) if is_shared else Markup("")
    return Block(
        title(destination), Markup('{}<div class="funnels">{}</div>').format(stop, funnels), " ".join(told)
    )


def _funnel(facts: Facts, row: Row, why: str) -> Markup:
    floor = facts.floor
    gates = [
        ("in the audience", "in_rule", ""),
        ("can be found there", "has_key", "without a usable key"),
        ("permit it", "permitted", "without permission"),
        ("may travel there", "transfer_allowed", "stopped: no basis for the transfer"),
        ("in the file", "written", "left out: too few, or the same key twice"),
    ]
    steps, before = [], row["in_rule"]
    for label, column, lost in gates:
        value = row[column]
        note = f"− {people(before - value, floor)} {lost}" if before > value else ""
        if note or column in {"in_rule", "written"}:
            steps.append(
                Bar(
                    label,
                    drawn(value, floor),
                    people(value, floor),
                    note,
                    "c2" if column == "written" else "c1",
                )
            )
        before = value
    name = title(row["audience"])
    verdict = f"{part(row['written'], row['in_rule'], floor)} reach the file." if row["written"] else why
    chart = funnel(f"{name} at {title(row['destination'])}", steps)
    removed = f" {people(row['removed'], floor)} to be removed there." if row.get("removed") else ""
    said = (
        Markup('<p class="{}">{}{}</p>').format("" if row["written"] else "stop", verdict, removed)
        if verdict + removed
        else ""
    )
    return Markup("<article><h4>{}</h4>{}{}</article>").format(name, said, chart)


def _blocked(row: Row) -> str:
    return f"No file: {words(str(row['reason'] or 'nobody is left')).removeprefix('nothing written: ')}."


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
