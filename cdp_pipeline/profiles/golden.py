"""Golden values: which record gives a person each field, as one generated SQL statement.

What belongs here: survivorship.yml turned into SQL, and the contacts read out of its result. What
does not: which rule a field has (dbt_like_sql/4_profiles/survivorship.yml).

Every rule is a strength, the higher the better, inside one order that never ties:
first field of the group filled, strength, newest record, most trusted system, source, record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Contract, FieldRule, Survivorship
from cdp_pipeline.project.yaml_file import place

# What DuckDB must find before an address counts as one: one @, a dot after it, no blanks.
_POSSIBLE_EMAIL = r"^[^@\s,;]+@[^@\s,;.]+(\.[^@\s,;.]+)+$"


def groups(survivorship: Survivorship) -> dict[str, tuple[str, ...]]:
    """Rule name → the fields it decides together; a rule without `together` decides the field of its name."""
    return {name: rule.together or (name,) for name, rule in survivorship.fields.items()}


def fields(survivorship: Survivorship) -> tuple[str, ...]:
    """Every golden field, in the order of the file."""
    return tuple(field for together in groups(survivorship).values() for field in together)


def personal_fields(survivorship: Survivorship, people: Contract) -> frozenset[str]:
    """The golden fields that hold personal data: those that the contract of people calls so."""
    return frozenset(f for f in fields(survivorship) if people.columns[f].sensitivity != "public")


def mistakes(path: Path, survivorship: Survivorship, people: Contract) -> list[str]:
    """What is wrong with survivorship.yml, at `path`, each as one line."""
    names = fields(survivorship)
    columns = [name for name, column in people.columns.items() if column.type != "attributes"]
    problems = [
        f"{place(path, 'fields', f)}: fields: people has no column {f}{nearest(f, columns)}"
        for f in names
        if f not in columns
    ]
    problems += [
        f"{place(path, 'fields', f)}: fields: {f} is decided twice" for f in dict.fromkeys(names) if names.count(f) > 1
    ]
    problems += [
        f"{place(path, 'fields')}: fields: {f} is missing; permissions need it"
        for f in ("email", "phone")
        if f not in names
    ]
    return problems


def golden_values_sql(survivorship: Survivorship) -> str:
    """SELECT of profiles.golden_values; reads staging.people, staging.corrections, identity.person_records, identity.records.

    A cell that was corrected goes before every rule; its source is `correction`, its record `source:record_id`. What
    it replaced is a losing value of its record, where staging.corrections has it.

    Columns: person_id, field, value, source, record_id, rule, candidates, losing_values (list of
    struct value, source, record_id; each other value once, best first), _file, _line.
    Grain: person_id, field. A field that no record fills has no row.
    """
    steps = [f"cleaned as ({_cleaned(survivorship)})"]
    longs = []
    for name, rule in survivorship.fields.items():
        together = rule.together or (name,)
        steps.append(f"{name}_candidates as ({_candidates(rule, together)})")
        steps.append(f"{name}_ranked as ({_ranked(name, together[0])})")
        longs += [_long(name, rule, field) for field in together]
    steps.append("every_value as (" + "\nunion all\n".join([*longs, _REPLACED]) + ")")
    return f"with {', '.join(steps)}{_WINNERS_AND_LOSERS}"


def contacts_sql(survivorship: Survivorship) -> str:
    """SELECT of profiles.contacts: every person of identity.persons with one column a golden field."""
    columns = []
    for field in fields(survivorship):
        value = f"max(g.value) filter (where g.field = '{field}')"
        columns.append(f"{_TYPED.get(field, '{}').format(value)} as {field}")
    return f"""
        select p.person_id, {", ".join(columns)}
        from identity.persons as p
        left join profiles.golden_values as g on p.person_id = g.person_id
        group by p.person_id"""


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(literal(value) for value in values) + "]::varchar[]"


def _cleaned(survivorship: Survivorship) -> str:
    """Every record with its person, its age, the rank of its system, and its fields free of placeholders."""
    placeholders = _list(value.lower() for value in survivorship.placeholders)
    email = "lower(trim(nfc_normalize(p.email)))"
    special: Mapping[str, str] = {
        "email": f"case when regexp_full_match({email}, '{_POSSIBLE_EMAIL}') then {email} end",
        "phone": "case when starts_with(k.phone_key, '+') then k.phone_key end",
        "country": "coalesce(k.country_code, trim(p.country))",
    }
    columns = []
    for field in fields(survivorship):
        cell = special.get(field, f"trim(cast(p.{field} as varchar))")
        is_empty = f"lower({cell}) = '' or list_contains({placeholders}, lower({cell}))"
        columns.append(f"case when {is_empty} then null else {cell} end as {field}")
    trust = f"coalesce(list_position({_list(survivorship.trust)}, p.source), {len(survivorship.trust) + 1})"
    return f"""
        select r.person_id, p.source, p.record_id, p._file, p._line,
            coalesce(p.updated_at, p.created_at) as changed_at, {trust} as trust,
            coalesce(c.columns, []::varchar[]) as corrected, {", ".join(columns)}
        from staging.people as p
        join identity.person_records as r on p.source = r.source and p.record_id = r.record_id
        left join identity.records as k on p.source = k.source and p.record_id = k.record_id
        left join (
            select source, record_id, list(column_name order by column_name) as columns
            from staging.corrections group by source, record_id
        ) as c on p.source = c.source and p.record_id = c.record_id"""


def _candidates(rule: FieldRule, together: tuple[str, ...]) -> str:
    match rule.rule:
        case "most_recent":
            strength = "0"
        case "most_trusted":
            strength = "-trust"
        case "most_frequent":
            strength = f"count(*) over (partition by person_id, {', '.join(f'lower({f})' for f in together)})"
        case "most_complete" if len(together) == 1:
            strength = f"length({together[0]})"
        case "most_complete":
            strength = " + ".join(f"({f} is not null)::integer" for f in together)
    corrected = f"list_has_any(corrected, {_list(together)})"
    return (
        f"select *, {strength} as strength, {corrected} as is_corrected "
        f"from cleaned where coalesce({', '.join(together)}) is not null"
    )


def _ranked(name: str, first: str) -> str:
    return f"""
        select *, count(*) over (partition by person_id) as candidates, row_number() over (
            partition by person_id
            order by is_corrected desc, {first} is null, strength desc, changed_at desc nulls last, trust, source, record_id
        ) as place
        from {name}_candidates"""


def _long(name: str, rule: FieldRule, field: str) -> str:
    return f"""
        select person_id, '{field}' as field, {field} as value,
            if(list_contains(corrected, '{field}'), 'correction', source) as source,
            if(list_contains(corrected, '{field}'), source || ':' || record_id, record_id) as record_id,
            if(list_contains(corrected, '{field}'), 'correction', '{rule.rule}') as rule, candidates, place, _file, _line
        from {name}_ranked where {field} is not null"""


# Types and wording of contacts that differ from the golden value itself.
_TYPED = {
    "birth_date": "cast({} as date)",
    "full_name": "coalesce({}, nullif(concat_ws(' ', "
    + ", ".join(f"max(g.value) filter (where g.field = '{f}')" for f in ("first_name", "middle_name", "last_name"))
    + "), ''))",
}

_REPLACED = """
        select r.person_id, c.column_name as field, c.replaced as value, c.source, c.record_id,
            null as rule, null as candidates, 1000000000 + row_number() over (order by c.source, c.record_id) as place,
            null as _file, null as _line
        from staging.corrections as c
        join identity.person_records as r on c.source = r.source and c.record_id = r.record_id
        where c.replaced is not null"""  # after every record that still says something

_WINNERS_AND_LOSERS = """,
winners as (select * from every_value where place = 1),
distinct_values as (
    select *, row_number() over (partition by person_id, field, value order by place) as repeat
    from every_value
),
losers as (
    select v.person_id, v.field,
        list(struct_pack(value := v.value, source := v.source, record_id := v.record_id) order by v.place)
            as losing_values
    from distinct_values as v
    join winners as w on v.person_id = w.person_id and v.field = w.field
    where v.repeat = 1 and v.value <> w.value
    group by v.person_id, v.field
)
select
    w.person_id, w.field, w.value, w.source, w.record_id, w.rule, w.candidates,
    coalesce(l.losing_values, []) as losing_values, w._file, w._line
from winners as w
left join losers as l on w.person_id = l.person_id and w.field = l.field"""
