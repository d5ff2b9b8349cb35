"""What the webshops' sources make of their rows: orders, lines, buyers, products, permissions."""

from __future__ import annotations

import json
from decimal import Decimal

from cdp_pipeline_tests.sources_yaml.exports import mapped

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


def test_an_order_is_its_first_row_and_a_line_each_row() -> None:
    """Rows that continue an order add lines and nothing else."""
    assert len(mapped("shopify_orders", "orders", ORDER)) == 1
    lines = mapped("shopify_orders", "order_lines", ORDER)
    assert [(line["line_number"], line["product_name"], line["quantity"]) for line in lines] == [
        ("1", "Mug", 1),
        ("2", "Cup", 2),
    ]


def test_an_order_carries_its_moment_and_its_buyer() -> None:
    """The offset is taken off, and the order points at the people record of whoever is billed."""
    order = mapped("shopify_orders", "orders", ORDER)[0]
    assert str(order["ordered_at"]) == "2026-05-01 08:00:00"
    assert order["total_amount"] == Decimal("30.0000")
    buyer = mapped("shopify_orders", "people", ORDER)[0]
    assert order["record_id"] == buyer["record_id"] == "order:#1"
    assert (buyer["email"], buyer["phone"], buyer["postcode"]) == ("ann@example.org", "+31612345678", "1234AB")


def test_an_order_of_nobody_has_no_record() -> None:
    """An order without name, e-mail and phone is kept, and is nobody's."""
    rows = [{**ORDER[0], "Email": "", "Billing Name": "", "Billing Phone": ""}]
    assert "record_id" not in mapped("shopify_orders", "orders", rows)[0]
    assert mapped("shopify_orders", "people", rows) == []


def test_a_first_row_that_is_there_twice_counts_once() -> None:
    """An order's own row repeated in one file is dropped by name, and its line does not double."""
    rows = [*ORDER, ORDER[0]]
    assert mapped("shopify_orders", "orders", rows)[-1] == {"dropped": "repeated_order_row"}
    lines = mapped("shopify_orders", "order_lines", rows)
    assert [line.get("line_number") for line in lines] == ["1", "2", None]


def test_a_newer_delivery_replaces_the_lines_of_an_order() -> None:
    """When an order comes again with fewer lines, no line of the earlier delivery stays."""
    newer = {**ORDER[0], "_file": "b.csv", "_line": 2, "_delivered_at": "2026-05-02"}
    lines = mapped("shopify_orders", "order_lines", [*ORDER, newer])
    assert [(line["line_number"], line["product_name"]) for line in lines] == [("1", "Mug")]


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
    rows = [
        {**CUSTOMER, "Accepts Email Marketing": said, "_delivered_at": f"2026-05-0{day}", "_file": f"{day}.csv"}
        for day, said in enumerate(["yes", "yes", "no", "no", "yes"], 1)
    ]
    changes = mapped("shopify_customers", "permissions", rows)
    assert [(c["status"], c["changed_at"].day) for c in changes] == [("granted", 1), ("denied", 3), ("granted", 5)]


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


def test_analytics_orders_are_read_in_french() -> None:
    """Localised headers are known, and the cell of products becomes lines."""
    rows = [
        {
            "Date": "2026-02-02T00:00:00",
            "Commande n°": "12",
            "Client": "Ann Doe",
            "Produit(s)": "Mug, blue x 1, Cup x 2",
            "Ventes nettes": "22.50",
        }
    ]
    assert mapped("woocommerce_orders", "orders", rows)[0]["total_amount"] == Decimal("22.5000")
    lines = mapped("woocommerce_orders", "order_lines", rows)
    assert [(line["product_name"], line["quantity"]) for line in lines] == [("Mug, blue", 1), ("Cup", 2)]


def test_exported_orders_have_products_in_groups_of_columns() -> None:
    """The groups become lines; customer 0 is a guest; a refund counts positive."""
    rows = [
        {
            "order_id": "5",
            "order_date": "2026-02-02 10:00:00",
            "order_currency": "EUR",
            "order_total": "30",
            "refunded_total": "-5",
            "customer_id": "0",
            "billing_email": "ann@example.org",
            "Product Item 1 Name": "Mug",
            "Product Item 1 Quantity": "2",
            "Product Item 1 Total": "20",
            "Product Item 2 Name": "Cup",
            "Product Item 2 Quantity": "1",
            "Product Item 2 Total": "10",
        }
    ]
    assert mapped("woocommerce_suite_orders", "orders", rows)[0]["refunded_amount"] == Decimal("5.0000")
    lines = mapped("woocommerce_suite_orders", "order_lines", rows)
    assert [(line["product_name"], line["unit_amount"]) for line in lines] == [
        ("Mug", Decimal(10)),
        ("Cup", Decimal(10)),
    ]
    assert "login_id" not in mapped("woocommerce_suite_orders", "people", rows)[0]


def test_a_json_cell_of_products_becomes_lines() -> None:
    """One object or a list; a returned order returns its pieces; a cell that is no JSON gives none."""
    one, two = {"sku": "A", "qty": "1"}, [{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "3"}]
    rows = [
        {"increment_id": "1", "currency": "EUR", "product": json.dumps(one), "refund": "yes"},
        {"increment_id": "2", "currency": "EUR", "product": json.dumps(two), "refund": "no"},
        {"increment_id": "3", "currency": "EUR", "product": "a mug"},
    ]
    lines = mapped("magento_orders", "order_lines", rows)
    assert sorted((line["order_id"], line["sku"], line.get("refunded_quantity")) for line in lines) == [
        ("1", "A", 1),
        ("2", "A", None),
        ("2", "B", None),
    ]
    assert len(mapped("magento_orders", "orders", rows)) == 3


def test_addresses_of_suppliers_are_nobody() -> None:
    """Addresses of manufacturers and suppliers are dropped, each by the name of its rule."""
    rows = [
        {"Address ID": "1", "Customer e-mail*": "ann@example.org", "Zipcode*": "1234AB"},
        {"Address ID": "2", "Lastname*": "Doe", "Manufacturer": "Klei"},
        {"Address ID": "3", "Lastname*": "Roe", "Supplier": "Post"},
    ]
    found = mapped("prestashop_addresses", "people", rows)
    assert [f.get("dropped", f.get("record_id")) for f in found] == [
        "address:1",
        "address_of_a_manufacturer",
        "address_of_a_supplier",
    ]


def test_the_first_of_january_1900_is_no_birthday() -> None:
    """A birthday that stands for none is left empty; the title says the gender."""
    rows = [
        {
            "Customer ID": "1",
            "Email *": "ann@example.org",
            "Birthday (yyyy-mm-dd)": "1900-01-01",
            "Titles ID (Mr = 1, Ms = 2, else 0)": "2",
        }
    ]
    person = mapped("prestashop_customers", "people", rows)[0]
    assert "birth_date" not in person
    assert person["gender"] == "female"
