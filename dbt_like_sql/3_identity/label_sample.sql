-- Pairs to judge so that accuracy can be told with an interval: a random sample of each kind of decision the engine
-- takes (a stratum): 25 pairs, and up to 75 more the bigger the stratum is. Chance is the order of the keyed node
-- hashes, so the sample stays from night to night. Judge a stratum whole, or its first places: data/verdicts.csv, same
-- or different. A verdict binds, so the stratum of a judged pair is the one it had before. Pairs judged before they
-- ever were in the sample are in no stratum: nobody knows what would have become of them. Nor are refused pairs of a
-- model weight below -6, which identity.pairs does not list in full.
-- grain: node_key_l, node_key_r
-- owner: data team
-- check: place <= 100 and pairs >= place
-- empty previous.identity.label_sample: node_key_l bigint, node_key_r bigint, stratum varchar
with verdicts as (
    select
        least(l.node_key, r.node_key) as node_key_l, greatest(l.node_key, r.node_key) as node_key_r, max(v.verdict) as verdict
    from identity.verdicts as v
    join identity.records as l on v.record_key_l = l.record_key
    join identity.records as r on v.record_key_r = r.record_key
    where v.is_in_force and l.node_key <> r.node_key
    group by all
),

strata as (
    select
        p.node_key_l, p.node_key_r, v.verdict,
        case
            when v.verdict is not null then s.stratum
            when p.provenance = 'verdict' or p.veto = 'verdict' then null
            when p.is_kept and p.provenance not in ('model', 'email_rule') then 'joined: a source says so'
            when p.is_kept and p.match_weight >= 12 then 'joined: weight 12 or more'
            when p.is_kept and p.match_weight >= 6 then 'joined: weight 6 to 12'
            when p.is_kept then 'joined: weight below 6'
            when coalesce(p.model_weight, 0) < -6 then null
            when p.veto is not null then 'refused: a contradiction'
            when p.match_weight >= 1 then 'refused: weight 1 or more'
            when p.match_weight >= -4 then 'refused: weight -4 to 1'
            else 'refused: weight -6 to -4'
        end as stratum
    from identity.pairs as p
    left join verdicts as v on p.node_key_l = v.node_key_l and p.node_key_r = v.node_key_r
    left join previous.identity.label_sample as s on p.node_key_l = s.node_key_l and p.node_key_r = s.node_key_r
),

sampled as (
    select
        *, count(*) over (partition by stratum) as pairs,
        row_number() over (partition by stratum order by xor(node_key_l, node_key_r), node_key_l, node_key_r) as place
    from strata
    where stratum is not null
    qualify place <= 25 + 75 * count(*) over (partition by stratum) / count(*) over ()
),

spoken_for as (
    select node_key, min(record_key) as record_key
    from identity.records
    group by node_key
)

select
    s.stratum, -- What the engine decided and how sure it was, before anybody judged
    cast(s.place as bigint) as place, -- Order inside the stratum; judge the first ones first
    cast(s.pairs as bigint) as pairs, -- All pairs of the stratum: what the sample stands for
    s.node_key_l, -- First node of the pair (identity.pairs)
    s.node_key_r, -- Second node
    a.record_key as record_key_l, -- Record of the first node; what to write into verdicts.csv
    b.record_key as record_key_r, -- Record of the second node
    s.verdict -- same or different; empty until somebody judges
from sampled as s
join spoken_for as a on s.node_key_l = a.node_key
join spoken_for as b on s.node_key_r = b.node_key
