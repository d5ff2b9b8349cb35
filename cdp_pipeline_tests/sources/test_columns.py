"""Which columns a source keeps and needs, read from its YAML."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_pipeline.project.shapes import Column, Contract, Source
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.columns import referenced_columns, required_columns
from cdp_pipeline.sources.header import choose_columns, missing_columns


def source(into: dict[str, Any], prepare: str | None = None) -> Source:
    """A source with these mappings."""
    return Source(
        description="x",
        owner="x",
        files="*",
        legal_basis="contract",
        prepare=prepare,
        into=into,  # type: ignore[arg-type]
    )


def contract(*required: str, optional: tuple[str, ...] = ()) -> Contract:
    """A contract with these columns."""
    columns = {name: Column(type="text", description="x", required=name in required) for name in (*required, *optional)}
    return Contract(description="x", owner="x", grain=required, columns=columns)


PEOPLE = {"people": contract("record_id", optional=("email", "phone"))}


def test_every_way_to_name_a_column_counts() -> None:
    """Bare names, lists, expressions, where and drop; each name once, in order of appearance."""
    found = referenced_columns(
        source(
            {
                "people": {
                    "columns": {
                        "record_id": "Customer ID",
                        "email": ["Mail", "E-mail"],
                        "phone": {"sql": 'trim("Tel.") || country'},
                    },
                    "where": '"Is test" <> \'"no column"\'',
                    "drop": {"refused": "consent = 'no' and _line > 1"},
                }
            }
        )
    )
    assert found == ("Customer ID", "Mail", "E-mail", "Tel.", "country", "Is test", "consent")


@pytest.mark.parametrize(
    ("prepare", "columns"),
    [
        ('select *, trim("Total") as total from file', ("Total", "Extra")),
        ('select trim("Total") as total, "Extra" from file', ("Total", "Extra")),
        ('with a as (select "Total" as t, * from file) select t as total, "Extra" from a', ("Total", "Extra")),
        ('with a as (select "Total" as t from file) select t as total, 1 as "Extra" from a', ("Total",)),
        (
            'select f."Total" as total, list_filter(f."Items", i -> i.price > 0) as "Extra" from file as f',
            ("Total", "Items"),
        ),
        (
            'select u.item as total, "Extra" from file, unnest(string_split("Items", \';\')) as u(item)',
            ("Extra", "Items"),
        ),
        ('select lower("Total") as low, low || \'x\' as total, "low" as "Extra" from file', ("Total", "low")),
        ('select x.total, "Extra" from (select "Total" as total, * from file) as x', ("Total", "Extra")),
        (
            'select "Total" as total, "Extra" from file union all select "Other", null from file',
            ("Total", "Extra", "Other"),
        ),
        ('from file select "Total" as total, \'x\' as "Extra"', ("Total",)),
    ],
)
def test_prepare_is_looked_through(prepare: str, columns: tuple[str, ...]) -> None:
    """Names that the query makes are not the export's; names read through stars and lambdas are."""
    found = referenced_columns(source({"people": {"columns": {"record_id": "total", "email": "Extra"}}}, prepare))
    assert sorted(found) == sorted(columns)


@pytest.mark.parametrize(
    ("mapped", "prepare", "groups"),
    [
        ("ID", None, [{"ID"}]),
        (["ID", "Key"], None, [{"ID", "Key"}]),
        ({"sql": '\'o:\' || "Name" || "Shop"'}, None, [{"Name"}, {"Shop"}]),
        ({"sql": 'coalesce("ID", trim("Key"))'}, None, [{"ID", "Key"}]),
        ({"sql": "coalesce(\"ID\", '')"}, None, []),
        ({"sql": "case when a then b end"}, None, []),
        ("key", 'select *, trim("Name") as key from file', [{"Name"}]),
        ("key", 'select max(trim("Name")) over (partition by "Group") as key from file', [{"Name"}]),
        ("key", 'select a."Name" as key from file as a join file as b on a.x = b.x', []),
    ],
)
def test_required_columns_are_traced(mapped: Any, prepare: str | None, groups: list[set[str]]) -> None:
    """What a required core column is made of must be in the file; alternatives are one group."""
    found = required_columns(source({"people": {"columns": {"record_id": mapped, "email": "Mail"}}}, prepare), PEOPLE)
    assert sorted(map(sorted, found)) == sorted(map(sorted, groups))


def test_side_facts_with_a_condition_require_nothing() -> None:
    """Of a table that may be absent a file may lack every column; of another it may not."""
    mapping = {"links": {"where": '"Old ID" is not null', "columns": {"record_id": "Old ID"}}}
    links = contract("record_id").model_copy(update={"may_be_absent": True})
    assert required_columns(source(mapping), {"links": links}) == ()
    assert required_columns(source(mapping), {"links": contract("record_id")}) == (frozenset({"Old ID"}),)


def test_names_fit_exactly_or_but_for_case() -> None:
    """The exact name wins; two that fit equally are refused; a missing one is told with its neighbour."""
    assert choose_columns(["Email", "EMAIL", "id"], ["Email", "ID"]) == {"Email": 0, "ID": 2}
    with pytest.raises(RefusedError):
        choose_columns(["email", "EMAIL"], ["Email"])
    missing = missing_columns(["Customer Id", "Mail"], [frozenset({"Customer ID"}), frozenset({"Email", "E"})])
    assert missing == ["E or Email (did you mean Mail?)"]
