"""What stays of the erased: what the contracts declare, no more, and again every night."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from cdp_pipeline.ledgers.tombstones import hashed
from cdp_pipeline.privacy.anonymised import _lasting
from cdp_pipeline.project.shapes import Column
from cdp_pipeline_tests.privacy.town import Town


def declared(bos: Town, table: str, **columns: Column) -> Town:
    """The town under a contract with other words on some columns."""
    contract = bos.project.contracts[table]
    changed = contract.model_copy(update={"columns": {**contract.columns, **columns}})
    bos.project = replace(bos.project, contracts={**bos.project.contracts, table: changed})
    return bos


def text(**more: object) -> Column:
    return Column.model_validate({"type": "text", "description": "a"} | more)


def test_text_of_an_order_goes_unless_it_is_declared(bos: Town) -> None:
    """A column of text that nobody said anything about is emptied; one that is declared harmless stays."""
    declared(bos, "orders", status=text()).forget("ann@mail.example")
    bos.night()
    assert bos.rows("raw.erased_orders", "status, currency, total_amount::int") == [(None, "EUR", 10)]


def test_what_is_declared_later_holds_for_what_was_kept_before(bos: Town) -> None:
    """A column that an officer calls personal, or not kept, is emptied in the rows of earlier nights too."""
    bos.forget("ann@mail.example")
    bos.night()
    assert bos.rows("raw.erased_orders", "status, currency, len(order_id)") == [("paid", "EUR", 16)]
    bos.publish()
    declared(bos, "orders", status=text(sensitivity="personal"))
    declared(bos, "order_lines", sku=text(kept_when_erased=False)).night()
    assert bos.rows("raw.erased_orders", "status, currency, len(order_id)") == [(None, "EUR", 16)]
    assert bos.rows("raw.erased_order_lines", "sku, product_name, len(order_id)") == [(None, "Lamp", 16)]
    assert bos.rows("staging.orders", "sum(total_amount)::int") == [(30,)]


def test_a_stop_keeps_its_address_and_nothing_personal(bos: Town) -> None:
    """Of the columns of a stop those stay that are declared; the address it holds for is the one exception."""
    declared(bos, "permissions", basis=text(sensitivity="personal"), recipient=text())
    bos.forget("ann@mail.example")
    bos.night()
    kept = bos.rows("raw.erased_permissions", "distinct value, status, basis, recipient, record_id, proof")
    assert kept == [("+31612345678", "denied", None, None, None, None)]


def test_an_id_lasts_over_an_exchange_of_keys() -> None:
    """What is kept under an earlier key keeps that hash; everything new is hashed with the present key."""
    with duckdb.connect() as con:
        con.execute("create table erased_orders (order_id varchar)")
        con.execute("insert into erased_orders values (?)", [hashed("old", "order_id", "shop:1")[:16]])
        id_of = _lasting("orders", "order_id", "order_id", "value", ["new", "old"])
        rows = con.execute(f"select {id_of} from (values ('shop:1'), ('shop:2')) t(value)").fetchall()
        alone = con.execute(f"select {_lasting('orders', 'order_id', 'order_id', repr('shop:1'), ['new'])}").fetchall()
    assert rows == [(hashed("old", "order_id", "shop:1")[:16],), (hashed("new", "order_id", "shop:2")[:16],)]
    assert alone == [(hashed("new", "order_id", "shop:1")[:16],)]
