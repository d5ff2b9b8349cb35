"""What the sources of Shopify make of their rows: orders, lines, buyers, products, permissions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cdp_pipeline_tests.sources_yaml.exports import mapped, staged

ORDER = [
    {
        "Name": "#1",
        "Email": "Ann@example.org",
        "Created at": "2026-05-01 10:00:00 +0200",
        "Currency": "EUR",
        "Total": "30.00",
        "Billing Name": "Ann Doe",
        "Billing Zip": "'1234AB",
        "Billing Phone": "'+31612345678",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
    },
    {
        "Name": "#1",
        "Email": "Ann@example.org",
        "Lineitem quantity": "2",
        "Lineitem name": "Cup",
        "Lineitem price": "10.00",
    },
]
CUSTOMER = {"Customer ID": "'77", "Email": "Ann@example.org", "Accepts Email Marketing": "no"}


def said(row: dict[str, str], column: str, *answers: str) -> list[dict[str, str]]:
    """A row delivered again each day of May 2026, each time with another answer."""
    return [
        {**row, column: answer, "_delivered_at": f"2026-05-0{day}", "_file": f"{day}.csv"}
        for day, answer in enumerate(answers, 1)
    ]


def test_an_order_is_its_first_row_and_a_line_each_row() -> None:
    """Rows that continue an order add lines and nothing else."""
    assert len(mapped("shopify_orders", "orders", ORDER)) == 1
    lines = mapped("shopify_orders", "order_lines", ORDER)
    assert [(line["line_number"], line["product_name"], line["quantity"]) for line in lines] == [
        ("1", "Mug", 1),
        ("2", "Cup", 2),
    ]


@pytest.mark.parametrize("number", ["1E+03", "#REF!", "########"])
def test_orders_of_one_damaged_number_are_not_one_order(number: str) -> None:
    """Each is in quarantine with what it has; none is dropped as a row of the other."""
    other = {**ORDER[0], "Email": "bob@example.org", "Total": "40.00"}
    with staged("shopify_orders", [{**ORDER[0], "Name": number}, {**other, "Name": number}]) as made:
        assert [(line, outcome) for line, outcome, _ in made.kept_out("orders")] == [
            (2, "quarantined"), (3, "quarantined"),
        ]  # fmt: skip
        assert {outcome for _, outcome, _ in made.kept_out("order_lines")} == {"quarantined"}


def test_an_order_carries_its_moment_and_its_buyer() -> None:
    """The offset is taken off, and the order points at the people record of whoever is billed."""
    order = mapped("shopify_orders", "orders", ORDER)[0]
    assert str(order["ordered_at"]) == "2026-05-01 08:00:00"
    assert order["total_amount"] == Decimal("30.0000")
    buyer = mapped("shopify_orders", "people", ORDER)[0]
    assert order["record_id"] == buyer["record_id"] == "order:#1"
    assert (buyer["email"], buyer["phone"], buyer["postcode"]) == ("Ann@example.org", "+31612345678", "1234AB")


def test_an_order_of_nobody_has_no_record() -> None:
    """An order without name, e-mail and phone is kept, and is nobody's."""
    rows = [{**ORDER[0], "Email": "", "Billing Name": "", "Billing Phone": ""}]
    assert "record_id" not in mapped("shopify_orders", "orders", rows)[0]
    assert mapped("shopify_orders", "people", rows) == []


def test_a_first_row_that_is_there_twice_counts_once() -> None:
    """An order's own row repeated in one file is dropped by name, and its line does not double."""
    rows = [*ORDER, ORDER[0]]
    assert len(mapped("shopify_orders", "orders", rows)) == 1
    lines = mapped("shopify_orders", "order_lines", rows)
    assert [line.get("line_number", line.get("dropped")) for line in lines] == ["1", "2", "repeated_order_row"]


def test_an_order_is_found_wherever_its_row_was_sorted_to() -> None:
    """The rows of a Name in another order give the same order, buyer and lines."""
    with staged("shopify_orders", ORDER) as one, staged("shopify_orders", ORDER[::-1]) as other:
        for table, columns in {
            "orders": "order_id, total_amount, record_id",
            "people": "record_id, email",
            "order_lines": "order_id, product_name, quantity",
        }.items():
            assert set(one.rows(f"staging.{table}", columns)) == set(other.rows(f"staging.{table}", columns))


@pytest.mark.parametrize("damaged", [{"Created at": ""}, {"Total": "12,9O"}, {"Currency": "#NV"}])
def test_an_order_with_a_damaged_cell_is_listed_and_its_buyer_stays(damaged: dict[str, str]) -> None:
    """The order is quarantined with the cell that is bad; its person and its lines are used."""
    with staged("shopify_orders", [{**ORDER[0], **damaged}, ORDER[1]]) as found:
        assert [(line, outcome) for line, outcome, _ in found.kept_out("orders")] == [(2, "quarantined")]
        assert found.rows("staging.people", "record_id, email") == [("order:#1", "ann@example.org")]
        assert len(found.rows("staging.order_lines")) == 2
        assert found.unused == []


