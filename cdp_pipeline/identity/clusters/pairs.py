"""Scored pairs, judged: what overrules their weight, the prior, and the e-mail rule.

What belongs here: from a weight to what holds. What does not: the weight (scoring.py), the vetoes as
such (vetoes.py), which pairs are listed (blocking.py) and what is joined (cluster.py).

Table `judged`, grain (l, r) with l < r, node keys: the raw weight, its reason, veto and flags. Table
`settled`, same grain: weight DOUBLE (log2 odds, 6 digits), provenance (model | email_rule), is_never
(no average outvotes the veto).
"""

from __future__ import annotations

from dataclasses import replace
from math import log2

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import vetoes
from cdp_pipeline.identity.model.model import Model

VETO_WEIGHT = -40.0
NEVER = "('verdict', 'clean_source', 'birth_date', 'first_name')"  # vetoes that no average outvotes
DISPUTED_WEIGHT = -6.0  # a nameless record on an address of several people: nobody knows whose
UNHEARD_WEIGHT = -10.0  # listed pairs below are strangers: no prior and no rule lifts them to a join
DOUBTED_WEIGHT = -2.0  # one home and name, another e-mail or phone: a relative as likely as a move
NAMELESS_L = "(name_first_l is null and name_last_l is null)"
NAMELESS_R = "(name_first_r is null and name_last_r is null)"
# a nameless record with a phone of its own: one e-mail is not enough to bring that phone to somebody
UNCONFIRMED = (
    f"({NAMELESS_L} and not {NAMELESS_R} and phone_key_l is not null "
    f"or {NAMELESS_R} and not {NAMELESS_L} and phone_key_r is not null) "
    "and not coalesce(phone_key_l = phone_key_r, false)"
)


def add_known_names(con: DuckDBPyConnection, model: Model) -> None:
    """Table `known_names` (name): the first names that the model knows as names."""
    con.register("terms_arrow", model.terms)
    con.execute("""create or replace temp table known_names as
        select value as name from terms_arrow where column_name = 'name_first'""")
    con.unregister("terms_arrow")


def judge(con: DuckDBPyConnection, scored: pa.Table, matching: Matching, into: str, least: float) -> None:
    """Make table `into` (see the module docstring) from raw scores, with `nodes` and `known_names` in `con`.

    Pairs of a raw weight below `least` are left out, unless they share an e-mail.

    The reason of a raw score is a number; table `reasons` (reason, words) tells the labels it stands for.
    """
    con.register("scored_arrow", scored)
    shown = "name_first name_last name_words birth_date email_key phone_key other_emails address_key".split()
    both = ", ".join(f"a.{c} as {c}_l, b.{c} as {c}_r" for c in shown)
    con.execute(f"""create or replace temp table {into} as
    with labels as (select reason, string_split(words, '; ') as said from reasons),
    meant as (
        select reason, list_contains(said, 'same e-mail') as has_same_email, {vetoes.flags(matching)}
        from labels),
    mailed as (select record_key from nodes where len(other_emails) > 0),
    heard as materialized (
        select s.l, s.r, round(s.weight, 6) as weight, s.reason from scored_arrow s
        where weight >= {least} or reason in (select reason from meant where has_same_email)
            or l in (from mailed) or r in (from mailed)),
    both_sides as (
        select s.*, m.* exclude (reason), {both},
               a.name_first in (from known_names) as is_known_l, b.name_first in (from known_names) as is_known_r
        from heard s join meant m on m.reason = s.reason
        join nodes a on a.record_key = s.l join nodes b on b.record_key = s.r)
    select l, r, weight, reason, {vetoes.veto(matching)} as veto,
           coalesce(email_key_l = email_key_r or list_contains(other_emails_l, email_key_r)
                    or list_contains(other_emails_r, email_key_l)
                    or list_has_any(other_emails_l, other_emails_r), false) as is_same_email,
           {NAMELESS_L} or {NAMELESS_R} as is_nameless, {NAMELESS_L} and {NAMELESS_R} as are_nameless,
           not do_names_differ as do_names_agree, coalesce(phone_key_l = phone_key_r, false) as is_same_phone,
           is_doubted or {UNCONFIRMED} or coalesce(is_name_in_place and address_key_l <> address_key_r, false) as is_doubted,
           do_phones_differ or {UNCONFIRMED} as do_phones_differ,
           coalesce({vetoes.IS_AMONG_CONTACTS}, false) as is_among_contacts, email_key_l, email_key_r,
           coalesce(name_last_l, name_first_l) as name_l, coalesce(name_last_r, name_first_r) as name_r
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

    A nameless record is joined by its e-mail only when nobody else uses that address, and the phone
    beside it is not that of somebody with another name.
    """
    rule = matching.email_rule
    con.execute(f"""create or replace temp table {into} as
    with disputed as (
        select distinct email_key_l as email from {judged}
        where email_key_l = email_key_r and (veto is not null or not is_nameless and not do_names_agree)),
    sides as (
        select unnest([l, r]) as node, unnest([name_l, name_r]) as own, unnest([name_r, name_l]) as name,
               is_same_email, is_same_phone
        from {judged} where is_nameless and not are_nameless and (is_same_email or is_same_phone)),
    torn as (
        select node from sides where own is null group by node
        having count(*) filter (is_same_email) > 0
            and count(*) filter (is_same_phone and name not in (select name from sides s where s.node = sides.node
                and s.is_same_email)) > 0),
    ruled as (
        select *, is_nameless and not are_nameless and (l in (from torn) or r in (from torn)
                or is_same_email and not is_same_phone
                   and (email_key_l in (from disputed) or email_key_r in (from disputed))) as is_disputed
        from {judged}),
    joined as (
        select *, {str(rule.use).lower()} and is_same_email and veto is null and not is_disputed
            and (are_nameless or is_nameless and not do_phones_differ or do_names_agree and not is_nameless) as is_ruled
        from ruled)
    select l, r, case when veto is not null then {VETO_WEIGHT}
                      when is_ruled then greatest(round(weight + {shift}, 6), {rule.weight})
                      when is_disputed then least(round(weight + {shift}, 6), {DISPUTED_WEIGHT})
                      when is_doubted then least(round(weight + {shift}, 6), {DOUBTED_WEIGHT})
                      else round(weight + {shift}, 6) end as weight,
           case when is_ruled and weight + {shift} < {rule.weight} then 'email_rule' else 'model' end
               as provenance, coalesce(veto in {NEVER}, false) as is_never
    from joined""")
