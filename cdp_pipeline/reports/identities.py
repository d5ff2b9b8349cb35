"""The sections on people: how records became people, and why records match.

What belongs here: counts of records and people, match weights, evidence. What does not: what is
known about people (profiles.py).
"""

from __future__ import annotations

from collections import defaultdict

from cdp_pipeline.pages.charts import Bar, Part, Stack, bars, stacks, weights
from cdp_pipeline.pages.figures import bits, count, part, people, percent, share, things, times, title, words
from cdp_pipeline.pages.flow import Link, Node, flow
from cdp_pipeline.pages.page import Block, Section, section, table
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.floor import people_bar, people_part

_TONES = ("c4", "c2", "c1", "c3")
_MANY = 6
_USUAL = 0.25  # a sign that at least this share of the pairs of one person shows is worth a sentence
_EVIDENCE = {
    "model": "Enough signs together", "copy": "The same in every field", "login": "The same account",
    "email_rule": "The same e-mail, alone",
}  # fmt: skip
_CHANGES = {
    "created": "new people", "merged": "people found to be one", "split": "people found to be two",
    "repointed": "records moved to another person", "retired": "people without records left",
}  # fmt: skip


def identities(facts: Facts) -> Section | None:
    """From records to people."""
    sizes = facts.rows("person_sizes")
    if not sizes:
        return None
    blocks = (_flow(facts), _systems(facts), _sizes(facts), _households(facts), _changes(facts))
    return section("people", "From records to people", "People", _finding(sizes, facts), *blocks)


def _finding(sizes: tuple[Row, ...], facts: Facts) -> str:
    records = sum(row["records"] * row["people"] for row in sizes)
    persons = sum(row["people"] for row in sizes)
    shared = sum(row["people"] for row in sizes if row["systems"] > 1)
    systems = len(facts.rows("systems"))
    text = f"{things(records, 'record')} from {things(systems, 'system')} turned out to be "
    text += things(persons, "person", "people")
    text += f", {records / persons:.1f} records each." if persons else "."
    if shared:
        text += f" {percent(share(shared, persons))} of them are known to more than one system: "
        text += "no single tool sees them whole."
    return text


def _flow(facts: Facts) -> Block | None:
    rows = facts.rows("identity_flow")
    if not rows:
        return None
    sources = sorted(
        {r["source"] for r in rows}, key=lambda s: (-sum(r["records"] for r in rows if r["source"] == s), s)
    )
    ends = sorted({min(r["systems"], 4) for r in rows})
    persons: dict[int, int] = defaultdict(int)
    for row in facts.rows("person_sizes"):
        persons[min(row["systems"], 4)] += row["people"]
    streams: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        streams[sources.index(row["source"]), ends.index(min(row["systems"], 4))] += row["records"]
    left = [
        Node(title(s), f"{count(sum(r['records'] for r in rows if r['source'] == s))} records", "c6") for s in sources
    ]
    right = [Node(_known_in(n), f"{people(persons[n], facts.floor)} people", _TONES[n - 1]) for n in ends]
    links = [
        Link(i, j, value, f"{title(sources[i])} → {_known_in(ends[j])}: {count(value)} records")
        for (i, j), value in sorted(streams.items())
    ]
    picture = flow("Records of each system, and how many systems know the person behind them", left, right, links)
    text = "Left: records in each system. Right: in how many systems their people are known."
    return Block("Records flow together", picture, text)


def _known_in(systems: int) -> str:
    return ("one system", "two systems", "three systems", "four or more")[systems - 1]


def _systems(facts: Facts) -> Block | None:
    rows = sorted(facts.rows("systems"), key=lambda r: (-r["people"], r["source"]))
    floor = facts.floor
    rows_drawn = [
        Stack(
            title(r["source"]),
            [
                people_part("also known elsewhere", r["people"] - r["people_only_here"], floor, "c1"),
                people_part("known only here", r["people_only_here"], floor, "c4"),
            ],
            f"{part(r['people_only_here'], r['people'], floor)} only here",
            note=f"{people(r['people'], floor)} people in {things(r['records'], 'record')}",
        )
        for r in rows
    ]
    chart = stacks("People of each system, known elsewhere or only there", rows_drawn)
    return Block("What each system adds", chart) if rows else None


