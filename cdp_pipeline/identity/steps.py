"""The identity tables of the nightly run: what each holds, and the step that makes it.

What belongs here: reading and writing through `Run`, and the documentation of every column. What
does not: how a record is compared or joined (engine.py and what it calls).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cdp_pipeline.identity.matching import Matching, load_matching
from cdp_pipeline.lake import Run
from cdp_pipeline.project import Project
from cdp_pipeline.steps import Step, Table

Outcome = Mapping[str, Mapping[str, int | float | str]]
VERSION = "identity 2"
MODEL_FOLDER = "identity"  # model.json and term_frequencies.parquet beside the tables

RECORDS = Table(
    "identity.records",
    "People records in one spelling: what is compared when persons are looked for",
    {
        "record_key": "Number of the record, dense by source and record_id",
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
        "sound_full": "How both names sound",
        "email_key": "E-mail address in lower case without +tag; empty when a placeholder or over-shared",
        "phone_key": "Phone number in E.164; behind a ? when nobody can have that number",
        "postcode_key": "Postal code, letters and digits only",
        "city_key": "Town, folded",
        "country_code": "Country, ISO 3166 alpha-2",
        "company_key": "Company, folded",
        "login_id": "Account id the person logs in with, behind the system that issued it (shop:17)",
        "email_local": "The part before the @, when long enough to say something",
        "other_emails": "Further e-mail addresses of the record",
        "other_phones": "Further phone numbers of the record",
        "birth_date": "Day of birth as YYYY-MM-DD",
        "birth_year": "Year of birth",
        "street_key": "Street, folded and shortened",
        "house_key": "House number with its addition",
        "address_key": "Street and house number",
        "place_key": "Postcode and house number",
        "node_key": "record_key of the first exact copy of this record; itself when there is none",
        "updated_at": "When the source last changed the record (UTC)",
    },
    grain=("record_key",),
    kinds=("duckdb", "parquet"),
    personal=frozenset(
        "record_id name_first name_middle name_last name_full name_nick name_nick_full name_forms name_words "
        "sound_last sound_full email_key phone_key postcode_key company_key login_id email_local "
        "other_emails other_phones birth_date street_key house_key address_key place_key".split()
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
    "Pairs of records that were compared: those joined, and those near enough to be worth a look",
    {
        "record_key_l": "First record (identity.records)",
        "record_key_r": "Second record, the larger number",
        "match_weight": "log2 odds that both are one person; 40 = a source says so, -40 = vetoed",
        "provenance": "model, email_rule, copy, login (same account id), or the kind of a source's link",
        "is_kept": "Both records ended up in one person",
        "reason": "What agrees and what does not, in words",
    },
    grain=("record_key_l", "record_key_r"),
    kinds=("splink", "duckdb", "parquet"),
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
        "weakest_weight": "Weight of the best link of the record that hangs loosest; empty for one record",
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
        "weakest_weight": "Weakest link of the person that resulted",
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
    "records bigint, cause varchar, weakest_weight double",
    "previous.identity.redirects": "person_id varchar, to_person_id varchar, since date",
}
SOURCES = ("staging.people", "staging.identifiers", "staging.links")


def steps(project: Project) -> tuple[Step, ...]:
    """The three steps of the layer; ProjectError when 3_identity is wrong."""
    matching = load_matching(project.folder / "3_identity")
    version = f"{VERSION} {matching.model_dump_json()} {project.settings.country}"
    return (
        Step(
            (RECORDS, BLOCKED), ("staging.people", "staging.identifiers"), lambda run: _records(run, matching), version
        ),
        Step(
            (PAIRS, WEIGHTS),
            ("identity.records", "staging.identifiers", "staging.links"),
            lambda run: _pairs(run, matching),
            version,
        ),
        Step(
            (PERSON_RECORDS, PERSONS, CHANGES, REDIRECTS),
            ("identity.records", "identity.pairs", *PREVIOUS),
            _persons,
            version,
            uses_as_of=True,
        ),
    )


def _records(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.normalise import Inputs

    con = run.connect("staging.people", "staging.identifiers")
    numbers = engine.prepare(con, Inputs(links=None), matching, run.key, run.project.settings.country)
    run.write(con, RECORDS.name, _select(RECORDS, "records"), ["record_key"])
    run.write(con, BLOCKED.name, _select(BLOCKED, "blocked_identifiers"), ["kind", "value_hash"])
    return {RECORDS.name: numbers, BLOCKED.name: {"blocked": numbers["blocked_identifiers"]}}


def _pairs(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine, saved_model
    from cdp_pipeline.identity.normalise import Inputs

    con = run.connect("identity.records", "staging.identifiers", "staging.links")
    con.execute("create temp table records as from identity.records order by record_key")
    saved = saved_model.load(run.published / MODEL_FOLDER) if run.published else None
    used, numbers = engine.link(con, Inputs(), matching, saved)
    saved_model.save(used, Path(run.folder) / MODEL_FOLDER)
    run.write(con, PAIRS.name, _select(PAIRS, "pairs"), ["record_key_l", "record_key_r"])
    run.write(con, WEIGHTS.name, _select(WEIGHTS, "model_weights"), ["comparison", "level desc"])
    return {PAIRS.name: numbers, WEIGHTS.name: {"model": numbers["model"]}}


def _persons(run: Run) -> Outcome:
    from cdp_pipeline.identity import ids

    con = run.connect("identity.records", "identity.pairs", *PREVIOUS, empty=PREVIOUS)
    con.execute("create temp table records as from identity.records; create temp table pairs as from identity.pairs")
    previous = ids.Previous(*PREVIOUS)
    numbers = ids.assign(con, previous, run.key, run.as_of)
    run.write(con, PERSON_RECORDS.name, _select(PERSON_RECORDS, "person_records"), ["person_id", "source", "record_id"])
    run.write(con, PERSONS.name, _select(PERSONS, "persons"), ["person_id"])
    order = ["as_of", "change", "person_id", "other_person_id"]
    run.write(con, CHANGES.name, _select(CHANGES, "changes"), order)
    run.write(con, REDIRECTS.name, _select(REDIRECTS, "redirects"), ["person_id"])
    return {PERSONS.name: numbers, PERSON_RECORDS.name: {"churn_share": numbers["churn_share"]}}


def _select(table: Table, relation: str) -> str:
    return f"select {', '.join(table.columns)} from {relation}"
