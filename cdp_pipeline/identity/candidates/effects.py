"""What the guards did tonight: one row a guard in identity.guards.

What belongs here: counting and wording. What does not: the guards themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching

Row = tuple[str, str, int | None, int, str]  # guard, unit, before, affected, words
VETOES = {
    "birth_date": "Pairs kept apart because their birth dates differ",
    "first_name": "Pairs kept apart because their first names differ",
    "verdict": "Pairs that a steward calls different persons",
    "clean_source": "Pairs of one clean source",
    "account": "Pairs of one account id that contradict one another; the id is not followed",
}


def add_guards(con: DuckDBPyConnection, matching: Matching, numbers: Mapping[str, int | float | str]) -> None:
    """Table `guards` (columns of identity.guards) from the tables of the engine and its numbers."""
    rows = [*_identifiers(con), *_pairs(con, matching), *_groups(numbers), *_persons(con, matching), *_verdicts(con)]
    names, units, before, affected, words = zip(*rows, strict=True)
    table = pa.table(
        {
            "guard": pa.array(names, pa.string()),
            "unit": pa.array(units, pa.string()),
            "before": pa.array(before, pa.int64()),
            "affected": pa.array(affected, pa.int64()),
            "words": pa.array(words, pa.string()),
        }
    )
    con.register("guards_arrow", table)
    con.execute("create or replace temp table guards as from guards_arrow order by guard")
    con.unregister("guards_arrow")


def _one(con: DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    return tuple(int(value or 0) for value in con.execute(sql).fetchall()[0])


def _identifiers(con: DuckDBPyConnection) -> list[Row]:
    rows: list[Row] = []
    for kind, words in (("email", "E-mail addresses"), ("phone", "Phone numbers"), ("login_id", "Account ids")):
        found = _one(con, f"select sum(records), count(*) from blocked_identifiers where kind = '{kind}'")
        rows.append(
            (f"junk_{kind}", "identifiers", None, found[1], f"{words} blocked; they were on {found[0]} records")
        )
    shared = _one(con, "select count(*), sum(records) from shared_accounts")
    rows.append(
        ("shared_accounts", "identifiers", None, shared[0], f"Account ids on {shared[1]} records, not followed")
    )
    refused = _one(con, "select count(distinct account) from refused_accounts")[0]
    rows.append(
        ("refused_accounts", "identifiers", None, refused, "Account ids on records that contradict one another")
    )
    return rows


def _pairs(con: DuckDBPyConnection, matching: Matching) -> list[Row]:
    bar = matching.joining.candidate_weight
    counts = con.execute(f"""select veto, count(*) filter (model_weight >= {bar}), count(*) from pairs
        where veto is not null group by 1""").fetchall()
    found = {veto: (strong, every) for veto, strong, every in counts}
    rows: list[Row] = [
        (f"veto_{veto}", "pairs", found.get(veto, (0, 0))[0], found.get(veto, (0, 0))[1], words)
        for veto, words in VETOES.items()
    ]
    joined, disputed = _one(
        con,
        """select count(*) filter (provenance = 'email_rule' and is_kept),
        count(*) filter (provenance = 'model' and veto is null and match_weight < model_weight) from pairs""",
    )
    rows.append(("email_rule", "pairs", None, joined, "Pairs joined by one equal e-mail, below what the model asks"))
    rows.append(("email_disputed", "pairs", None, disputed, "Pairs held back: several people use that e-mail"))
    refused = _one(
        con,
        f"""select count(*) from pairs
        where not is_kept and veto is null and match_weight >= {bar}""",
    )[0]
    rows.append(
        ("average_linkage", "pairs", None, refused, "Pairs that would join on their own, but whose groups do not fit")
    )
    return rows


def _groups(numbers: Mapping[str, int | float | str]) -> list[Row]:
    def number(name: str) -> int:
        return int(numbers[name])

    of = f"of the {number('components')} groups solved tonight"
    return [
        ("split_groups", "groups", number("components_split"), number("components_split_into"),
         f"Groups taken apart by average linkage, and their parts, {of}"),
        ("cut_groups", "groups", number("components_cut_by_size"), number("components_cut_into"),
         f"Groups too large to score inside, and their parts, {of}"),
        ("big_blocks", "blocks", None, number("blocks_too_big"), "Blocks too big to say anything, met tonight"),
    ]  # fmt: skip


def _persons(con: DuckDBPyConnection, matching: Matching) -> list[Row]:
    persons, large = _one(
        con,
        f"""select count(*), count(*) filter (records > {matching.largest_person}) from (
        select count(*) as records from records join clusters using (node_key) group by cluster)""",
    )
    words = f"Persons of more than {matching.largest_person} records: look at them"
    return [("large_persons", "persons", persons, large, words)]


def _verdicts(con: DuckDBPyConnection) -> list[Row]:
    every, held, conflicting, unknown = _one(
        con,
        """select count(*), count(*) filter (is_in_force),
        count(*) filter (status = 'conflicting'), count(*) filter (status = 'unknown_record') from verdicts""",
    )
    broken = _one(con, "select count(*) from broken_links")[0]
    return [
        ("verdicts_applied", "verdicts", every, held, "Verdicts that hold"),
        ("verdicts_conflicting", "verdicts", every, conflicting, "Verdicts that other evidence contradicts"),
        ("verdicts_unknown", "verdicts", every, unknown, "Verdicts about records that are no longer delivered"),
        ("broken_links", "links", None, broken, "Accounts or links not followed: a verdict or a clean source forbids it"),
    ]  # fmt: skip