def test_a_line_without_a_quantity_is_listed() -> None:
    """A line that has a name and a price but no quantity goes to quarantine; a row without an item is no line."""
    rows = [*ORDER, {**ORDER[1], "Lineitem quantity": " "}, {"Name": "#1", "Email": "Ann@example.org"}]
    with staged("shopify_orders", rows) as found:
        assert found.kept_out("order_lines") == [(4, "quarantined", "quantity: missing")]
        assert len(found.rows("staging.order_lines")) == 2
        assert found.unused == []


def test_a_newer_delivery_replaces_the_lines_of_an_order() -> None:
    """When an order comes again with fewer lines, no line of the earlier delivery stays."""
    newer = {**ORDER[0], "_file": "b.csv", "_line": 2, "_delivered_at": "2026-05-02"}
    lines = mapped("shopify_orders", "order_lines", [*ORDER, newer])
    dropped = {"dropped": "replaced_by_a_newer_delivery"}
    assert [line for line in lines if line != dropped] == [line for line in lines if line.get("product_name") == "Mug"]
    assert len(lines) == 3
    assert lines.count(dropped) == 2


def test_shop_customers_lose_the_apostrophe() -> None:
    """Ids, postcodes and phones come without the apostrophe; the id is also the login."""
    person = mapped(
        "shopify_customers", "people", [{**CUSTOMER, "Default Address Zip": "'1234AB", "Phone": "'+31612345678"}]
    )[0]
    assert (person["record_id"], person["login_id"], person["postcode"], person["phone"]) == (
        "77",
        "77",
        "1234AB",
        "+31612345678",
    )


def test_an_old_customers_file_is_keyed_by_e_mail() -> None:
    """Without Customer ID the e-mail, else the phone, is the key; a row with neither is nobody."""
    rows = [{"Email": "Ann@example.org", "City": "Delft"}, {"Phone": "'0612345678"}, {"City": "Delft"}]
    people = mapped("shopify_customers", "people", rows)
    assert [p["record_id"] for p in people] == ["ann@example.org", "0612345678"]
    assert people[0]["city"] == "Delft"


def test_a_yes_or_no_counts_from_the_first_delivery_that_shows_it() -> None:
    """An unchanged state says nothing; a change counts from the day of its delivery."""
    with staged(
        "shopify_customers", said(CUSTOMER, "Accepts Email Marketing", "yes", "yes", "no", "no", "yes")
    ) as found:
        changes = found.rows("staging.permissions", "status, day(changed_at)")
        assert changes == [("granted", 1), ("denied", 3), ("granted", 5)]
        assert [line for line, _, _ in found.kept_out("permissions")] == [3, 5]


@pytest.mark.parametrize("answer", ["FALSE", "nee", "0", "N", "Falsch", "perhaps", ""])
def test_whatever_is_no_plain_yes_takes_a_grant_back(answer: str) -> None:
    """A no in any language, a word that nobody knows, and a cell emptied after a yes are refusals."""
    with staged("shopify_customers", said(CUSTOMER, "Accepts Email Marketing", "JA", answer)) as found:
        assert found.rows("staging.permissions", "status, basis") == [("granted", "consent"), ("denied", None)]
        assert found.unused == []


def test_an_answer_that_never_came_says_nothing() -> None:
    """A customer whose cells were always blank has no permission and no refusal, and is a person."""
    with staged("shopify_customers", said(CUSTOMER, "Accepts Email Marketing", "", " ")) as found:
        assert found.rows("staging.permissions") == []
        assert len(found.rows("staging.people")) == 1


def test_customers_whose_ids_a_spreadsheet_spoiled_are_listed() -> None:
    """Strangers do not become one by the number, error or word that stands for their ids."""
    ids = ["7E+12", "7E+12", "####", "####", "None", "None", "7000000007919"]
    rows = [{"Customer ID": text, "Email": f"p{n}@example.org"} for n, text in enumerate(ids)]
    with staged("shopify_customers", rows) as found:
        assert found.rows("staging.people", "record_id") == [("7000000007919",)]
        assert [outcome for _, outcome, _ in found.kept_out("people")] == ["quarantined"] * 6


