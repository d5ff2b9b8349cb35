"""Laws of conservation whose SQL depends on the project: on its sources, its attribute themes, its destinations.

What belongs here: writing those checks. What does not: laws that are the same in every project, which are
SQL files in dbt_like_sql/checks, and evaluating (checks.py).
"""

from __future__ import annotations

from itertools import pairwise

from cdp_pipeline.profiles.customers import attributes, customers_sql
from cdp_pipeline.profiles.golden import fields
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.sql_model import Check

_FLAGS = ("has_key", "is_permitted", "is_transfer_allowed", "is_above_minimum", "is_written")
_FUNNEL = ("has_key", "permitted", "transfer_allowed", "above_minimum")


def laws(project: Project) -> tuple[Check, ...]:
    """The laws of this project; a law with nothing to look at is left out."""
    checks = [_raw(project), _attributes(project), _members(project), _gates(project)]
    return tuple(check for check in checks if check)


def _raw(project: Project) -> Check | None:
    if not project.sources or "orders" not in project.contracts:
        return None
    counts = " union all ".join(
        f"select {literal(name)} as source, _file as file, count(*) as rows from raw.{name} group by _file"
        for name in project.sources
    )
    return Check(
        name="raw_holds_what_was_loaded",
        asset="staging.reconciliation",
        description="Raw tables hold the rows that were loaded from each file, less those of people who were erased",
        sql=f"""with held as ({counts}),
            loaded as (select source, file, sum(rows_loaded) as rows from raw.files where status = 'loaded' group by all),
            erased as (select source_name as source, file, sum(rows_erased) as rows from raw.erased_rows group by all)
            select source, file, loaded.rows as rows_loaded, held.rows as rows_held, erased.rows as rows_erased
            from loaded
            full join held using (source, file)
            full join erased using (source, file)
            where coalesce(loaded.rows, 0) <> coalesce(held.rows, 0) + coalesce(erased.rows, 0)""",
        reads=("raw.files", "raw.erased_rows", *(f"raw.{name}" for name in project.sources)),
        owner="data team",
        fix="Rows of a raw part were lost or added after it was read: remove the parts of that source, so that it is "
        "read again, and report it",
    )


def _attributes(project: Project) -> Check | None:
    models = project.themes
    contacts = fields(project.survivorship)
    if not models or not contacts:
        return None
    columns = ["records_count", "known_since", *contacts, *(column for model in models for column in attributes(model))]
    differs = " or ".join(f'c."{column}" is distinct from m."{column}"' for column in columns)
    strangers = " union all ".join(
        f"select person_id from {name} anti join profiles.customers using (person_id)"
        for name in ("profiles.contacts", *(model.name for model in models))
    )
    return Check(
        name="customers_hold_every_attribute",
        asset="profiles.customers",
        description="A customer has every attribute with the value of its theme, and no theme knows anybody else",
        sql=f"""with made as ({customers_sql(models, contacts)})
            select c.person_id from profiles.customers as c join made as m on c.person_id = m.person_id where {differs}
            union all {strangers}""",
        reads=("profiles.customers", "identity.persons", "profiles.contacts", *(model.name for model in models)),
        owner="crm team",
        fix="A theme of 4_profiles/attributes is not the one customers was made from; build profiles again",
    )


def _members(project: Project) -> Check | None:
    if not project.destinations:
        return None
    return Check(
        name="destinations_hold_every_member",
        asset="activation.receipts",
        description="A destination accounts for every member of its audiences once, and for nobody else",
        sql=f"""with accounted as (
                select destination, audience, person_id, 1 as found, 0 as expected
                from ({_rows_of(project, "audience, person_id")})
                union all
                select r.destination, r.audience, m.person_id, 0, 1
                from activation.receipts as r
                join segments.memberships as m on m.kind = 'audience' and m.segment = r.audience
            )
            select destination, audience, person_id, sum(found) as found, sum(expected) as expected
            from accounted
            group by all
            having sum(found) <> 1 or sum(expected) <> 1""",
        reads=("activation.receipts", "segments.memberships", *_tables(project)),
        owner="privacy officer",
        fix="Do not deliver the files: a destination and segments.memberships come from different runs; build activation again",
    )


def _gates(project: Project) -> Check | None:
    if not project.destinations:
        return None
    counts = ", ".join(f"count(*) filter (where {flag}) as {flag}" for flag in _FLAGS)
    unequal = " or ".join(
        f"coalesce(c.{flag}, 0) <> r.{column}" for flag, column in zip(_FLAGS, (*_FUNNEL, "written"), strict=True)
    )
    nested = " or ".join(f"({later} and not {earlier})" for earlier, later in pairwise(_FLAGS))
    return Check(
        name="receipts_count_their_rows",
        asset="activation.receipts",
        description="A receipt counts the people who passed each gate, nobody passes a gate after one that stopped them, "
        "and who is not written has a reason",
        sql=f"""with given as ({_rows_of(project, f"audience, person_id, stopped_at, {', '.join(_FLAGS)}")}),
            counted as (select destination, audience, count(*) as people, {counts} from given group by all)
            select r.destination, r.audience, 'counts differ' as problem
            from activation.receipts as r
            left join counted as c on r.destination = c.destination and r.audience = c.audience
            where coalesce(c.people, 0) <> r.in_rule or {unequal}
            union all
            select destination, audience, 'passed a gate after one that stopped' from given where {nested}
            union all
            select destination, audience, 'left out without a reason, or written with one' from given
            where is_written = (stopped_at is not null)""",
        reads=("activation.receipts", *_tables(project)),
        owner="privacy officer",
        fix="Do not deliver the files: the receipts do not tell what was done; build activation again",
    )


def _rows_of(project: Project, columns: str) -> str:
    return " union all ".join(
        f"select {literal(name)} as destination, {columns} from activation.{name}"
        for name in sorted(project.destinations)
    )


def _tables(project: Project) -> tuple[str, ...]:
    return tuple(f"activation.{name}" for name in sorted(project.destinations))
