"""Column lineage: every output column leads back to the columns it is computed from."""

from __future__ import annotations

from cdp_pipeline.project.lineage import column_lineage

TABLES = {"staging.orders": ["person_id", "total", "refunded"], "identity.persons": ["person_id", "since"]}


def test_a_column_leads_through_steps_to_its_tables() -> None:
    """Lineage goes through CTEs and joins, to all columns of an expression, sorted."""
    sql = """
        with paid as (select person_id, total - refunded as net from staging.orders)
        select persons.person_id, sum(net) as spent, count(*) as orders, 1 as one
        from paid join identity.persons as persons using (person_id) group by all
    """
    assert column_lineage(sql, TABLES) == {
        "person_id": ("identity.persons.person_id",),
        "spent": ("staging.orders.refunded", "staging.orders.total"),
        "orders": (),
        "one": (),
    }


def test_both_halves_of_a_union_count() -> None:
    """A column of a union comes from every part of it."""
    sql = "select person_id from staging.orders union all select person_id from identity.persons"
    assert column_lineage(sql, TABLES) == {"person_id": ("identity.persons.person_id", "staging.orders.person_id")}


def test_sql_that_cannot_be_followed_has_no_lineage() -> None:
    """Lineage is an extra: what sqlglot cannot read is shown without it."""
    assert column_lineage("select from where", TABLES) == {}
