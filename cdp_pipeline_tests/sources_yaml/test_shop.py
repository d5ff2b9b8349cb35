"""What the other webshops' sources make of their rows: orders, lines, buyers, addresses."""

from __future__ import annotations

import json
from decimal import Decimal

from cdp_pipeline_tests.sources_yaml.exports import mapped


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


def test_a_product_whose_quantity_is_in_doubt_is_a_line_without_one() -> None:
    """Blanks do not matter; a name that holds a quantity may be two products, and its line is judged as it stands."""
    cells = ["Mug x  1, Cup  x 2", "Mug x 1- Cup x 2"]
    rows = [{"Order #": str(n), "Date": "2026-02-02T00:00:00", "Product(s)": cell} for n, cell in enumerate(cells)]
    lines = mapped("woocommerce_orders", "order_lines", rows)
    assert [(line["product_name"], line.get("quantity")) for line in lines] == [
        ("Mug", 1), ("Cup", 2), ("Mug x 1- Cup", None),
    ]  # fmt: skip


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
    """One object or a list; a returned order returns its pieces; a cell that is no JSON gives one without a product."""
    one, two = {"sku": "A", "qty": "1"}, [{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "3"}]
    rows = [
        {"increment_id": "1", "currency": "EUR", "product": json.dumps(one), "refund": "yes"},
        {"increment_id": "2", "currency": "EUR", "product": json.dumps(two), "refund": "no"},
        {"increment_id": "3", "currency": "EUR", "product": "a mug"},
    ]
    lines = mapped("magento_orders", "order_lines", rows)
    assert [(line["order_id"], line.get("sku"), line.get("refunded_quantity")) for line in lines] == [
        ("1", "A", 1),
        ("2", "A", None),
        ("2", "B", None),
        ("3", None, None),
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