def _sizes(facts: Facts) -> Block:
    totals: dict[int, int] = defaultdict(int)
    for row in facts.rows("person_sizes"):
        totals[min(row["records"], _MANY)] += row["people"]
    whole = sum(totals.values())
    rows_drawn = [
        people_bar(f"{_MANY} or more records" if n == _MANY else things(n, "record"), value, facts.floor, tone="c2",
                   mark=part(value, whole, facts.floor))
        for n, value in sorted(totals.items())
    ]  # fmt: skip
    return Block("Records of one person", bars("People by number of records", rows_drawn))


def _households(facts: Facts) -> Block | None:
    rows = facts.rows("household_sizes")
    whole = sum(r["households"] for r in rows)
    if not whole:
        return None
    rows_drawn = [
        people_bar(things(r["people"], "person", "people"), r["households"], facts.floor, tone="c3",
                   mark=part(r["households"], whole, facts.floor))
        for r in rows
    ]  # fmt: skip
    text = "People known at one address, mostly with one last name. They stay people of their own."
    return Block("Households", bars("Households by number of people", rows_drawn), text)


def _changes(facts: Facts) -> Block | None:
    rows = facts.rows("identity_changes")
    if all(r["change"] == "created" for r in rows):
        return None
    rows_drawn = [
        Bar(_CHANGES.get(r["change"], words(r["change"])).capitalize(), r["events"], count(r["events"]), tone="c3")
        for r in rows
    ]
    text = "Person ids last: each change is an event with its cause in identity.changes."
    return Block("What changed in this run", bars("Changes of person ids in this run", rows_drawn), text)


def matching(facts: Facts) -> Section | None:
    """Why records match: the weight of every agreement and difference."""
    rows = facts.rows("match_weights")
    if not rows:
        return None
    usual = [r for r in rows if r["m"] >= _USUAL] or rows
    best = max(usual, key=lambda r: (r["match_weight"], r["label"]))
    worst = min(rows, key=lambda r: (r["match_weight"], r["label"]))
    finding = (
        f"The strongest everyday sign that two records are one person: {_sign(best)}, seen "
        f"{times(best['match_weight'])} times as often among records of one person as among strangers. "
        f"The strongest sign against: {_sign(worst)}."
    )
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["comparison"]].append(row)
    ordered = sorted(groups.items(), key=lambda item: (-max(r["match_weight"] for r in item[1]), item[0]))
    rows_drawn = [
        (title(name), [Bar(r["label"], float(r["match_weight"]), bits(r["match_weight"])) for r in _by_weight(levels)])
        for name, levels in ordered
    ]
    text = (
        "Weights of independent signs add up. +1 doubles the odds that two records are one person, "
        "+10 makes them a thousand times higher, −1 halves them."
    )
    chart = weights("Match weight of every level of every comparison", rows_drawn)
    blocks = (Block("Match weights", chart, text, wide=True), _evidence(facts), _blocked(facts))
    return section("matching", "Why records match", "Matching", finding, *blocks)


def _sign(row: Row) -> str:
    name, label = words(row["comparison"]), str(row["label"])
    return label if name.split()[-1] in label else f"{name}, {label}"


def _by_weight(levels: list[Row]) -> list[Row]:
    return sorted(levels, key=lambda r: (-r["match_weight"], r["level"]))


def _evidence(facts: Facts) -> Block | None:
    totals: dict[str, dict[bool, int]] = defaultdict(lambda: {True: 0, False: 0})
    for row in facts.rows("match_evidence"):
        totals[row["provenance"]][bool(row["is_kept"])] += row["pairs"]
    if not totals:
        return None
    rows_drawn = [
        Stack(
            _EVIDENCE.get(name, title(name)),
            [
                Part("one person", pairs[True], count(pairs[True]), "c2"),
                Part("turned down", pairs[False], count(pairs[False]), "c6"),
            ],
            f"{percent(share(pairs[True], pairs[True] + pairs[False]))} accepted",
            note=things(pairs[True] + pairs[False], "pair"),
        )
        for name, pairs in sorted(totals.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    ]
    return Block("What brought records together", stacks("Pairs of records by evidence", rows_drawn))


def _blocked(facts: Facts) -> Block | None:
    rows = [
        (words(r["kind"]), r["reason"], count(r["identifiers"]), people(r["records"], facts.floor))
        for r in facts.rows("blocked_identifiers")
    ]
    head = ("Kind", "Why it links nobody", "Values", "Records")
    text = "Placeholders and shared identifiers do not link people."
    caption = "Identifiers that link nobody"
    return table("Too common to prove anything", head, rows, (2, 3), text, caption=caption, wide=False)
