"""What needs attention and what to do next, each with the section that shows it.

What belongs here: turning counts into a short list of things to do. What does not: deciding whether
a run may be published (checks do).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from cdp_pipeline.pages.figures import count, listed, people, percent, things, title, words
from cdp_pipeline.reports.arrivals import rule_in_words
from cdp_pipeline.reports.audience_files import why_nothing
from cdp_pipeline.reports.facts import Facts, Row

_BAD_SHARE = 0.01
_MOST = 5


@dataclass(frozen=True)
class Notice:
    """One line: what is the case, what to do about it, and where it is shown."""

    text: str
    todo: str
    anchor: str
    is_grave: bool = False


def warnings(facts: Facts) -> tuple[Notice, ...]:
    """What went wrong, gravest first."""
    notices = [*_files(facts), *_checks(facts), *_bad_rows(facts), *_unwritten(facts)]
    return tuple(sorted(notices, key=lambda notice: not notice.is_grave))


def _files(facts: Facts) -> list[Notice]:
    rows = facts.rows("refused_files")
    if not rows:
        return []
    names = listed([str(row["file"]).rsplit("/", 1)[-1] for row in rows[:3]])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    text = f"{things(len(rows), 'file was', 'files were')} not used: {names}{more}."
    return [Notice(text, "See the reasons, mend the export and deliver it again.", "arrivals", is_grave=True)]


def _checks(facts: Facts) -> list[Notice]:
    return [
        Notice(
            f"{title(warned.description.rstrip('.'))}: not so{_extent(warned.rows)}.",
            f"{warned.fix.rstrip('.')}." if warned.fix else "",
            "checks",
            is_grave=warned.is_blocking,
        )
        for warned in facts.warned
    ]


def _extent(rows: int) -> str:
    return f" for {things(rows, 'row')}" if rows else ""


def _bad_rows(facts: Facts) -> list[Notice]:
    notices = []
    for row in facts.rows("row_outcomes"):
        if row["bad_share"] >= _BAD_SHARE:
            reasons = [
                (r["rows_kept_out"], rule_in_words(r["table_name"], r["reason"]).partition(": ")[2])
                for r in facts.rows("kept_out_reasons")
                if r["outcome"] == "quarantined"
                and (r["source_name"], r["table_name"]) == (row["source_name"], row["table_name"])
            ]
            why = f", most because {max(reasons)[1]}" if reasons else ""
            rows = f"{percent(row['bad_share'])} of the rows for {words(row['table_name'])}"
            text = f"{rows} from {title(row['source_name'])} were set aside{why}."
            notices.append(Notice(text, "Mend the export, or the rule if the values are right.", "arrivals"))
    return notices


def _unwritten(facts: Facts) -> list[Notice]:
    by_reason: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in facts.rows("audience_funnels"):
        if not row["written"] and row["in_rule"]:
            reason = words(why_nothing(row, facts.floor))
            by_reason[row["destination"], reason, _mend(row)].append(f"“{words(row['audience'])}”")
    return [
        Notice(f"{listed(names)} {_has(names)} no file for {title(destination)}: {reason}.", todo, "audiences")
        for (destination, reason, todo), names in sorted(by_reason.items())
    ]


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _mend(row: Row) -> str:
    """What lets a stopped audience through, by the gate that stopped it."""
    if not row["has_key"]:
        return "Deliver an address of these people, or choose another destination."
    if not row["permitted"]:
        return "Ask people for that permission, or take the audience off this destination."
    if not row["transfer_allowed"]:
        return "Have the transfer settled and put its basis into the destination's file."
    return "Widen the rule, or wait until more people permit it."


def next_steps(facts: Facts) -> tuple[Notice, ...]:
    """What would bring most, at most five; each is counted in this run."""
    steps = [*_consent(facts), *_second_order(facts), *_movers(facts), *_idle_audiences(facts), *_unmapped(facts)]
    return tuple(steps[:_MOST])


def _consent(facts: Facts) -> list[Notice]:
    states = {
        r["state"]: r["people"]
        for r in facts.rows("consent_coverage")
        if (r["purpose"], r["channel"]) == ("email_marketing", "email")
    }
    notices = []
    if states.get("never asked", 0) >= facts.floor:
        text = f"{count(states['never asked'])} people with an e-mail address were never asked to subscribe."
        notices.append(Notice(text, "Ask at checkout or in the account.", "consent"))
    if states.get("pending", 0) >= facts.floor:
        text = f"{count(states['pending'])} people signed up and have not confirmed."
        notices.append(Notice(text, "Send the confirmation once more.", "consent"))
    return notices


def _second_order(facts: Facts) -> list[Notice]:
    headline = facts.headline
    once = (headline.get("buyers") or 0) - (headline.get("repeat_buyers") or 0)
    if once < facts.floor:
        return []
    return [
        Notice(
            f"{count(once)} of {count(headline['buyers'])} customers ordered only once.",
            "Invite them to a second order.",
            "segments",
        )
    ]


def _movers(facts: Facts) -> list[Notice]:
    rows = [
        r for r in facts.rows("segment_sizes") if r["kind"] == "exclusive" and r["segment"] in {"at_risk", "lapsed"}
    ]
    if not any(r["previous_people"] for r in rows):
        return []
    return [
        Notice(
            f"{count(r['entered'])} people became “{words(r['segment'])}” since the last run.",
            "Win them back while they remember you.",
            "segments",
        )
        for r in rows
        if r["entered"] >= facts.floor
    ]


def _idle_audiences(facts: Facts) -> list[Notice]:
    funnels = facts.rows("audience_funnels")
    in_use = {r["audience"] for r in funnels}
    idle = [
        r for r in facts.rows("segment_sizes") if r["kind"] == "audience" and r["segment"] not in in_use and r["people"]
    ]
    if not idle:
        return []
    names = listed([f"“{words(r['segment'])}” ({people(r['people'], facts.floor)})" for r in idle])
    return [Notice(f"No destination uses {names}.", "Give the audience a destination, or let it go.", "audiences")]


def _unmapped(facts: Facts) -> list[Notice]:
    rows = facts.rows("unmapped_columns")
    sources = sorted({title(r["source"]) for r in rows})
    if not rows:
        return []
    are = "is" if len(rows) == 1 else "are"
    text = f"{things(len(rows), 'column')} of {things(len(sources), 'export')} {are} not used."
    return [Notice(text, "Look whether one would help; map it if you have a legal basis.", "arrivals")]