def test_a_synced_flag_is_a_state_and_a_synced_consent_a_change() -> None:
    """The flag counts from its delivery; consent has a moment of its own, and emptied beside it is a refusal."""
    consent, moment = "email_marketing_consent_state", "email_marketing_consent_consent_updated_at"
    flags = said({"id": "1", "email": "ann@example.org"}, "accepts_marketing", "TRUE", "TRUE", "nein")
    states = [
        {"id": "2", "email": "bo@example.org", consent: state, moment: f"2026-02-0{day}", "_line": 10 + day}
        for day, state in enumerate(["SUBSCRIBED", ""], 1)
    ]
    with staged("shopify_api_customers", [*flags, *states]) as found:
        told = found.rows("staging.permissions", "value, status, strftime(changed_at, '%m-%d')")
    assert sorted(told) == [
        ("ann@example.org", "denied", "05-03"),
        ("ann@example.org", "granted", "05-01"),
        ("bo@example.org", "denied", "05-01"),
        ("bo@example.org", "granted", "02-01"),
    ]


def test_a_grant_by_a_flag_has_no_proof() -> None:
    """A bare yes gives a permission without proof, so that it cannot lift a withdrawal."""
    grant = mapped("shopify_customers", "permissions", [{**CUSTOMER, "Accepts Email Marketing": "yes"}])[0]
    assert grant["basis"] == "consent"
    assert "proof" not in grant


def test_synced_orders_join_refunds_codes_and_returns() -> None:
    """Refunded lines with tax and adjustments make what was paid back; codes and returns are found."""
    rows = [
        {
            "id": "1",
            "order_number": "9",
            "email": "ann@example.org",
            "customer_id": "5",
            "currency": "EUR",
            "total_price": "50",
            "created_at": "2026-05-01 10:00:00 ",
            "financial_status": "paid",
        },
        {"id": "11", "order_id": "1", "variant_id": "3", "sku": "A", "quantity": "2", "price": "25", "index": "1"},
        {"order_id": "1", "code": "MAY", "index": "1", "amount": "5"},
        {"id": "21", "order_id": "1", "restock": "FALSE"},
        {"id": "31", "refund_id": "21", "order_line_id": "11", "quantity": "1", "subtotal": "20", "total_tax": "4.20"},
        {"id": "41", "order_id": "1", "refund_id": "21", "amount": "-1.00", "tax_amount": "0"},
    ]
    order = mapped("shopify_api_orders", "orders", rows)[0]
    assert order["refunded_amount"] == Decimal("25.2000")
    assert (order["discount_code"], order["record_id"]) == ("MAY", "order:1")
    assert mapped("shopify_api_orders", "order_lines", rows)[0]["refunded_quantity"] == 1
    assert mapped("shopify_api_orders", "people", rows)[0]["login_id"] == "5"


def test_a_refunded_line_counts_though_its_refund_is_damaged() -> None:
    """The order of a refunded line is found by its order line too; what only adds to an order is a continuation."""
    rows = [
        {"id": "1", "order_number": "9", "email": "ann@example.org", "currency": "EUR", "total_price": "50",
         "created_at": "2026-05-01 10:00:00", "financial_status": "paid"},
        {"id": "11", "order_id": "1", "variant_id": "3", "quantity": "2", "price": "25"},
        {"id": "", "order_id": "1", "restock": "FALSE"},
        {"id": "31", "refund_id": "21", "order_line_id": "11", "quantity": "1", "subtotal": "20", "total_tax": "4"},
        {"id": "31", "refund_id": "21", "order_line_id": "11", "quantity": "1", "subtotal": "20", "total_tax": "4",
         "_file": "b.csv", "_delivered_at": "2026-05-02"},
    ]  # fmt: skip
    with staged("shopify_api_orders", rows) as found:
        assert found.rows("staging.orders", "refunded_amount") == [(Decimal(24),)]
        assert found.unused == []


def test_a_variant_without_a_stock_number_is_dropped_by_name() -> None:
    """It cannot be ordered; a row with an image only is no variant; a price that is none is emptied and listed."""
    rows = [
        {"Handle": "mug", "Title": "Mug", "Variant SKU": "A", "Variant Price": "free"},
        {"Handle": "mug", "Variant Price": "12.00"},
        {"Handle": "mug"},
    ]
    with staged("shopify_products", rows) as found:
        assert found.rows("staging.products", "sku, price_amount") == [("A", None)]
        assert found.kept_out("products") == [
            (2, "mended", "price_amount: not an amount"),
            (3, "dropped", "variant_without_sku"),
        ]
        assert found.unused == []


def test_products_take_their_name_from_the_first_row() -> None:
    """A variant's row has a handle and a stock number; title, type and vendor stand on the first row."""
    rows = [
        {
            "Handle": "mug",
            "Title": "Mug",
            "Type": "Kitchen",
            "Vendor": "Klei",
            "Variant SKU": "A",
            "Variant Price": "9.50",
        },
        {"Handle": "mug", "Variant SKU": "B", "Variant Price": "12.00"},
        {"Handle": "mug"},
    ]
    products = mapped("shopify_products", "products", rows)
    assert [(p["sku"], p["product_name"], p["category"]) for p in products] == [
        ("A", "Mug", "Kitchen"),
        ("B", "Mug", "Kitchen"),
    ]
