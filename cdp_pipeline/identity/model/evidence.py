"""The evidence as tables: pairs of nodes with what speaks for and against, and what agreement weighs.

What belongs here: the rows of identity.pairs and identity.model_weights. What does not: weighing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.clusters import pairs
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.model import Model

LEAST_SHOWN = -6.0  # a pair below this model weight is kept only inside a component, or when it shares an e-mail
MUST_WEIGHT = 40.0
WORDS = {
    "login": "same account id",
    "merge": "merged in the source",
    "account": "one account, says the source",
    "conversion": "lead that became a contact",
    "verdict": "a steward says it is the same person",
}
NOT = {
    "verdict": "a steward says these are different persons",
    "account": "same account id, but birth dates and names differ",
}
CODES = {"birth dates differ": "birth_date", "first names differ": "first_name"}


def write_pairs(con: DuckDBPyConnection, shift: float, into: str) -> None:
    """Table `into` (columns of identity.pairs) from `settled`, `judged`, `node_clusters` and the hard links.

    Hard links with an end outside `node_clusters` are left out. Scored pairs are listed from LEAST_SHOWN
    on; lower ones only where they bear on a person. `is_inner`: the pair does not open a group, so the
    next run scores it again when it needs it.
    """
    said = " ".join(f"when '{name}' then '{words}'" for name, words in WORDS.items())
    coded = " ".join(f"when '{words}' then '{name}'" for words, name in CODES.items())
    con.execute(f"""create or replace temp table {into} as
    with held as (
        select l, r, provenance, null::varchar as veto, case provenance {said} end as reason,
               {MUST_WEIGHT}::double as weight
        from must_links anti join broken_links using (l, r)
        union all
        select l, r, 'verdict', 'verdict', '{NOT["verdict"]}', {pairs.VETO_WEIGHT} from cannot_links
        union all
        select f.l, f.r, 'login', 'account', '{NOT["account"]}', {pairs.VETO_WEIGHT}
        from (select distinct l, r from refused_accounts) f
        anti join (from must_links anti join broken_links using (l, r)) m on m.l = f.l and m.r = f.r
        anti join cannot_links c on c.l = f.l and c.r = f.r),
    sure as (
        select h.*, a.cluster = b.cluster as is_kept from held h
        join node_clusters a on a.node_key = h.l join node_clusters b on b.node_key = h.r),
    scored as (
        select s.l, s.r, s.weight, round(j.weight + {shift}, 6) as model_weight, s.provenance,
               case j.veto {coded} else j.veto end as veto, w.words as reason,
               coalesce(a.cluster = b.cluster, false) as is_kept,
               coalesce(a.component = b.component, false) as is_together, j.is_same_email,
               j.is_inner or (j.weight + {shift} < {LEAST_SHOWN} and not j.is_same_email) as is_inner
        from settled s join judged j using (l, r) left join reasons w on w.reason = j.reason
        left join node_clusters a on a.node_key = s.l left join node_clusters b on b.node_key = s.r)
    select l as node_key_l, r as node_key_r, h.weight as match_weight, s.model_weight, h.provenance, h.veto,
           h.is_kept, coalesce(s.is_inner, true) as is_inner, h.reason
    from sure h left join scored s using (l, r)
    union all
    select l, r, weight, model_weight, provenance, veto, is_kept, is_inner, reason
    from scored anti join sure using (l, r)
    where is_together or is_same_email or model_weight >= {LEAST_SHOWN}""")


def counted(con: DuckDBPyConnection) -> dict[str, int]:
    """What `pairs` holds."""
    row = con.execute("""select count(*), count(*) filter (is_kept), count(veto),
        count(*) filter (provenance = 'email_rule' and is_kept) from pairs""").fetchall()[0]
    names = ("pairs_listed", "pairs_kept", "pairs_vetoed", "pairs_joined_by_email_rule")
    return dict(zip(names, map(int, row), strict=True))


def write_weights(con: DuckDBPyConnection, used: Model, picked: Sequence[Comparison]) -> None:
    """Table `model_weights` (columns of identity.model_weights)."""
    rows = [
        (c.name, len(c.levels) - 1 - at, level.label, *used.levels[c.name][at])
        for c in picked
        for at, level in enumerate(c.levels)
    ]
    names = ("comparison", "level", "label", "m", "u")
    types = (pa.string(), pa.int64(), pa.string(), pa.float64(), pa.float64())
    table = pa.table({names[at]: pa.array([row[at] for row in rows], types[at]) for at in range(len(names))})
    con.register("weights_arrow", table)
    con.execute("""create or replace temp table model_weights as
        select *, round(log2(m / u), 6) as match_weight from weights_arrow order by comparison, level desc""")
    con.unregister("weights_arrow")
