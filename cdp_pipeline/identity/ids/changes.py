"""What happened to person ids, and by which evidence: identity.changes and identity.redirects.

What belongs here: events and their causes. What does not: who gets which id (ids.py).

Causes are read off the pairs. Merged, repointed: the strongest link between the records that came
and those that were there, else the strongest one to records that are new. Split: what keeps them
apart (a verdict, a clean source, a contradiction), else that their content changed, else that the
records no longer hold together.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

APART = {
    "verdict": "a steward calls them different persons",
    "clean_source": "two records of a clean source",
    "birth_date": "birth dates differ",
    "first_name": "first names differ",
    "account": "their account ids contradict one another",
}


def add_changes(con: DuckDBPyConnection) -> None:
    """Table `changes` from the tables of ids.py; makes `moves` and `gone_ids` too."""
    con.execute("""create or replace temp table moves as
        select m.old_id, g.person_id as new_id, count(*) as records
        from members m join given_ids g using (cluster)
        where m.old_id is not null and m.old_id <> g.person_id group by all;
    create or replace temp table gone_ids as
        select person_id from previous_persons anti join persons using (person_id);
    create or replace temp table main_heirs as
        select old_id, arg_max(new_id, (records, new_id)) as new_id from moves
        semi join gone_ids g on g.person_id = moves.old_id group by 1""")
    _links_of_moves(con)
    _vetoes_of_moves(con)
    _weakest(con)
    con.execute("""create or replace temp table changes as
    with kinds as (
        select v.*, case when v.new_id = h.new_id then 'merged'
                         when v.new_id in (select person_id from minted) then 'split' else 'repointed' end as change
        from moves v left join main_heirs h using (old_id)),
    events as (
        select 'created' as change, m.person_id, null::varchar as other_person_id, p.records,
               'new records' as cause, w.weakest_weight, w.weakest_evidence
        from minted m join persons p using (person_id) left join weakest w using (person_id)
        anti join moves v on v.new_id = m.person_id
        union all
        select k.change, k.old_id, k.new_id, k.records,
               case when k.change = 'split' or (k.change = 'merged' and k.new_id in (select person_id from minted))
                    then 'records do not hold together: ' || coalesce(a.cause, 'their links are too weak now')
                    when k.change = 'merged' then 'joined by ' || coalesce(l.cause, 'equal content')
                    else 'records fit another person better: ' || coalesce(l.cause, 'equal content') end,
               w.weakest_weight, w.weakest_evidence
        from kinds k left join move_links l using (old_id, new_id) left join move_vetoes a using (old_id, new_id)
        left join weakest w on w.person_id = k.new_id
        union all
        select 'retired', g.person_id, null, 0, 'no record is left: not delivered any more, or erased', null, null
        from gone_ids g anti join moves v on v.old_id = g.person_id)
    select as_of, change, person_id, other_person_id, records, cause, weakest_weight, weakest_evidence
    from (select null::varchar as weakest_evidence where false union all by name from previous_changes)
    union all
    select day, change, person_id, other_person_id, records, cause, weakest_weight, weakest_evidence
    from events, run_day""")


def _links_of_moves(con: DuckDBPyConnection) -> None:
    """move_links(old_id, new_id, cause): the strongest link of the records that moved."""
    con.execute("""create or replace temp table moved as
        select distinct v.old_id, v.new_id, m.node_key from moves v
        join given_ids g on g.person_id = v.new_id join members m on m.cluster = g.cluster and m.old_id = v.old_id;
    create or replace temp table move_links as
    with kept as (select * from pairs where is_kept),
    ends as (
        select v.old_id, v.new_id, k.* exclude (node_key_l, node_key_r), k.node_key_l as here, k.node_key_r as there
        from moved v join kept k on k.node_key_l = v.node_key
        union all
        select v.old_id, v.new_id, k.* exclude (node_key_l, node_key_r), k.node_key_r, k.node_key_l
        from moved v join kept k on k.node_key_r = v.node_key),
    owners as (select distinct node_key, old_id from members semi join (select distinct there as node_key from ends)
        using (node_key)),
    outward as (
        select e.*, bool_or(o.old_id = e.new_id) as is_to_heir, bool_or(o.old_id = e.old_id) as is_inner
        from ends e join owners o on o.node_key = e.there group by all)
    select old_id, new_id,
           arg_max(reason || ' (weight ' || round(match_weight, 1) || ')',
                   (coalesce(is_to_heir, false), match_weight, here, there)) as cause
    from outward where not coalesce(is_inner, false) group by all""")


def _vetoes_of_moves(con: DuckDBPyConnection) -> None:
    """move_vetoes(old_id, new_id, cause): what keeps the records that left from those they left."""
    words = " ".join(f"when '{veto}' then '{said}'" for veto, said in APART.items())
    rank = " ".join(f"when '{veto}' then {at}" for at, veto in enumerate(APART))
    con.execute(f"""create or replace temp table move_vetoes as
    with refused as (select * from pairs where veto is not null and not is_kept),
    ends as (
        select v.old_id, v.new_id, p.veto, p.node_key_r as there from moved v
        join refused p on p.node_key_l = v.node_key
        union all
        select v.old_id, v.new_id, p.veto, p.node_key_l from moved v join refused p on p.node_key_r = v.node_key),
    between_them as (
        select e.old_id, e.new_id, arg_min(e.veto, case e.veto {rank} end) as veto from ends e
        semi join members m on m.node_key = e.there and m.old_id = e.old_id group by all),
    altered as (
        select distinct v.old_id, v.new_id from moves v join members m on m.old_id = v.old_id
        join previous_records p on p.record_key = m.record_key and p.node_key <> m.node_key)
    select old_id, new_id, coalesce(case b.veto {words} end, 'the content of one has changed') as cause
    from between_them b full join altered a using (old_id, new_id)""")


def _weakest(con: DuckDBPyConnection) -> None:
    """weakest(person_id, weakest_weight, weakest_evidence) of the persons tonight's events are about."""
    con.execute("""create or replace temp table weakest as
    with asked as (select person_id from minted union select new_id from moves),
    loose as (
        select g.person_id, arg_min(f.node_key, (f.kept, f.node_key)) as node_key, sum(f.records)::bigint as records
        from asked join given_ids g using (person_id) join node_facts f using (cluster) group by 1),
    ends as (
        select l.person_id, p.match_weight, p.reason, p.node_key_l, p.node_key_r from loose l
        join pairs p on p.node_key_l = l.node_key where p.is_kept
        union all
        select l.person_id, p.match_weight, p.reason, p.node_key_l, p.node_key_r from loose l
        join pairs p on p.node_key_r = l.node_key where p.is_kept),
    best as (
        select person_id, arg_max(reason, (match_weight, node_key_l, node_key_r)) as reason from ends group by 1)
    select l.person_id, p.weakest_weight,
           case when l.records > 1 then coalesce(b.reason, 'equal content') end as weakest_evidence
    from loose l join persons p using (person_id) left join best b using (person_id)""")


def add_redirects(con: DuckDBPyConnection) -> None:
    """Table `redirects`: retired id -> living id; older redirects follow when their target retires."""
    con.execute("""create or replace temp table redirects as
    select p.person_id, coalesce(f.new_id, p.to_person_id) as to_person_id, p.since
    from previous_redirects p left join main_heirs f on f.old_id = p.to_person_id
    where coalesce(f.new_id, p.to_person_id) in (select person_id from persons)
    union all
    select old_id, new_id, day from main_heirs, run_day""")
