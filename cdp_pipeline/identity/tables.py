"""The tables of the identity layer: what each holds, column by column.

What belongs here: names, grain and documentation. What does not: what fills them (steps.py).
"""

from __future__ import annotations

from cdp_pipeline.run.steps import Table

RECORDS = Table(
    "identity.records",
    "People records in one spelling: what is compared when persons are looked for",
    {
        "record_key": "Lasting number of the record: a keyed hash of source and record_id; verdicts name it",
        "source": "System the record comes from",
        "record_id": "Key of the record inside its system",
        "name_first": "First given name, folded to lower case without accents",
        "name_middle": "Further given names",
        "name_last": "Family name without particles such as van or de la",
        "name_full": "First and last name",
        "name_nick": "Formal form of the first name (Bob is robert)",
        "name_nick_full": "Formal first name and last name",
        "name_forms": "Every formal name the first name may stand for, and itself",
        "name_words": "All words of the name, sorted",
        "sound_last": "How the last name sounds (metaphone)",
        "sound_first": "How the formal first name sounds (metaphone)",
        "sound_full": "How both names sound",
        "name_sounds": "How every word of the name sounds, sorted",
        "email_key": "E-mail address in lower case without +tag; empty when a placeholder or over-shared",
        "phone_key": "Phone number in E.164; behind a ? when nobody can have that number",
        "postcode_key": "Postal code, letters and digits only",
        "postcode_area": "Postal code without the part that tells neighbours apart",
        "city_key": "Town, folded",
        "country_code": "Country, ISO 3166 alpha-2",
        "company_key": "Company, folded",
        "login_id": "Account id the person logs in with, behind the system that issued it (shop:17)",
        "email_local": "The part before the @, when long enough to say something",
        "is_local_name": "That part holds the last name, or is the first name, and says no more than the name",
        "other_emails": "Further e-mail addresses of the record",
        "other_phones": "Further phone numbers of the record",
        "birth_date": "Day of birth as YYYY-MM-DD",
        "birth_year": "Year of birth",
        "birth_day": "Month and day of birth",
        "street_key": "Street, folded and shortened",
        "house_key": "House number with its addition",
        "address_key": "Street and house number",
        "place_key": "Postcode and house number",
        "node_key": "Number of the record's content: exact copies share it, other content is another node",
        "updated_at": "When the source last changed the record (UTC)",
    },
    grain=("record_key",),
    kinds=("duckdb", "parquet"),
    personal=frozenset(
        "record_id name_first name_middle name_last name_full name_nick name_nick_full name_forms name_words "
        "sound_first sound_last sound_full name_sounds birth_day postcode_area email_key phone_key postcode_key "
        "company_key login_id email_local "
        "other_emails other_phones birth_date street_key house_key address_key place_key city_key".split()
    ),
)
BLOCKED = Table(
    "identity.blocked_identifiers",
    "Identifiers on so many records with so many last names that they identify nobody",
    {
        "kind": "email, phone or login_id",
        "value_hash": "Keyed hash of the identifier",
        "records": "Records it was on",
        "distinct_names": "Different last names among them",
        "reason": "Why it was blocked",
    },
    grain=("kind", "value_hash"),
)
PAIRS = Table(
    "identity.pairs",
    "Pairs of nodes (records of equal content are one) that were compared, and what hard evidence says of pairs. "
    "Refused pairs of a model weight below -6 are only listed where they bear on a person",
    {
        "node_key_l": "First node (identity.records)",
        "node_key_r": "Second node, the larger number",
        "match_weight": "log2 odds that both are one person, after all rules; 40 = hard evidence, -40 = vetoed",
        "model_weight": "What the match model says by itself; empty when it was not asked",
        "provenance": "model, email_rule, login (same account id), verdict, or the kind of a source's link",
        "veto": "Why they may not be joined: birth_date, first_name, verdict, clean_source, account",
        "is_kept": "Both nodes ended up in one person",
        "is_inner": "Compared only because both were in one group; such a pair opens no group by itself",
        "reason": "What agrees and what does not, in words",
    },
    grain=("node_key_l", "node_key_r"),
    kinds=("splink", "duckdb", "parquet"),
)
CLUSTERS = Table(
    "identity.clusters",
    "Which nodes are one person; the next run starts from it",
    {
        "node_key": "The node (identity.records)",
        "cluster": "Smallest node_key of the person's nodes",
        "neighbourhood": "Smallest node_key of all nodes whose pairs bear on one another; solved together",
    },
    grain=("node_key",),
)
STATED = Table(
    "identity.stated_verdicts",
    "DATA/verdicts.csv as it was found: what stewards decided about pairs of records",
    {
        "record_key_l": "First record (identity.records)",
        "record_key_r": "Second record, the larger number",
        "verdict": "same or different person",
        "decided_at": "When it was decided; the newest verdict wins",
        "reviewer": "Who decided",
        "note": "Why",
        "line": "Line of the file",
    },
    grain=("line",),
    personal=frozenset({"reviewer", "note"}),
)
REQUESTS = Table(
    "identity.requests",
    "What people ask of the next run",
    {"request": "train: a new match model", "number": "How often it was asked for, ever"},
    grain=("request",),
)
VERDICTS = Table(
    "identity.verdicts",
    "Verdicts of stewards and what became of them",
    {
        "record_key_l": "First record (identity.records)",
        "record_key_r": "Second record, the larger number",
        "verdict": "same or different person",
        "decided_at": "When it was decided",
        "reviewer": "Who decided",
        "status": "applied, conflicting (see conflict) or unknown_record (not delivered any more)",
        "is_in_force": "It binds this run",
        "conflict": "What contradicts it, and who wins",
        "note": "Why",
        "line": "Line of verdicts.csv",
    },
    grain=("line",),
    personal=frozenset({"reviewer", "note"}),
)
GUARDS = Table(
    "identity.guards",
    "What every guard against wrong joins did in this run",
    {
        "guard": "The guard",
        "unit": "What it counts: identifiers, pairs, groups, blocks, persons, verdicts or links",
        "before": "How many there were, or would have joined, without it; empty when it makes no sense",
        "affected": "How many it acted on",
        "words": "What that means",
    },
    grain=("guard",),
)
PASSES = Table(
    "identity.passes",
    "One row a day: whether everything was solved again or only what was new; rows are only added",
    {
        "as_of": "Day of the run",
        "kind": "full or incremental",
        "why": "Why it was that kind",
        "records": "People records",
        "nodes": "Different contents among them",
        "new_nodes": "Nodes that the last run did not know",
        "pairs_scored": "Pairs the match model scored",
        "pairs": "Rows of identity.pairs",
        "model_version": "Match model used (hash of its content)",
        "basis": "Hash of the code and of matching.yml",
        "full_as_of": "Day of the last full pass",
        "f1_against_incremental": "Full pass: pairwise F1 between its persons and those published before, over the "
        "records in both; 1 = it changed nothing",
    },
    grain=("as_of",),
)
WEIGHTS = Table(
    "identity.model_weights",
    "What each kind of agreement is worth in the match model",
    {
        "comparison": "Field that is compared",
        "level": "Rank of the level, 0 is plain disagreement",
        "label": "The level in words",
        "m": "Share of true pairs at this level",
        "u": "Share of other pairs at this level",
        "match_weight": "log2(m / u), before the rarity of the value is counted in",
    },
    grain=("comparison", "level"),
    kinds=("splink", "parquet"),
)
PERSON_RECORDS = Table(
    "identity.person_records",
    "Which person every people record belongs to, each record exactly once",
    {
        "source": "System of the record",
        "record_id": "Key of the record inside its system",
        "person_id": "The person; the id outlives runs, rebuilds and model changes",
        "confidence": "Joined record: chance of its best link being right. Lone record: chance that the best "
        "refused link was rightly refused",
    },
    grain=("source", "record_id"),
    personal=frozenset({"record_id"}),
)
PERSONS = Table(
    "identity.persons",
    "One row a person",
    {
        "person_id": "The person",
        "records": "How many records the person has",
        "weakest_weight": "Weight of the best link of the node that hangs loosest; 40 for exact copies only; "
        "empty for one record",
        "since": "Day the id was minted",
    },
    grain=("person_id",),
)
CHANGES = Table(
    "identity.changes",
    "Everything that ever happened to a person id; rows are only added",
    {
        "as_of": "Day of the run",
        "change": "created, merged, split, repointed (records moved between living persons) or retired",
        "person_id": "The person it happened to; for a merge the id that ended",
        "other_person_id": "Where the records went",
        "records": "How many records",
        "cause": "Why, in words",
        "weakest_weight": "Weight of the link by which the loosest record holds to the person that resulted",
        "weakest_evidence": "What that link rests on",
    },
    grain=(),
)
REDIRECTS = Table(
    "identity.redirects",
    "Ids that ended, and the living person to ask instead",
    {"person_id": "The id that ended", "to_person_id": "The living person", "since": "Day it ended"},
    grain=("person_id",),
)
PREVIOUS = {
    "previous.identity.person_records": "source varchar, record_id varchar, person_id varchar, confidence double",
    "previous.identity.persons": "person_id varchar, records bigint, weakest_weight double, since date",
    "previous.identity.changes": "as_of date, change varchar, person_id varchar, other_person_id varchar, "
    "records bigint, cause varchar, weakest_weight double, weakest_evidence varchar",
    "previous.identity.redirects": "person_id varchar, to_person_id varchar, since date",
    "previous.identity.records": "record_key bigint, node_key bigint, source varchar",
}
BEFORE = {  # what a pass starts from
    "previous.identity.clusters": "node_key bigint, cluster bigint, neighbourhood bigint",
    "previous.identity.pairs": "node_key_l bigint, node_key_r bigint, match_weight double, model_weight double, "
    "provenance varchar, veto varchar, is_kept boolean, is_inner boolean, reason varchar",
    "previous.identity.records": "record_key bigint, node_key bigint, source varchar",
    "previous.identity.passes": "as_of date, kind varchar, why varchar, records bigint, nodes bigint, "
    "new_nodes bigint, pairs_scored bigint, pairs bigint, model_version varchar, basis varchar, full_as_of date, "
    "f1_against_incremental double",
}
