"""The one-cell law: whatever happens to one cell of a delivery, nobody is harmed, and nothing else changes.

What belongs here: the law, and its figures. What does not: the deliveries (one_cell_deliveries.py), what happens to
a cell (one_cell_changes.py), how many copies are run at once (one_cell_world.py), the erased (one_cell_erased.py).

A copy of a source's small delivery in which one cell was changed is held against a copy in which none was:

    no night is brought down
    nobody gains a permission           by identifier and by person; nor is an event used that was withheld
    no row is lost in silence           staged, or kept out under a reason, or counted as empty
    no optional cell takes its row      what is not required is emptied, and the row stays
    no strangers become one             persons, keys of records, and rows of one key
    the rest is equal                   every row of the other people of the copy

Hundreds of copies are read in one run. Their people share nothing, so whoever meets there is a stranger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.project.shapes import Contract
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.mutations import bound
from cdp_pipeline_tests.trust.one_cell_changes import changed, is_another
from cdp_pipeline_tests.trust.one_cell_deliveries import Copy, columns_that, deliveries
from cdp_pipeline_tests.trust.one_cell_erased import returned
from cdp_pipeline_tests.trust.one_cell_spellings import kind_of
from cdp_pipeline_tests.trust.one_cell_world import Outcome, Where, deliver, outcomes, shipped_weights

BATCH = 1_300
LAWS = {
    "stopped": "Nights that one changed cell brought down",
    "gained": "People who gained a permission by one changed cell",
    "lost": "Rows lost in silence by one changed cell",
    "taken": "Rows that one bad cell of an optional column took out",
    "joined": "Strangers who became one by one changed cell",
    "changed": "Rows of other people that one changed cell changed",
}
NOTHING = frozenset({"", "none", "null", "nan", "n/a", "-", "{}", "[]"})
"""How an empty list is written."""
SIDE_FACTS = ("identifiers", "links")
NOT_APPLIED = ("could not be applied", "refusal_not_applied")


class NotValidError(ValueError):
    """A delivery in which nothing was changed is not staged as a whole."""


@dataclass(frozen=True)
class Break:
    """A law that did not hold for a copy; `words` hold no value, `cells` are of the invented delivery."""

    law: str
    copy: Copy
    words: str

    @property
    def kind(self) -> str:
        change = self.copy.change
        assert change
        column = "+".join(sorted({kind_of(before) if before else "empty" for before, _ in change.cells.values()}))
        return f"{change.kind} of {column}{' again' if change.again else ''}"


def copies(count: int, start: int = 0) -> list[Copy]:
    """`count` changed copies over all sources in turn, from the `start`-th on; numbers tell them apart."""
    sources = list(deliveries())
    return [
        changed(sources[place % len(sources)], place // len(sources), place + 2 * len(sources))
        for place in range(start, start + count)
    ]


def untouched() -> list[Copy]:
    """Two copies of every source without a change, one of them with its second night delivered again."""
    return [Copy(source, 2 * at + again, bool(again)) for at, source in enumerate(deliveries()) for again in (0, 1)]


def judge_all(folder: Path, project: Path, given: Iterable[Copy]) -> tuple[list[Break], Counter[str]]:
    """Breaks of the law over copies run together, and how the others ended."""
    breaks: list[Break] = []
    ends: Counter[str] = Counter()
    waiting = [*given]
    while batch := waiting[:BATCH]:
        del waiting[:BATCH]
        for found, end in _judged(folder / "batch", project, batch):
            breaks += found
            ends[end] += 1
    return breaks, ends


def _judged(folder: Path, project: Path, batch: Sequence[Copy]) -> Iterator[tuple[list[Break], str]]:
    """The breaks and the end of every copy of a batch. A run that dies is tried in halves, until it is known of what."""
    sources = {copy.source for copy in batch}
    usual = [copy for copy in untouched() if copy.source in sources]
    try:
        run, owners = deliver(folder, [*usual, *batch], project)
    except Exception as error:  # noqa: BLE001 - whatever brings a night down is a break
        if len(batch) == 1:
            yield [Break("stopped", batch[0], type(error).__name__)], "broken"
        else:
            ordered = sorted(batch, key=lambda copy: copy.source)  # few sources cost little
            for half in (ordered[: len(batch) // 2], ordered[len(batch) // 2 :]):
                yield from _judged(folder, project, half)
        return
    told = outcomes(run, owners)
    before = {(copy.source, copy.again): told[copy.number] for copy in usual}
    if damaged := {source for (source, _), outcome in before.items() if not is_valid(outcome)}:
        raise NotValidError(f"one_cell.yml: these deliveries are not valid: {', '.join(sorted(damaged))}")
    for copy in batch:
        found = list(judge(copy, before[copy.source, copy.again], told[copy.number], run.project.contracts))
        yield found, _end(copy, told[copy.number], bool(found))


def is_valid(outcome: Outcome) -> bool:
    """Whether all of an untouched delivery is staged, or superseded by its own second night, and nobody is shared."""
    set_aside = {where for _, where, end, _ in outcome.kept_out if end not in ("superseded", "dropped", "mended")}
    return bool(outcome.staged) and not (set_aside or outcome.refused or outcome.unread or outcome.strangers)


def _end(copy: Copy, after: Outcome, is_broken: bool) -> str:
    if is_broken:
        return "broken"
    if is_blocked(after):
        return "blocked"
    listed = [outcome for _, _, outcome, _ in after.kept_out if outcome in ("quarantined", "mended")]
    if listed or after.unread or after.refused:
        return "said"
    assert copy.change
    return "another valid value" if is_another(copy.change) else "harmless"


def is_blocked(after: Outcome) -> bool:
    """Nothing is published until somebody has looked."""
    return any(words in reasons for _, _, _, reasons in after.kept_out for words in NOT_APPLIED)


def judge(copy: Copy, before: Outcome, after: Outcome, contracts: Mapping[str, Contract]) -> Iterator[Break]:
    """Every law that does not hold for a changed copy."""
    change = copy.change
    assert change
    is_excused = is_blocked(after) or is_another(change)
    for person, token, purpose, _ in sorted(after.permitted - before.permitted):
        if not (is_excused and person == change.person):
            yield Break("gained", copy, f"{purpose} of {token}")
    for person, purpose, _ in sorted(after.reachable - before.reachable):
        if not (is_excused and person == change.person):
            yield Break("gained", copy, f"{purpose} of a person")
    if after.withheld < before.withheld and not after.unread and not is_another(change):
        yield Break("gained", copy, "an event that was withheld")
    yield from _lost(copy, before, after)
    yield from _taken(copy, after, contracts)
    if after.strangers - before.strangers and not is_another(change):
        yield Break("joined", copy, ", ".join(sorted(after.strangers - before.strangers)))
    yield from _changed(copy, before, after)


def _lost(copy: Copy, before: Outcome, after: Outcome) -> Iterator[Break]:
    change = copy.change
    assert change
    is_renamed = any(
        (change.kind in ("garble", "swap") or old.casefold() not in new.casefold())
        and column in columns_that("names")[copy.source]
        for column, (old, new) in change.cells.items()
    )
    if after.refused or is_renamed:
        return
    emptied = {column for column, (_, text) in change.cells.items() if text.strip().casefold() in NOTHING}
    listed = after.unread | {where for _, where, outcome, _ in after.kept_out if outcome == "quarantined"}
    for table in list(before.staged):
        if emptied & columns_that("lists")[copy.source] or (emptied and table in SIDE_FACTS):
            continue  # that somebody has no further address, and an order no lines, is said by an empty cell
        gone = {where: n for where, n in (before.rows(table) - after.rows(table)).items() if where not in listed}
        named = sum(n for (_, name), n in (after.empty - before.empty).items() if name == table)
        named += max(0, after.withheld - before.withheld)  # counted under the name of a rule, for each file
        if (missing := sum(gone.values()) - named) > 0:
            yield Break("lost", copy, f"{missing} of {table}")
    gone_people = {w[0] for w, _ in before.staged["people"]} - {w[0] for w, _ in after.staged["people"]}
    said = {where[0] for where in listed} | {
        where[0] for _, where, outcome, _ in after.kept_out if outcome == "dropped"
    }
    if gone_people - said and not sum(n for (_, name), n in after.empty.items() if name == "people"):
        yield Break("lost", copy, "a person, by the row of a stranger")


def _taken(copy: Copy, after: Outcome, contracts: Mapping[str, Contract]) -> Iterator[Break]:
    for table, _, outcome, reasons in after.kept_out:
        columns = {reason.partition(":")[0] for reason in reasons.split("; ")}
        spec = {name: contracts[table].columns[name] for name in columns if name in contracts[table].columns}
        if outcome != "quarantined" or not spec or len(spec) < len(columns):
            continue
        if all(_is_optional(contracts[table], name) for name in spec):
            yield Break("taken", copy, f"{', '.join(sorted(spec))} of {table}")


def _is_optional(contract: Contract, name: str) -> bool:
    spec = contract.columns[name]
    keeps = getattr(spec, "when_bad", None) != "quarantine"
    return keeps and not spec.required and name not in contract.grain


def _changed(copy: Copy, before: Outcome, after: Outcome) -> Iterator[Break]:
    """Rows of the other people of the copy that are not what they are without the change."""
    assert copy.change
    own = copy.change.person
    for table in sorted({*before.staged, *after.staged}):
        usual, found = (_others(outcome.staged[table], own) for outcome in (before, after))
        if usual != found:
            columns = {c for one, other in zip(usual, found, strict=False) for c in one if one[c] != other.get(c)}
            yield Break("changed", copy, f"{', '.join(sorted(columns)) or 'rows'} of {table}")
    if lost := {use[-2:] for use in before.reachable - after.reachable if use[0] != own}:
        yield Break("changed", copy, f"{', '.join(sorted(purpose for purpose, _ in lost))} of a person")


def _others(rows: Iterable[tuple[Where, dict[str, str | None]]], person: str) -> list[dict[str, str | None]]:
    kept = [(where, values) for where, values in rows if where[0] != person]
    return [values for _, values in sorted(kept, key=lambda row: (row[0][0], row[0][1], repr(sorted(row[1].items()))))]


# ---- figures -----------------------------------------------------------------------------------


def measure(folder: Path, long: bool) -> list[Figure]:
    """The law over 5,200 changed cells and 800 of erased people; over 312 and 78 when there is little time."""
    project = shipped_weights(folder / "project")
    given = copies(5_200 if long else 312)
    breaks, ends = judge_all(folder, project, given)
    touched = {(copy.source, copy.change.cell.file, copy.change.cell.column) for copy in given if copy.change}
    words = f"{len(touched)} columns of {len(deliveries())} sources; "
    words += ", ".join(f"{ends[end]:,} {end}" for end in ("said", "blocked", "another valid value", "harmless"))
    figures = [
        _figure(
            promise, len(given), len({one.copy.number for one in breaks if one.law == law}), words, _told(breaks, law)
        )
        for law, promise in LAWS.items()
    ]
    back, tried = returned(folder, project, copies(800 if long else 78, len(given)))
    told = Counter(f"{copy.source}: {tables} by {copy.change.kind}" for copy, tables in back if copy.change)
    return [*figures, _figure("Erased people who came back by one changed cell", tried, len(back), "", told)]


def _figure(promise: str, tried: int, broken: int, words: str, told: Counter[str]) -> Figure:
    kinds = "".join(f"; {name}: {number}" for name, number in told.most_common(5))
    return Figure(promise, tried, broken, f"95 % bound {bound(broken, tried):.2%}; {words}{kinds}".removesuffix("; "))


def _told(breaks: Iterable[Break], law: str) -> Counter[str]:
    """What was broken, by source and kind."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for one in breaks:
        if one.law == law:
            kinds[f"{one.copy.source}: {one.words} by {one.kind}"].add(one.copy.number)
    return Counter({name: len(numbers) for name, numbers in kinds.items()})
