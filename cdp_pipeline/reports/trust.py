"""The section on how far the people of this run can be trusted: guards, accuracy, open questions, passes.

What belongs here: what kept wrong joins out, and what labels and stewards say. What does not: how
many people there are and what joined them (identities.py).
"""

from __future__ import annotations

from cdp_pipeline.pages.charts import Bar, bars, facts_table
from cdp_pipeline.pages.figures import count, day, money, people, things, words
from cdp_pipeline.pages.page import Block, Section, section, table
from cdp_pipeline.reports.facts import Facts, Row

_MEASURES = {
    "precision": "Of the records joined with one another, really one person",
    "b3_precision": "The same, each record counted once, however many its person has",
    "recall": "Of the records that are one person, joined",
    "b3_recall": "The same, each record counted once",
    "compared": "Of the records that are one person, compared at all",
    "pair_precision": "Of the compared pairs that were joined, really one person",
    "pair_recall": "Of the compared pairs that are one person, joined",
}
_BASES = {"file": "labelled records", "sample": "judged pairs"}
_DECISIONS = {"merge": "Two people who may be one", "split": "One person who may be two"}


def trust(facts: Facts) -> Section | None:
    """How far the people of this run can be trusted."""
    if not facts.rows("identity_guards"):
        return None
    blocks = (_guards(facts), _accuracy(facts), _questions(facts), _passes(facts))
    return section("trust", "How far to trust it", "Trust", _finding(facts), *blocks)


def _finding(facts: Facts) -> str:
    vetoes = [r for r in facts.rows("identity_guards") if str(r["guard"]).startswith("veto_")]
    saved = sum(r["before"] or 0 for r in vetoes)
    text = f"{things(sum(r['affected'] for r in vetoes), 'pair')} of records that look alike were kept apart, "
    text += f"as something in them contradicts; {count(saved)} of them would have joined otherwise. "
    questions = sum(r["questions"] for r in facts.rows("review_sizes"))
    if questions:
        moved = sum(r["revenue_moved"] for r in facts.rows("review_sizes"))
        text += f"{things(questions, 'decision')} would be better taken by a person"
        text += f", with {money(moved, facts.currency, short=True)} of revenue in them. " if moved else ". "
    labelled = [r for r in facts.rows("identity_accuracy") if r["part"] == "all"]
    values = {r["measure"]: r for r in labelled if r["value"] is not None}
    for precision, recall in (("precision", "recall"), ("pair_precision", "pair_recall")):
        if precision in values and recall in values:
            text += f"Labels say: {_exact(values[precision])} of what was joined is right, "
            return f"{text}and {_exact(values[recall])} of what belongs together was joined."
    few = "Too little is judged yet" if labelled else "Nobody has labelled anything yet"
    return f"{text}{few}, so how right it is cannot be told in numbers."


def _exact(row: Row) -> str:
    return "not known yet" if row["value"] is None else f"{100 * row['value']:.1f}%"


def _guards(facts: Facts) -> Block:
    rows = sorted(facts.rows("identity_guards"), key=lambda r: (str(r["unit"]), -r["affected"], str(r["guard"])))
    busy = [r for r in rows if r["affected"]]
    cells = [
        (str(r["words"]), words(str(r["unit"])), _told(r, "before", facts.floor), _told(r, "affected", facts.floor))
        for r in busy
    ]
    text = "Without it: how many there were, or how many pairs would have joined."
    text += f" {things(idle, 'further guard')} had nothing to do." if (idle := len(rows) - len(busy)) else ""
    head = ("Guard", "Unit", "Without it", "Affected")
    return Block(
        "What the guards did last night", facts_table("Guards", head, cells, (2, 3)), text, True, is_chart=False
    )


def _told(row: Row, column: str, floor: int) -> str:
    """A number of a guard; few people are not told exactly."""
    value = row[column]
    return "" if value is None else people(value, floor) if row["unit"] == "persons" else count(value)


def _accuracy(facts: Facts) -> Block | None:
    rows = [r for r in facts.rows("identity_accuracy") if r["part"] == "all" and r["measure"] in _MEASURES]
    order = list(_MEASURES)
    cells = [
        (
            _MEASURES[r["measure"]], _exact(r),
            "" if r["low"] is None else f"{100 * r['low']:.1f} to {100 * r['high']:.1f}%",
            f"{count(r['judged'])} {_BASES.get(r['labels'], '')}",
        )
        for r in sorted(rows, key=lambda r: (str(r["labels"]), order.index(r["measure"])))
    ]  # fmt: skip
    text = "The interval holds with 95 % confidence. A file of labels speaks for its own records only; judged pairs "
    text += "for what was decided before anybody judged them."
    notes = sorted({str(r["note"]).capitalize() + "." for r in rows if r["note"]})
    head = ("Share", "Value", "Interval", "Rests on")
    caption = "How right the people are, by labels"
    return table("How right it is", head, cells, (1, 2), " ".join([text, *notes]), caption=caption)


def _questions(facts: Facts) -> Block | None:
    drawn = [
        Bar(_DECISIONS.get(r["decision"], words(r["decision"])), r["questions"], count(r["questions"]), tone="c3",
            note=f"{things(r['records_moved'], 'record')} and {things(r['orders_moved'], 'order')} would move")
        for r in facts.rows("review_sizes")
    ]  # fmt: skip
    text = "identity.review_queue lists them, those that change most first; a verdict in data/verdicts.csv decides."
    return Block("Waiting for a decision", bars("Pairs that a person should look at", drawn), text) if drawn else None


def _passes(facts: Facts) -> Block | None:
    rows = sorted(facts.rows("identity_passes"), key=lambda r: r["as_of"], reverse=True)
    cells = [
        (
            day(r["as_of"]), f"{r['kind']}: {r['why']}", count(r["pairs_scored"]),
            "" if r["f1_against_incremental"] is None else f"{100 * r['f1_against_incremental']:.2f}%",
        )
        for r in rows
    ]  # fmt: skip
    head = ("Run", "What was solved", "Pairs scored", "As before")
    text = "A full pass solves everything again; as before: how far its people agree with those of the runs until then."
    return table("New records only, or everything", head, cells, (2, 3), text, caption="The last runs", wide=False)
