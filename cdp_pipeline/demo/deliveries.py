"""The files a vendor delivers a day: name, rows, style, and the wrong lines of the first day.

What belongs here: one entry a file. What does not: the rows themselves (`*.sql`) or the order of
days (`exports`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from cdp_pipeline.demo.writing import Style


@dataclass(frozen=True)
class Delivery:
    """One file a day."""

    system: str
    file: str  # with {day} = 2026-06-30, {compact} = 20260630, {hash} = ten hex digits of the day
    rows: str  # table expression; {day}, {first} = is it the first day, {since} = start of web history
    style: Style

    def place(self, day: date) -> str:
        """The path under OUT."""
        code = hashlib.sha256(f"{day}".encode()).hexdigest()[:10]
        return f"{day}/{self.system}/{self.file.format(day=day, compact=f'{day:%Y%m%d}', hash=code)}"


_BAD_CONTACTS = (
    '"99000000001","Bad","Date","bad.date@example.org","","New","yesterday"' + ',""' * 16,
    '"99000000002","Ragged","Line"',
)
_BAD_CUSTOMERS = ("'7999999999999,Ragged,Line,ragged@example.org,yes" + "," * 10 + "no,0.00,0,,no,,surplus,cells",)
_BAD_ORDER = (
    "{name},{email},paid,{time},fulfilled,,no,{currency},10.00,0.00,1.74,10.00,,0.00,Standard,{time},"
    "1,Bell Classic,10.00,,CYC-001" + "," * 58
)
_BAD_ORDERS = (
    _BAD_ORDER.format(name="#99000001", email="no.currency@example.org", time="2026-01-05 10:00:00 +0100", currency=""),
    _BAD_ORDER.format(name="#99000002", email="bad.date@example.org", time="05-13-2026 10h", currency="EUR"),
)
_BAD_TICKETS = (
    "1,999000001,Bad Date,999,,x@example.org,example.org,,,Support,Test,,Open,Low,Mail,Question,soon,soon" + "," * 23,
)
_BAD_MEMBERS = ("ragged@example.org,Ragged,Line,2,2026-01-01 00:00:00" + "," * 20,)
_BAD_LEADS = ("l:999999999999999,soon,ag:1,Advert,as:1,Group,c:1,Leads,f:1,Form,false,fb,Bad Date,,x@example.org,new",)

DELIVERIES: tuple[Delivery, ...] = (
    Delivery(
        "hubspot",
        "hubspot-crm-exports-contacts-{day}.csv",
        "hubspot_contacts({day})",
        Style(quoted=True, mark=True, wrong_lines=_BAD_CONTACTS),
    ),
    Delivery("shopify", "customers_export_{day}.csv", "shopify_customers({day})", Style(wrong_lines=_BAD_CUSTOMERS)),
    Delivery("shopify", "orders_export_{day}.csv", "shopify_orders({day}, {first})", Style(wrong_lines=_BAD_ORDERS)),
    Delivery("shopify", "products_export_{day}.csv", "shopify_products({day})", Style()),
    Delivery("ga4", "events_{compact}.jsonl.gz", "ga4_events({since}, {day})", Style(json=True)),
    Delivery(
        "zendesk", "tickets-{day}.csv", "zendesk_tickets({day}, {first})", Style(crlf=True, wrong_lines=_BAD_TICKETS)
    ),
    Delivery(
        "mailchimp",
        "subscribed_members_export_{hash}.csv",
        "mailchimp_subscribed({day})",
        Style(quoted_headers=True, wrong_lines=_BAD_MEMBERS),
    ),
    Delivery(
        "mailchimp",
        "unsubscribed_members_export_{hash}.csv",
        "mailchimp_unsubscribed({day})",
        Style(quoted_headers=True),
    ),
    Delivery("mailchimp", "cleaned_members_export_{hash}.csv", "mailchimp_cleaned({day})", Style(quoted_headers=True)),
    Delivery("meta", "leads_{day}.csv", "meta_leads({day}, {first})", Style(crlf=True, wrong_lines=_BAD_LEADS)),
)
