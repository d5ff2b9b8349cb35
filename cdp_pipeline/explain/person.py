"""`cdp explain PERSON`: which records make a person, on what each hangs, who only looks alike, under what they are sent.

What belongs here: reading published tables and laying them out. What does not: any decision. The
text is for the terminal of someone allowed to see the person; that they looked is logged, what they saw is not.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

from duckdb import DuckDBPyConnection

from cdp_pipeline.explain import links, published, reasons
from cdp_pipeline.explain.links import Link, kept_pairs
from cdp_pipeline.explain.published import Somebody
from cdp_pipeline.explain.records import Detail, of_nodes, of_person
from cdp_pipeline.explain.words import chance, one_person
from cdp_pipeline.pages.figures import day, things
from cdp_pipeline.privacy.door import Door, Leave
from cdp_pipeline.privacy.subject import Subject

LOOKALIKES = 5
LEAST_ALIKE = -8.0  # weight below which nobody would call two people alike
Alike = tuple[str, float, str | None, str, int]
"""A person who looked alike: id, weight, veto, reason, and the record that came nearest."""
EVENTS = {"created": "first seen", "merged": "merged", "split": "split off", "repointed": "records moved",
          "retired": "ended"}  # fmt: skip


def explain_person(snapshot: Path, typed: str, door: Door, width: int = 100) -> str:
    """All about one person of a published snapshot; a retired id is followed to the living one.

    `typed` may also be a record, source:record_id. Raises InputError for somebody unknown.
    """
    con = published.open_tables(snapshot)
    who = published.find(con, typed)
    alike = _alike(con, who.person)
    leave = door.enter([Subject(person) for person in (who.person, *(row[0] for row in alike))])
    records = of_person(con, leave, who.person)
    tree = links.strongest_tree(link for link, _ in kept_pairs(con, who.person).values())
    lines = [who.note] if who.note else []
    lines += _head(con, who, records, tree)
    lines += _records(records, tree, width)
    lines += _kept_apart(con, leave, alike, width)
    lines += _destinations(con, who.person, width)
    return "\n".join([*lines, *_history(con, who.person, width)])


def _head(con: DuckDBPyConnection, who: Somebody, records: list[Detail], tree: tuple[Link, ...]) -> list[str]:
    since = con.execute("select since from identity.persons where person_id = ?", [who.person]).fetchall()[0][0]
    sources = things(len({detail.source for detail in records}), "source")
    lines = [f"Person {who.person}: {things(len(records), 'record')} of {sources}, known since {day(since)}"]
    if tree:
        weakest = min(tree, key=lambda link: link.weight)
        lines.append(f"The weakest link that holds them together: {chance(weakest.weight)}")
    elif len(records) > 1:
        lines.append("All records are copies of each other: everything that is compared is equal")
    return lines


def _records(records: list[Detail], tree: tuple[Link, ...], width: int) -> list[str]:
    """The tree: each record under the one it hangs on, copies beside the record they repeat."""
    copies: dict[int, list[Detail]] = {}
    for detail in records:
        copies.setdefault(detail.node, []).append(detail)
    order = links.hanging(tree, copies)
    reading = [detail for at in order for detail in copies[at.node]]
    numbers = {detail.record: number for number, detail in enumerate(reading, 1)}
    lines = ["", "Records, each under the one it hangs on" if len(copies) > 1 else "Records"]
    for at in order:
        first, *same = copies[at.node]
        pad = "   " * at.depth
        lines.append(f"  {pad}[{numbers[first.record]}] {first.label}{_place(first)}")
        texts = [first.line]
        if at.link:
            upper = numbers[copies[at.link.other(at.node)][0].record]
            texts.insert(0, f"hangs on [{upper}]: {_why(at.link)}; {chance(at.link.weight)}")
        lines += [f"  {pad}    {line}" for text in texts for line in wrap(text, max(width - len(pad) - 6, 40))]
        lines += [
            f"     {pad}[{numbers[copy.record]}] {copy.label}, copy of [{numbers[first.record]}]{_place(copy)}"
            for copy in same
        ]
    return lines


def _place(detail: Detail) -> str:
    return f"   {detail.place}" if detail.place else ""


def _why(link: Link) -> str:
    if link.provenance == "model" or link.reason in reasons.RULES.values():
        return link.reason
    rule = reasons.rule(link.provenance, None)
    return f"{rule} ({link.reason})" if link.provenance == "email_rule" else link.reason or rule


def _alike(con: DuckDBPyConnection, person: str) -> list[Alike]:
    return con.execute(
        """with people as (select distinct r.node_key, q.person_id from identity.records r
                           join identity.person_records q using (source, record_id)),
           mine as (select node_key from people where person_id = $person),
           others as (
               select if(node_key_l in (from mine), node_key_r, node_key_l) as node_key, veto, reason,
                      coalesce(model_weight, match_weight) as weight
               from identity.pairs where not is_kept and (node_key_l in (from mine) or node_key_r in (from mine)))
           select p.person_id, o.weight, o.veto, o.reason, o.node_key from others o join people p using (node_key)
           where p.person_id <> $person and o.weight >= $least
           qualify row_number() over (partition by p.person_id order by o.weight desc, o.node_key) = 1
           order by o.weight desc, p.person_id limit $most""",
        {"person": person, "least": LEAST_ALIKE, "most": LOOKALIKES},
    ).fetchall()


def _kept_apart(con: DuckDBPyConnection, leave: Leave, rows: list[Alike], width: int) -> list[str]:
    if not rows:
        return []
    records = of_nodes(con, leave, [row[4] for row in rows])
    lines = ["", "Looked alike, kept apart (cdp explain A B says more)"]
    for other, weight, veto, reason, node in rows:
        name = records[node].values["name"] or records[node].values["email"] or "without a name"
        ending = f"ruled out: {reasons.veto_words(veto)}" if veto else f"{one_person(weight)}, taken by itself"
        lines.append(f"  {other}  {name}")
        lines += [f"    {line}" for line in wrap(f"{reason}; {ending}", width - 4)]
    return lines


def _destinations(con: DuckDBPyConnection, person: str, width: int) -> list[str]:
    """Under which address the person is in which file, and why it is not the golden one."""
    files = con.execute(
        "select table_name from duckdb_columns() where schema_name = 'activation' and column_name = 'addresses' order by 1"
    ).fetchall()
    lines = []
    for (name,) in files:
        rows = con.execute(
            f"select audience, addresses from activation.{name} where person_id = ? and addresses is not null order by 1",
            [person],
        ).fetchall()
        for audience, addresses in rows:
            first, *rest = wrap(f"{name}, {audience}: {addresses}", width - 4)
            lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return ["", "In files, and under which address", *lines] if lines else []


def _history(con: DuckDBPyConnection, person: str, width: int) -> list[str]:
    has_evidence = "weakest_evidence" in published.columns_of(con, "identity.changes")
    evidence = "weakest_evidence" if has_evidence else "null::varchar"
    rows = con.execute(
        f"""select as_of, change, person_id, other_person_id, records, cause, {evidence} from identity.changes
            where person_id = $person or other_person_id = $person order by 1, 2, 3, 4""",
        {"person": person},
    ).fetchall()
    lines = ["", "History"] if rows else []
    for when, change, subject, other, records, cause, weakest in rows:
        beside = other if subject == person else subject
        way = f" {'into' if subject == person else 'from'} {beside}" if other else ""
        proof = f"; held by: {weakest}" if weakest else ""
        text = f"{day(when)}: {EVENTS.get(change, change)}{way}, {things(records, 'record')}: {cause}{proof}"
        first, *rest = wrap(text, width - 2)
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return lines
