"""What the contracts say about people, and that nothing says it a second time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.registry import (
    Fact,
    defines,
    facts_of,
    holds_permissions,
    kind_sql,
    known_by,
    mistakes,
    outlasting,
    record_column,
    thing_of,
)
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline_tests.models.runner import SQL

PACKAGE = Path(__file__).parents[2] / "cdp_pipeline"


def contract(grain: list[str], columns: dict[str, dict[str, Any]], **keys: Any) -> Contract:
    """A contract of text columns."""
    made = {name: {"type": "text", "description": name} | spec for name, spec in columns.items()}
    return Contract.model_validate({"description": "x", "owner": "x", "grain": grain, "columns": made, **keys})


PEOPLE = contract(
    ["source", "record_id"],
    {"source": {}, "record_id": {"identifies": "record"}, "email": {"keys": "email"}, "login": {"keys": "account"}},
)
CARDS = contract(["source", "card_no"], {"source": {}, "card_no": {}, "record_id": {"references": "people"}})
USES = contract(["source", "use_id"], {"source": {}, "use_id": {}, "card": {"references": "cards"}})
GOODS = contract(["source", "sku"], {"source": {}, "sku": {}, "shelf": {"references": "shelves"}})
SHELVES = contract(["source", "shelf"], {"source": {}, "shelf": {}})
CONTRACTS = {"people": PEOPLE, "cards": CARDS, "uses": USES, "goods": GOODS, "shelves": SHELVES}


def test_a_row_is_whose_the_row_it_refers_to_is() -> None:
    """Through as many tables as it takes; a table about nobody gives no fact."""
    assert facts_of("uses", CONTRACTS) == (Fact("card_no", "card"),)
    assert facts_of("cards", CONTRACTS) == (Fact("card_no", "card_no"), Fact("record_id", "record_id"))
    assert facts_of("goods", CONTRACTS) == ()
    assert facts_of("shelves", CONTRACTS) == ()


def test_what_others_refer_to_is_a_thing() -> None:
    """Called as its key is; who is nobody's, or referred to by none, is no thing."""
    things = {name: thing_of(name, CONTRACTS) for name in (*CONTRACTS, "none")}
    assert things == {"people": "record_id", "cards": "card_no", "uses": "", "goods": "", "shelves": "", "none": ""}
    assert defines("people", CONTRACTS) == ("record_id", "account")
    assert defines("cards", CONTRACTS) == ("card_no",)
    assert defines("uses", CONTRACTS) == ()


def test_tables_that_refer_to_each_other_end() -> None:
    """A circle of references names nobody and is no endless walk."""
    one = contract(["source", "a"], {"source": {}, "a": {}, "b": {"references": "two"}})
    two = contract(["source", "b"], {"source": {}, "b": {}, "a": {"references": "one"}})
    assert facts_of("one", {"one": one, "two": two}) == ()


def test_a_namespace_decides_row_by_row() -> None:
    """One fact for each kind that the column `namespace` may say, and SQL that says the same."""
    spoken = contract(["source"], {"source": {}, "namespace": {}, "value": {"keys": "namespace"}})
    facts = facts_of("spoken", {"spoken": spoken})
    assert {(fact.namespace, fact.kind) for fact in facts} >= {("login_id", "account"), ("email", "email")}
    assert all(fact.columns == ("value", "source", "namespace") for fact in facts)
    with open_duckdb() as con:
        told = [con.execute(f"select {kind_sql('n')} from (select '{name}' as n)").fetchall()[0][0]
                for name in ("customer_id", "phone", "shoe size")]  # fmt: skip
    assert told == ["account", "phone", None]


def test_another_system_may_have_issued_the_id() -> None:
    """`issued_by` names the column that says which."""
    links = contract(
        ["source", "other"], {"source": {}, "other": {"identifies": "record", "issued_by": "their"}, "their": {}}
    )
    assert facts_of("links", {"links": links}) == (Fact("record_id", "other", "their"),)
    assert record_column("links", {"links": links}) == ""
    assert record_column("cards", CONTRACTS) == "record_id"


def test_what_people_are_known_by() -> None:
    """Tables of records that hold more than the record: not those that only refer to it."""
    assert set(known_by(read_project(SQL).contracts)) == {"people", "identifiers"}
    assert set(known_by(CONTRACTS)) == {"people"}


def test_what_stays_and_what_is_a_ledger() -> None:
    """Nothing stays of a table that does not say so; permissions are what has a status in words."""
    contracts = read_project(SQL).contracts
    assert set(outlasting(contracts)) == {"orders", "order_lines", "permissions"}
    assert [holds_permissions({name: 1}, contracts) for name in ("permissions", "orders", "nothing")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"source": {}, "note": {"sensitivity": "personal"}}, "note is personal, but no column says whose"),
        ({"source": {}, "email": {}}, "email is a name of people.email"),
        ({"source": {}, "e_post": {}}, "e_post is a name of people.email"),
        ({"source": {}, "mail": {"identifies": "device", "issued_by": "app"}}, "together with app, which is no column"),
    ],
)
def test_what_is_left_open_is_a_mistake(columns: dict[str, dict[str, Any]], words: str) -> None:
    """Each with the column that it is about."""
    email = {"keys": "email", "sensitivity": "personal", "known_as": ["e post"]}
    people = contract(["source", "record_id"], {"source": {}, "record_id": {"identifies": "record"}, "email": email})
    contracts = {"people": people, "added": contract(["source"], columns)}
    assert [(column, words in told) for column, told in mistakes("added", contracts)] == [(list(columns)[1], True)]
    assert not list(mistakes("people", contracts))


def test_who_says_that_a_column_is_public_is_believed() -> None:
    """A shop's own address is nobody's; saying nothing would be refused."""
    email = {"keys": "email", "sensitivity": "personal"}
    people = contract(["source", "record_id"], {"source": {}, "record_id": {"identifies": "record"}, "email": email})
    shops = contract(["source"], {"source": {}, "email": {"sensitivity": "public"}})
    assert not list(mistakes("shops", {"people": people, "shops": shops}))


def test_anonymised_rows_say_of_what_they_are() -> None:
    """Without an order or another thing in the grain nothing tells which rows are meant."""
    stays = contract(
        ["source", "a"], {"source": {}, "a": {}, "record_id": {"references": "people"}}, when_erased="anonymised"
    )
    assert [column for column, _ in mistakes("stays", CONTRACTS | {"stays": stays})] == [""]


# ---- nothing says it a second time -----------------------------------------------------------------


def _lists() -> Iterator[tuple[str, set[str]]]:
    """Every list, tuple and set of the package with the texts in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.List | ast.Tuple | ast.Set):
                texts = {e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)}
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", texts


def test_no_module_lists_core_tables_or_layers() -> None:
    """A table or layer that is added is known everywhere, because nobody keeps a list of them."""
    project = read_project(SQL)
    layers = set(project.layers)
    wrong = []
    for place, texts in _lists():
        tables = {text.rpartition(".")[2] for text in texts if text.partition(".")[0] in layers or "." not in text}
        wrong += [place] if len(tables & set(project.contracts)) >= 3 or len(texts & layers) >= 3 else []
    assert not wrong
