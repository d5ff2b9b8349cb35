"""Hard evidence: what makes two nodes one person, and what forbids it, whatever a score says.

What belongs here: accounts, the sources' own links, verdicts and clean sources as pairs of nodes.
What does not: putting them together when they contradict one another (groups.py), and scores.

Tables made: accounts (record_key, node_key, account), refused_accounts (l, r, account), must_links
(l, r, provenance; l < r), cannot_links (l, r, veto; l < r), clean_nodes (record_key, source),
verdicts (see verdicts.py). l, r and clean_nodes.record_key are node keys.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import comparisons
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline.ledgers import verdicts
from cdp_pipeline.project.identifier_keys import account
from cdp_pipeline.project.quoting import literals

STRENGTH = ("verdict", "merge", "account", "conversion", "login")  # strongest first

NAMES_AGREE = """(coalesce(name_last_l is null or name_last_r is null
        or jaro_winkler_similarity(name_last_l, name_last_r) >= 0.88 or sound_last_l = sound_last_r, false)
    and coalesce(name_first_l is null or name_first_r is null or list_has_any(name_forms_l, name_forms_r)
        or ((len(name_first_l) = 1 or len(name_first_r) = 1) and left(name_first_l,
            1) = left(name_first_r, 1))
        or jaro_winkler_similarity(name_first_l, name_first_r) >= 0.85, false)
    or coalesce(name_first_l = name_last_r and name_last_l = name_first_r, false)
    or coalesce(len(list_intersect(name_words_l, name_words_r)) >= 2, false))"""

# Another birth date speaks against one person, unless it is a slip of the pen: one typo, or agreeing
# names with a year near by. Parent and child of one name are further apart than that.
BIRTH_DATES_CONTRADICT = (
    "birth_date_l is not null and birth_date_r is not null and birth_date_l <> birth_date_r "
    f"and not ({comparisons.CLOSE_DATE}) and not (({NAMES_AGREE}) "
    "and abs(left(birth_date_l, 4)::int - left(birth_date_r, 4)::int) <= 10)"
)


def separate(con: DuckDBPyConnection, matching: Matching, stated: str = verdicts.NONE) -> int:
    """Give records of equal content that may not be one person nodes of their own; returns how many.

    That is the later record (by key) of two that a steward calls different, and every record of a
    clean source after the first.
    """
    clean = literals(matching.clean_sources)
    con.execute(f"""create or replace temp table separated as
        with newest as (
            select record_key_l, record_key_r, arg_max(verdict, (decided_at, line)) as verdict
            from {stated} group by all)
        select b.record_key from newest n join records a on a.record_key = n.record_key_l
        join records b on b.record_key = n.record_key_r
        where n.verdict = 'different' and a.node_key = b.node_key
        union
        select record_key from records where source in ({clean})
        qualify row_number() over (partition by node_key, source order by record_key) > 1""")
    count = int(con.execute("select count(*) from separated").fetchall()[0][0])
    if count:
        con.execute("""update records
            set node_key = ('0x' || left(sha256(node_key || chr(31) || record_key), 15))::bigint
            where record_key in (from separated)""")
    return count


def find(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, stated: str = verdicts.NONE) -> dict[str, int]:
    """Make the tables of the module from `records`; returns how many of each."""
    verdicts.weigh(con, stated)
    _accounts(con, inputs, matching)
    _refuse(con)
    _must_links(con, inputs, matching)
    _cannot_links(con, matching)
    names = ("must_links", "cannot_links", "refused_accounts")
    counts = con.execute(f"select {', '.join(f'(select count(*) from {name})' for name in names)}").fetchall()[0]
    return dict(zip(names, map(int, counts), strict=True))


def _accounts(con: DuckDBPyConnection, inputs: Inputs, matching: Matching) -> None:
    """An account id is unique inside its issuer only, and written `<issuer>:<id>`.

    It comes from people.login_id and the identifiers login_id and customer_id. A customer_id that
    nobody logs in with names the record of its issuer with that record_id. An account on too many
    records with too many last names is dropped (`shared_accounts`: how many, on how many records).
    """
    spaces = ", ".join(f"'{name}'" for name in matching.must_link) or "''"
    identifiers = (
        inputs.identifiers or "(select null source, null record_id, null namespace, []::varchar[] as value_keys)"
    )
    has_keys = "value_keys" in {row[0] for row in con.execute(f"describe from {identifiers}").fetchall()}
    key = "i.value_keys[1]" if has_keys else account("i.value", "i.source", "records")
    con.execute(f"""create or replace temp table every_account as
    with written as (
        select record_key, login_id as account, 'login_id' as namespace from records
        where login_id is not null and 'login_id' in ({spaces})
        union
        select r.record_key, {key}, i.namespace from {identifiers} i
        join records r on r.source = i.source and r.record_id = i.record_id
        where i.namespace in ('login_id', 'customer_id') and i.namespace in ({spaces})),
    by_record_id as (
        select r.record_key, w.account
        from (select distinct account from written where namespace = 'customer_id') w
        join records r on r.source || ':' || r.record_id = w.account
        anti join (select account from written where namespace = 'login_id') l on l.account = w.account)
    select record_key, account from written where account is not null
    union select record_key, account from by_record_id;
    create or replace temp table shared_accounts as
        select e.account, count(*) as records from every_account e join records r using (record_key) group by 1
        having count(*) > {matching.junk.records} and count(distinct r.name_last) > {matching.junk.last_names};
    create or replace temp table accounts as
        select e.record_key, r.node_key, e.account from every_account e join records r using (record_key)
        anti join shared_accounts s on s.account = e.account;
    drop table every_account""")


def _refuse(con: DuckDBPyConnection) -> None:
    """Two nodes of one account that cannot be one person: birth dates and names contradict one another."""
    shown = "name_first, name_last, name_forms, name_words, sound_last, birth_date"
    both = ", ".join(f"a.{c} as {c}_l, b.{c} as {c}_r" for c in shown.split(", "))
    con.execute(f"""create or replace temp table refused_accounts as
    with dated as (
        select c.account from accounts c join records r using (record_key) where r.birth_date is not null
        group by 1 having min(r.birth_date) <> max(r.birth_date)),
    known as (
        select distinct c.account, r.node_key, {shown} from accounts c semi join dated using (account)
        join records r using (record_key) where r.birth_date is not null),
    both_sides as (
        select a.account, a.node_key as l, b.node_key as r, {both} from known a
        join known b on b.account = a.account and b.node_key > a.node_key and b.birth_date <> a.birth_date)
    select distinct l, r, account from both_sides where {BIRTH_DATES_CONTRADICT} and not ({NAMES_AGREE})
    order by account, l, r""")


def _must_links(con: DuckDBPyConnection, inputs: Inputs, matching: Matching) -> None:
    links = inputs.links or (
        "(select null source, null record_id, null other_source, null other_record_id, null as kind)"
    )
    kinds = ", ".join(f"'{kind}'" for kind in matching.trusted_links) or "''"
    rank = " ".join(f"when '{name}' then {at}" for at, name in enumerate(STRENGTH))
    con.execute(f"""create or replace temp table must_links as
    with held as (select distinct node_key, account from accounts anti join refused_accounts using (account)),
    chains as (
        select lag(node_key) over (partition by account order by node_key) as l, node_key as r, 'login' as provenance
        from held),
    said as (
        select least(a.node_key, b.node_key), greatest(a.node_key, b.node_key), k.kind
        from {links} k
        join records a on a.source = k.source and a.record_id = k.record_id
        join records b on b.source = k.other_source and b.record_id = k.other_record_id
        where k.kind in ({kinds})),
    decided as (
        select least(node_key_l, node_key_r), greatest(node_key_l, node_key_r), 'verdict' from verdicts
        where is_in_force and verdict = 'same')
    select l, r, arg_min(provenance, case provenance {rank} end) as provenance
    from (select * from chains union all from said union all from decided) where l < r
    group by 1, 2 order by 1, 2""")


def _cannot_links(con: DuckDBPyConnection, matching: Matching) -> None:
    clean = literals(matching.clean_sources)
    con.execute(f"""create or replace temp table clean_nodes as
        select distinct node_key as record_key, source from records where source in ({clean});
    create or replace temp table cannot_links as
        select distinct least(node_key_l, node_key_r) as l, greatest(node_key_l, node_key_r) as r, 'verdict' as veto
        from verdicts where is_in_force and verdict = 'different' order by 1, 2""")
