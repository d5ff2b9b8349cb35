"""Scored pairs: Splink's weight, then what overrules it, with the reason in words.

What belongs here: scoring a list of pairs, the prior, vetoes and the e-mail rule. What does not:
which pairs are listed (blocking.py) and what is joined (cluster.py).

Table `scored`, grain (l, r) with l < r, node keys: weight DOUBLE (log2 odds, 6 digits), provenance
(model | email_rule), is_vetoed, reason (words of the levels met).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import comparisons
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import Model, splink_linker

VETO_WEIGHT = -40.0
DISPUTED_WEIGHT = -6.0  # a nameless record on an address of several people: nobody knows whose
_JW = "jaro_winkler_similarity"
# Another first name speaks against one person: households share everything else. Twins share the
# birth date too; only where there is no e-mail and no phone to compare is an equal birth date let
# through to the model, a first name written otherwise being commoner there than a twin.
FIRST_NAME_VETO = (
    "not (coalesce(birth_date_l = birth_date_r, false) and (email_key_l is null or email_key_r is null) "
    "and (phone_key_l is null or phone_key_r is null)) "
    "and len(name_first_l) > 1 and len(name_first_r) > 1 and not list_has_any(name_forms_l, name_forms_r) "
    "and not coalesce(name_first_l = name_last_r or name_last_l = name_first_r, false) "
    "and not coalesce(list_contains(name_words_l, name_first_r) "
    "and list_contains(name_words_r, name_first_l), false) "
    f"and {_JW}(name_first_l, name_first_r) < case when left(name_first_l, 1) = left(name_first_r, 1) "
    "then 0.7 else 0.75 end"
)
NAMELESS_L = "(name_first_l is null and name_last_l is null)"
NAMELESS_R = "(name_first_r is null and name_last_r is null)"
NAMES_AGREE = f"""(coalesce(name_last_l is null or name_last_r is null
        or {_JW}(name_last_l, name_last_r) >= 0.88 or sound_last_l = sound_last_r, false)
    and coalesce(name_first_l is null or name_first_r is null or list_has_any(name_forms_l, name_forms_r)
        or ((len(name_first_l) = 1 or len(name_first_r) = 1) and left(name_first_l,
            1) = left(name_first_r, 1))
        or {_JW}(name_first_l, name_first_r) >= 0.85, false)
    or coalesce(name_first_l = name_last_r and name_last_l = name_first_r, false)
    or coalesce(len(list_intersect(name_words_l, name_words_r)) >= 2, false))"""

# Another birth date speaks against one person, unless it is a slip of the pen: one typo, or agreeing
# names with a year near by. Parent and child of one name are further apart than that.
BIRTH_VETO = (
    "birth_date_l is not null and birth_date_r is not null and birth_date_l <> birth_date_r "
    f"and not ({comparisons.CLOSE_DATE}) and not (({NAMES_AGREE}) "
    "and abs(left(birth_date_l, 4)::int - left(birth_date_r, 4)::int) <= 10)"
)


@dataclass(frozen=True)
class Scorer:
    """A Splink linker on its own in-memory connection."""

    con: DuckDBPyConnection
    linker: Any
    picked: tuple[comparisons.Comparison, ...]


def open_scorer(nodes: pa.Table, model: Model, picked: Sequence[comparisons.Comparison]) -> Scorer:
    """A linker over `nodes` that scores any list of their pairs."""
    con = duckdb.connect(config={"threads": 2})
    con.register("nodes_arrow", nodes)
    con.execute("create table nodes as select * from nodes_arrow")
    con.unregister("nodes_arrow")
    return Scorer(con, splink_linker(con, model, picked, retain=True), tuple(picked))


def score(scorer: Scorer, listed: pa.Table) -> pa.Table:
    """l, r, weight, reason for the pairs `listed` (join_key_l, join_key_r), ordered by key."""
    names = {row[0] for row in scorer.con.execute("select table_name from duckdb_tables()").fetchall()}
    table = f"listed_{sum(name.startswith('listed_') for name in names)}"
    scorer.con.register("listed_arrow", listed)
    scorer.con.execute(f"create table {table} as select '0' as match_key, * from listed_arrow")
    scorer.con.unregister("listed_arrow")
    api = scorer.linker._db_api  # noqa: SLF001 - Splink gives no other way to register on its connection
    registered = api.register(table, dataset_display_name=table)
    scorer.linker.table_management.register_blocked_pairs_for_predict(registered)
    scored = scorer.linker.inference.predict(warning_mode="never").physical_name
    words = ", ".join(_reason(comparison) for comparison in scorer.picked)
    result = scorer.con.sql(f"""
        select least(record_key_l, record_key_r) as l, greatest(record_key_l, record_key_r) as r,
               match_weight as weight, concat_ws('; ', {words}) as reason
        from {scored} order by 1, 2""").to_arrow_table()
    scorer.con.execute(f"drop table {scored}")
    return result


def _reason(comparison: comparisons.Comparison) -> str:
    top = len(comparison.levels) - 1
    cases = " ".join(
        f"when {top - at} then '{level.label.replace(chr(39), chr(39) * 2)}'"
        for at, level in enumerate(comparison.levels)
    )
    return f"case gamma_{comparison.name} {cases} end"


def judge(con: DuckDBPyConnection, scored: pa.Table, matching: Matching, into: str) -> None:
    """Make table `into` (see the module docstring) from raw scores, with `nodes` in `con`."""
    vetoes = {"birth_date": (BIRTH_VETO, "birth dates differ"), "first_name": (FIRST_NAME_VETO, "first names differ")}
    said = " ".join(f"when {sql} then '{words}'" for name, (sql, words) in vetoes.items() if name in matching.veto)
    con.register("scored_arrow", scored)
    shown = (
        "name_first name_last name_forms name_words sound_last birth_date email_key phone_key other_emails"
    ).split()
    both = ", ".join(f"a.{c} as {c}_l, b.{c} as {c}_r" for c in shown)
    con.execute(f"""create or replace temp table {into} as
    with both_sides as (
        select s.l, s.r, round(s.weight, 6) as weight, s.reason, {both}
        from scored_arrow s join nodes a on a.record_key = s.l join nodes b on b.record_key = s.r)
    select l, r, weight, reason, {f"case {said} end" if said else "null::varchar"} as veto,
           coalesce(email_key_l = email_key_r or list_contains(other_emails_l, email_key_r)
                    or list_contains(other_emails_r, email_key_l)
                    or list_has_any(other_emails_l, other_emails_r), false) as is_same_email,
           {NAMELESS_L} or {NAMELESS_R} as is_nameless, {NAMELESS_L} and {NAMELESS_R} as are_nameless,
           {NAMES_AGREE} as do_names_agree, coalesce(phone_key_l = phone_key_r, false) as is_same_phone,
               email_key_l, email_key_r
    from both_sides""")
    con.unregister("scored_arrow")


def with_prior(con: DuckDBPyConnection, model: Model) -> Model:
    """The prior at which the expected share of matches among all pairs equals itself.

    Vetoed pairs count as no match. Needs table `judged`; at most 20 steps, a factor of 2 each.
    """
    if not model.is_trained:
        return model
    total = model.records * (model.records - 1) / 2
    prior = model.prior
    start = log2(prior / (1 - prior))
    for _ in range(20):
        shift = log2(prior / (1 - prior)) - start
        expected = con.execute(f"""select coalesce(sum((1 / (1 + pow(2.0, -greatest(-60, least(60,
            weight + {shift})))))
            ::decimal(18, 9)), 0)::double from judged where veto is null""").fetchall()[0][0]
        wanted = min(max(expected / total, prior / 2, 1e-12), prior * 2, 0.3)
        if abs(log2(wanted / prior)) < 0.01:
            break
        prior = wanted
    return replace(model, prior=float(f"{prior:.6g}"))


def settle(con: DuckDBPyConnection, matching: Matching, shift: float, judged: str, into: str) -> None:
    """Table `into` from `judged`: prior shift, e-mail rule, vetoes.

    A nameless record is joined by its e-mail only when nobody else uses that address.
    """
    rule = matching.email_rule
    con.execute(f"""create or replace temp table {into} as
    with disputed as (
        select distinct email_key_l as email from judged
        where email_key_l = email_key_r and not is_nameless and (veto is not null or not do_names_agree)),
    ruled as (
        select *, {str(rule.use).lower()} and is_same_email and veto is null and case
                when are_nameless then true
                when is_nameless then email_key_l not in (from disputed) and email_key_r not
                    in (from disputed)
                else do_names_agree end as is_ruled
        from {judged})
    select l, r, case when veto is not null then {VETO_WEIGHT}
                      when is_ruled then greatest(round(weight + {shift}, 6), {rule.weight})
                      when is_same_email and is_nameless and not are_nameless and not is_same_phone
                           and (email_key_l in (from disputed) or email_key_r in (from disputed))
                      then least(round(weight + {shift}, 6), {DISPUTED_WEIGHT})
                      else round(weight + {shift}, 6) end as weight,
           case when is_ruled and weight + {shift} < {rule.weight} then 'email_rule' else 'model' end
               as provenance,
           veto is not null as is_vetoed, coalesce('veto: ' || veto || '; ', '') || reason as reason
    from ruled order by l, r""")
