"""Scored pairs: Splink's weight, then what overrules it, with the reason in words.

What belongs here: scoring a list of pairs, the prior, vetoes and the e-mail rule. What does not:
which pairs are listed (blocking.py) and what is joined (cluster.py).

Table `scored`, grain (l, r) with l < r, node keys: weight DOUBLE (log2 odds, 6 digits), provenance
(model | email_rule), is_vetoed, reason (words of the levels met).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2, sqrt

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import comparisons
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import Model
from cdp_pipeline.identity.name_levels import NAME

VETO_WEIGHT = -40.0
DISPUTED_WEIGHT = -6.0  # a nameless record on an address of several people: nobody knows whose
DOUBTED_WEIGHT = -2.0  # one home and name, another e-mail or phone: a relative as likely as a move
_JW = "jaro_winkler_similarity"
# Another first name speaks against one person: households share everything else. Two names that are
# both in use differ sooner than one that may be a slip of the pen.
FIRST_NAME_VETO = (
    "(len(name_first_l) > 1 and len(name_first_r) > 1 or left(name_first_l, 1) <> left(name_first_r, 1)) "
    "and not coalesce(name_first_l = name_last_r or name_last_l = name_first_r, false) "
    "and not coalesce(list_contains(name_words_l, name_first_r) and list_contains(name_words_r, name_first_l), false) "
    "and not (is_same_birth and (not (is_known_l and is_known_r) or (email_key_l is null or email_key_r is null) "
    "and (phone_key_l is null or phone_key_r is null))) "
    f"and {_JW}(name_first_l, name_first_r) < case when left(name_first_l, 1) = left(name_first_r, 1) then 0.7 else 0.75 end"
)
# marit and martijn are alike, and two names all the same
OTHER_NAME_IN_USE = (
    "is_known_l and is_known_r and not is_same_birth and not coalesce(email_key_l = email_key_r, false) "
    "and not coalesce(phone_key_l = phone_key_r, false) and damerau_levenshtein(name_first_l, name_first_r) > 2"
)
CONTACTS_SAME = ("same e-mail", "same phone")
FIRST_NAMES_UNSURE = (
    "same last name, one first name missing",
    "one name missing, the other alike",
    "same last name, first name as an initial",
    "same last name, first name alike",
    "both names alike",
)
CONTACTS_DIFFER = ("other e-mail", "other phone")
FIRST_NAMES_ALIKE = ("same last name, first name alike", "both names alike")
NEAR_YEARS = 10  # a parent and a child of one name are further apart
FEWEST = 30
NAMES_DIFFER = tuple(level.label for level in NAME.levels if level.differs)
UNRELIABLE = 0.04
BIRTH_DATES_AGREE = tuple(level.label for level in comparisons.BIRTH_DATE.levels[:2])
BIRTH_DATES_DIFFER = tuple(level.label for level in comparisons.BIRTH_DATE.levels if level.differs)
BIRTH_DATES_SAME = ("same birth date",)
NAMES_SAME = ("same full name", "same last name, first name in another form")
FIRST_NAMES_DIFFER = ("same last name, other first name", "last name alike, first name a little")
LAST_NAMES_AGREE = (
    "same full name",
    *(x.label for x in NAME.levels if "last name" in x.label and not x.label.startswith("same first")),
)
SAME_HOME = (
    "same e-mail",
    "same phone",
    "same postcode and house number",
    "same street and house number",
    "same postcode",
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


def add_known_names(con: DuckDBPyConnection, model: Model) -> None:
    """Table `known_names` (name): the first names that the model knows as names."""
    con.register("terms_arrow", model.terms)
    con.execute("""create or replace temp table known_names as
        select value as name from terms_arrow where column_name = 'name_first'""")
    con.unregister("terms_arrow")


def judge(con: DuckDBPyConnection, scored: pa.Table, matching: Matching, into: str) -> None:
    """Make table `into` (see the module docstring) from raw scores, with `nodes` and `known_names` in `con`.

    The reason of a raw score is a number; table `reasons` (reason, words) tells the labels it stands for.
    """
    con.register("scored_arrow", scored)
    shown = "name_first name_last name_words birth_date email_key phone_key other_emails".split()
    both = ", ".join(f"a.{c} as {c}_l, b.{c} as {c}_r" for c in shown)
    con.execute(f"""create or replace temp table {into} as
    with labels as (select reason, string_split(words, '; ') as said from reasons),
    meant as (
        select reason, list_has_any(said, {_listed(NAMES_DIFFER)}) as do_names_differ,
               list_has_any(said, {_listed(BIRTH_DATES_DIFFER)}) as do_birth_dates_differ,
               list_has_any(said, {_listed(BIRTH_DATES_AGREE)}) as is_same_birth,
               list_has_any(said, {_listed(FIRST_NAMES_ALIKE)}) as are_first_names_alike,
               {_doubt(matching)} as is_doubted
        from labels),
    both_sides as (
        select s.l, s.r, round(s.weight, 6) as weight, s.reason, m.* exclude (reason), {both},
               a.name_first in (from known_names) as is_known_l, b.name_first in (from known_names) as is_known_r
        from scored_arrow s join meant m on m.reason = s.reason
        join nodes a on a.record_key = s.l join nodes b on b.record_key = s.r)
    select l, r, weight, reason, {_vetoes(matching)} as veto,
           coalesce(email_key_l = email_key_r or list_contains(other_emails_l, email_key_r)
                    or list_contains(other_emails_r, email_key_l)
                    or list_has_any(other_emails_l, other_emails_r), false) as is_same_email,
           {NAMELESS_L} or {NAMELESS_R} as is_nameless, {NAMELESS_L} and {NAMELESS_R} as are_nameless,
           not do_names_differ as do_names_agree, coalesce(phone_key_l = phone_key_r, false) as is_same_phone,
           is_doubted, email_key_l, email_key_r
    from both_sides""")
    con.unregister("scored_arrow")


def _vetoes(matching: Matching) -> str:
    years = "abs(try_cast(left(birth_date_l, 4) as int) - try_cast(left(birth_date_r, 4) as int))"
    birth = f"do_birth_dates_differ and (do_names_differ or coalesce({years}, 99) > {NEAR_YEARS})"
    rules = {
        "birth_date": birth,
        "first_name": f"case when do_names_differ then {FIRST_NAME_VETO} "
        f"when are_first_names_alike then {OTHER_NAME_IN_USE} else false end",
    }
    said = " ".join(f"when {sql} then '{name}'" for name, sql in rules.items() if name in matching.veto)
    return f"case {said} end" if said else "null::varchar"


def _doubt(matching: Matching) -> str:
    """SQL over `said`: what agrees is shared in a family, and what would tell its members apart differs."""
    unsure = f"""'first_name' in {tuple(matching.veto) or ("",)} and list_has_any(said, {_listed(FIRST_NAMES_UNSURE)})
        and list_has_any(said, {_listed(CONTACTS_DIFFER)}) and not list_has_any(said, {_listed(CONTACTS_SAME)})"""
    return f"""not list_has_any(said, {_listed(BIRTH_DATES_AGREE)})
        and (list_has_all(said, {_listed(CONTACTS_DIFFER)}) or {unsure})"""


def _listed(labels: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{label}'" for label in labels) + "]"


def needed_vetoes(con: DuckDBPyConnection, matching: Matching) -> tuple[str, ...]:
    """The vetoes whose field is reliable in these data; those of `judged` whose field is not are lifted.

    A field is as unreliable as it differs between records that agree on all else that identifies
    a person: first names where birth date, last name and home agree, birth dates where full name and home
    agree. Above UNRELIABLE, a difference is more often a slip of the pen or another name of one
    person than a relative. Fewer than FEWEST such pairs: the veto stays.
    """
    kept = []
    for name, given, differs in (
        ("birth_date", [NAMES_SAME, SAME_HOME], BIRTH_DATES_DIFFER),
        ("first_name", [BIRTH_DATES_SAME, SAME_HOME, LAST_NAMES_AGREE], FIRST_NAMES_DIFFER),
    ):
        if name not in matching.veto:
            continue
        agree = " and ".join(f"list_has_any(said, {_listed(labels)})" for labels in given)
        field = NAME if name == "first_name" else comparisons.BIRTH_DATE
        pairs, apart = con.execute(f"""
            with meant as (
                select n, string_split(words, '; ') as said from reasons
                join (select reason, count(*) as n from judged group by 1) using (reason))
            select coalesce(sum(n), 0)::bigint, coalesce(sum(n) filter (list_has_any(said, {_listed(differs)})), 0)::bigint
            from meant where {agree} and list_has_any(said, {_listed([x.label for x in field.levels])})""").fetchall()[0]
        share = apart / pairs if pairs else 0.0
        if pairs >= FEWEST and share - 2 * sqrt(share * (1 - share) / pairs) > UNRELIABLE:
            con.execute(f"update judged set veto = null where veto = '{name}'")
        else:
            kept.append(name)
    return tuple(kept)


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


def with_prior_of_clusters(con: DuckDBPyConnection, model: Model) -> Model:
    """The prior at which as many pairs match as `node_clusters` joins."""
    if not model.is_trained:
        return model
    joined = con.execute("""select coalesce(sum(n * (n - 1) // 2), 0)::double
        from (select count(*) as n from node_clusters group by cluster)""").fetchall()[0][0]
    found = joined / (model.records * (model.records - 1) / 2)
    return replace(model, prior=float(f"{min(max(found, model.prior), 0.3):.6g}"))


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
                      when is_doubted then least(round(weight + {shift}, 6), {DOUBTED_WEIGHT})
                      else round(weight + {shift}, 6) end as weight,
           case when is_ruled and weight + {shift} < {rule.weight} then 'email_rule' else 'model' end
               as provenance,
           veto is not null as is_vetoed, coalesce('veto: ' || veto || '; ', '') || reason as reason
    from ruled order by l, r""")
