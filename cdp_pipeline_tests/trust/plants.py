"""Exports in which every column of every source holds a marker that is found again wherever it goes.

What belongs here: markers, and files that the sources accept with them inside. What does not: running
the platform on them and searching (canary.py).

Each column gets three rows: the marker as a word, the marker as an e-mail address, and a row in which
every column is its marker, so that nothing parses and the row fails. Columns of phones get a number too.
Markers are lower-case letters, so that they outlive folding; phones and addresses are told by digits.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Source
from cdp_pipeline.sources.columns import referenced_columns

STEM, MAIL_STEM = "zqkvx", "zqkvm"
DELIVERED = "2026-06-29"
_UNMAPPED = "Note nobody maps"
_FILES = {
    "ga4_events": "ga4/events_{day}.jsonl",
    "ga4_flat_events": "ga4/event_data_{day}.csv",
    "hubspot_api_contacts": "hubspot/contact_data_{day}.csv",
    "hubspot_api_email_events": "hubspot/email_event_{day}.csv",
    "hubspot_api_form_submissions": "hubspot/contact_form_submission_{day}.csv",
    "hubspot_api_merges": "hubspot/contact_merge_audit_{day}.csv",
    "hubspot_contacts": "hubspot/hubspot-crm-exports-contacts-{day}.csv",
    "klaviyo_profiles": "klaviyo/klaviyo_{day}.csv",
    "magento_customers": "magento/customers_{day}.csv",
    "magento_orders": "magento/orders_{day}.csv",
    "mailchimp_api_activity": "mailchimp/campaign_recipient_activity_{day}.csv",
    "mailchimp_api_members": "mailchimp/member_data_{day}.csv",
    "mailchimp_api_sent": "mailchimp/campaign_recipient_data_{day}.csv",
    "mailchimp_api_unsubscribes": "mailchimp/unsubscribe_data_{day}.csv",
    "mailchimp_cleaned": "mailchimp/cleaned_members_export_{day}.csv",
    "mailchimp_subscribed": "mailchimp/subscribed_members_export_{day}.csv",
    "mailchimp_unsubscribed": "mailchimp/unsubscribed_members_export_{day}.csv",
    "meta_leads": "meta/leads_{day}.csv",
    "prestashop_addresses": "prestashop/addresses_{day}.csv",
    "prestashop_customers": "prestashop/customers_{day}.csv",
    "salesforce_accounts": "salesforce/Account_{day}.csv",
    "salesforce_contacts": "salesforce/Contact_{day}.csv",
    "salesforce_leads": "salesforce/Lead_{day}.csv",
    "segment_engage_profiles": "segment/audience_csv_{day}.csv",
    "segment_events": "segment/calls_{day}.jsonl",
    "shopify_api_checkouts": "shop/shopify_abandoned_checkout_data_{day}.csv",
    "shopify_api_customers": "shop/shopify_customer_data_{day}.csv",
    "shopify_api_orders": "shop/shopify_order_data_{day}.csv",
    "shopify_api_products": "shop/shopify_product_data_{day}.csv",
    "shopify_customers": "shop/customers_export_{day}.csv",
    "shopify_orders": "shop/orders_export_{day}.csv",
    "shopify_products": "shop/products_export_{day}.csv",
    "snowplow_web_events": "snowplow/snowplow_web_events_{day}.csv",
    "woocommerce_customers": "woocommerce/wc-customers_{day}.csv",
    "woocommerce_orders": "woocommerce/wc-orders_{day}.csv",
    "woocommerce_suite_orders": "woo/orders-export_{day}.csv",
    "zendesk_api_tickets": "zendesk/ticket_data_{day}.csv",
    "zendesk_api_users": "zendesk/user_data_{day}.csv",
    "zendesk_tickets": "zendesk/tickets-{day}.csv",
}


@dataclass(frozen=True)
class Plant:
    """One column of one source, and the values in it that tell it."""

    source: str
    column: str
    code: str  # four letters that no other column has
    number: int

    @property
    def word(self) -> str:
        return STEM + self.code

    @property
    def mail(self) -> str:
        return f"{MAIL_STEM}{self.code}@canary.example"

    @property
    def phone(self) -> str:
        """A Dutch mobile number whose last six digits tell the column."""
        return f"+31657{100000 + self.number * 37 % 900000}"


def write_plants(project: Project, exports: Path) -> dict[str, Plant]:
    """Write a file for each source of the project; the plants by their code. Files look delivered long ago."""
    plants: dict[str, Plant] = {}
    for name, source in project.sources.items():
        columns = [*referenced_columns(source), _UNMAPPED]
        own = [Plant(name, c, _code(len(plants) + i), len(plants) + i) for i, c in enumerate(columns)]
        plants |= {plant.code: plant for plant in own}
        path = exports / DELIVERED / _FILES[name].format(day=DELIVERED)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, source, columns, list(_rows(own)))
        os.utime(path, (1_780_000_000, 1_780_000_000))
        if source.format.type == "csv":
            _write_headless(path, own)
    return plants


def _code(number: int) -> str:
    letters = []
    for _ in range(4):
        number, rest = divmod(number, 20)
        letters.append("bcdfghjklmnpqrstvwxz"[rest])
    return "".join(letters)


# ---- rows -----------------------------------------------------------------------------------------


def _rows(plants: Sequence[Plant]) -> Iterator[dict[str, str]]:
    """A row a column for each of its values, then the row in which all columns are their markers."""
    count = 0
    for plant in plants:
        values = [plant.word, plant.mail]
        if any(part in plant.column.casefold() for part in ("phone", "mobile")):
            values.append(plant.phone)
        for value in values:
            count += 1
            row = {p.column: _plausible(p.source, p.column, count) for p in plants}
            row[plant.column] = _inside(row[plant.column], value)
            yield row
    yield {plant.column: plant.word for plant in plants}
    yield {plant.column: plant.mail for plant in plants}


def _inside(usual: str, value: str) -> str:
    """The marker instead of the usual value; in JSON, instead of every text in it but places, which are public."""
    if not usual.startswith(("{", "[")):
        return value

    def planted(part: object) -> object:
        if isinstance(part, dict):
            return {k: v if k in {"key", "type", "city", "country"} else planted(v) for k, v in part.items()}
        return [planted(v) for v in part] if isinstance(part, list) else value if isinstance(part, str) else part

    return json.dumps(planted(json.loads(usual)))


_JSON: Mapping[str, object] = {
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": "77"}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/a"}},
        {"key": "source", "value": {"string_value": "mail"}},
    ],
    "privacy_info": {"analytics_storage": "Yes"},
    "device": {"category": "mobile"},
    "geo": {"country": "Netherlands"},
    "traffic_source": {"source": "mail", "medium": "email", "name": "spring"},
    "collected_traffic_source": {"manual_source": "mail"},
    "ecommerce": {"transaction_id": "T1"},
    "items": [{"item_id": "sku-1"}],
    "traits": {
        "email": "ann@example.org", "phone": "+31612345678", "name": "Ann Base", "firstName": "Ann", "lastName": "Base",
        "birthday": "1980-02-03", "gender": "f", "company": {"name": "Base"},
        "address": {"street": "Kade 1", "postalCode": "1011AB", "city": "Amsterdam", "country": "NL"}, "plan": "free",
    },
    "properties": {"path": "/a", "sku": "sku-1", "order_id": "T2", "currency": "EUR", "total": "10.00"},
    "context": {"locale": "nl", "page": {"path": "/b"}, "campaign": {"source": "mail", "name": "spring"}},
    "product": {"sku": "sku-1", "name": "Lamp", "qty": "1", "price": "10.00"},
    "external_ids": [{"id": "dev-1", "type": "anonymous_id", "collection": "users"}],
}  # fmt: skip
_WORDS = (
    # what a column is called -> a value that a vendor might write there; the first that fits counts
    (("event_timestamp",), "17800000000000{n:02d}"),
    (("birth", "dob", "geboorte", "geburts", "naissance", "nacimiento"), "1980-02-03"),
    (("analytics_storage",), "Yes"),
    (("consent_updated_at", "timestamp", "tstamp", "date", "datum", "fecha", "_at", " at", "time", "created", "made",
      "updated", "sentat", "last active", "sign up", "last_changed", "modstamp"), "2026-05-01 10:00:{s:02d}"),
    (("email", "e-mail", "mail", "recipient"), "base{n}@{src}.example.org"),
    (("phone", "mobile"), "+3161{n:07d}"),
    (("currency",), "EUR"),
    (("quantity", "qty", "(0/1)", "orders"), "1"),
    (("total", "amount", "price", "subtotal", "tax", "revenue", "shipping", "discount", "net sales", "omzet", "umsatz",
      "ventes", "ventas", "spend", "spent", "value", "cost", "refunded"), "10.00"),
    (("optin_ip", "confirm_ip", "ip_opt"), "192.0.2.7"),
    (("deleted", "optout", "donotcall", "test", "suspended", "refund", "fulfillable"), "false"),
    (("consent", "accepts", "opt_in", "opt-in", "newsletter", "verified", "ispersonaccount"), "yes"),
    (("country",), "NL"),
    (("first", "fname"), "Ann"),
    (("last", "lname", "name"), "Base{l}"),
    (("zip", "postal", "post_code", "postcode"), "1011AB"),
    (("city",), "Amsterdam"),
    (("status",), "subscribed"),
    (("id", "key", "order", "handle", "bestell", "commande", "pedido", "vid", "code", "number"), "{n}"),
)  # fmt: skip
_EXACT = {
    ("segment_events", "type"): "identify",
    ("snowplow_web_events", "event"): "page_view",
    ("hubspot_api_email_events", "type"): "OPEN",
    ("mailchimp_api_activity", "action"): "open",
    ("shopify_orders", "Name"): "#{n}",
    ("shopify_orders", "Refunded Amount"): "0",
    ("shopify_orders", "Cancelled at"): "",
    ("mailchimp_api_sent", "send_time"): "",
    ("salesforce_leads", "MASTERRECORDID"): "",
    ("salesforce_contacts", "MASTERRECORDID"): "",
    ("salesforce_accounts", "MASTERRECORDID"): "",
    ("woocommerce_suite_orders", "status"): "completed",
}


def _plausible(source: str, column: str, number: int) -> str:
    if column in _JSON:
        return json.dumps(_JSON[column])
    name = column.casefold()
    pattern = _EXACT.get((source, column)) or next(
        (value for words, value in _WORDS if any(word in name for word in words)), "usual"
    )
    if (source, column) in _EXACT:
        pattern = _EXACT[source, column]
    return pattern.format(n=number, s=number % 60, l=_code(number), src=source)


# ---- files ----------------------------------------------------------------------------------------


def _write(path: Path, source: Source, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        if source.format.type == "jsonl":
            file.writelines(json.dumps(_objects(row)) + "\n" for row in rows)
            file.write('{"' + STEM + "jsonbroken: \n")
        else:
            table = csv.writer(file, delimiter=source.format.delimiter or ",", lineterminator="\n")
            table.writerow(columns)
            table.writerows([row[column] for column in columns] for row in rows)
            table.writerow(list(rows[-1].values()) * 2)  # a line with too many cells


def _objects(row: Mapping[str, str]) -> dict[str, object]:
    return {k: json.loads(v) if v.startswith(("{", "[")) else v for k, v in row.items()}


def _write_headless(path: Path, plants: Sequence[Plant]) -> None:
    """The same export without its header: what stands in its first line is people."""
    headless = path.with_name(f"{path.stem.replace(DELIVERED, '2026-06-28')}{path.suffix}")
    lines = [",".join(plant.mail for plant in plants), ",".join(plant.word for plant in plants)]
    headless.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.utime(headless, (1_780_000_000, 1_780_000_000))
