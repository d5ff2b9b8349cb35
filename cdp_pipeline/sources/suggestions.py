"""Which core column a column of an unknown export probably is.

What belongs here: the names under which exports know the columns of the core tables. What does not:
profiling (probe) and the YAML text (draft).
"""

# ruff: noqa: E501  (a table reads better with one row a line)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "people": {
        "record_id": "record id|customer id|contact id|user id|subscriber id|member id|person id|account id|id|klantnummer|kundennummer|leid|userid",
        "full_name": "full name|name|customer name|contact name|naam|nom complet|volledige naam|requester|billing name",
        "first_name": "first name|firstname|given name|fname|voornaam|prenom|vorname|merge fname|property firstname",
        "middle_name": "middle name|middlename|tussenvoegsel|infix",
        "last_name": "last name|lastname|surname|family name|lname|achternaam|nom|nachname|merge lname|property lastname",
        "birth_date": "birth date|date of birth|birthdate|birthday|dob|geboortedatum|geburtsdatum|date de naissance",
        "gender": "gender|sex|geslacht|geschlecht",
        "email": "email|e mail|email address|mail|emailadres|e mail adres|customer email|billing email|property email|adresse e mail",
        "is_email_verified": "verified email|email verified|is email verified",
        "phone": "phone|phone number|telephone|mobile|mobile phone|mobile phone number|telefoon|telefoonnummer|telefon|tel|billing phone|default address phone|property phone",
        "company": "company|company name|organization|organisation|bedrijf|firma|default address company|billing company",
        "street": "street|street address|address|address 1|address1|adres|straat|strasse|adresse|default address address1|billing address1",
        "house_number": "house number|huisnummer|hausnummer|number addition",
        "postcode": "postcode|postal code|zip|zip code|zipcode|plz|code postal|default address zip|billing zip",
        "city": "city|town|plaats|woonplaats|ort|stadt|ville|default address city|billing city",
        "region": "region|state|province|state region|county|provincie|bundesland|default address province code",
        "country": "country|country code|country region|land|pays|cc|default address country code|billing country",
        "language": "language|locale|preferred language|taal|sprache|langue",
        "login_id": "login id|login|username|account|external id",
        "created_at": "created at|create date|created|createddate|created time|optin time|sign up|registered|registration date|created on|date created|profile created on",
        "updated_at": "updated at|last modified date|updated|last changed|modified|lastmodifieddate|last updated|systemmodstamp|last active",
    },
    "orders": {
        "order_id": "order id|order number|order|ordernummer|name|increment id|bestelnummer|bestellnummer",
        "ordered_at": "ordered at|order date|created at|date|purchase date|paid at|besteldatum|datum",
        "updated_at": "updated at",
        "cancelled_at": "cancelled at|canceled at",
        "status": "status|financial status|order status",
        "currency": "currency|order currency|currency code|order currency code|munt|wahrung",
        "subtotal_amount": "subtotal|subtotal price",
        "discount_amount": "discount amount|discount|total discounts|discount total|korting",
        "shipping_amount": "shipping|shipping total|shipping amount|verzendkosten",
        "tax_amount": "taxes|tax|total tax|tax amount|btw|vat",
        "total_amount": "total|total price|order total|grand total|total amount|totaal|amount|gesamt",
        "refunded_amount": "refunded amount|refunded|total refunded|refund amount",
        "discount_code": "discount code|coupon|voucher|coupon code",
        "sales_channel": "source|sales channel|channel|source name",
    },
    "order_lines": {
        "order_id": "order id|order number|name",
        "line_number": "line number|line item id|lineitem id|line id|index",
        "sku": "sku|lineitem sku|product sku|item sku|artikelnummer",
        "product_name": "product name|lineitem name|product|title|item name",
        "quantity": "quantity|lineitem quantity|qty|aantal|menge",
        "unit_amount": "price|lineitem price|unit price|prijs|stukprijs",
        "discount_amount": "lineitem discount|line discount",
    },
    "products": {
        "sku": "sku|variant sku|product sku|artikelnummer",
        "product_name": "title|product name|name",
        "category": "category|product category|type|product type|categorie",
        "brand": "brand|vendor|manufacturer|merk",
        "price_amount": "price|variant price|list price",
        "cost_amount": "cost|cost per item|cost price",
    },
    "events": {
        "event_id": "event id|message id|id",
        "occurred_at": "event timestamp|timestamp|occurred at|time|derived tstamp|created at|date",
        "event_type": "event name|event|event type|type",
        "device_id": "user pseudo id|device id|anonymous id|client id|domain userid|cookie id",
        "login_id": "user id|userid|login id",
        "session_id": "session id|ga session id|domain sessionid",
        "page": "page|page location|page url|url|page urlpath|page path",
        "sku": "sku|item id|product id",
        "order_id": "transaction id|order id",
    },
    "tickets": {
        "ticket_id": "ticket id|id|ticket number|case number",
        "record_id": "requester id|contact id|customer id",
        "opened_at": "created at|opened at|created",
        "solved_at": "solved at|closed at|resolved at",
        "updated_at": "updated at",
        "channel": "via|channel|via channel",
        "status": "status",
        "priority": "priority",
        "ticket_type": "ticket type|type",
        "subject": "subject",
        "satisfaction": "satisfaction score|satisfaction|csat",
    },
    "messages": {
        "message_id": "message id|id",
        "record_id": "contact id|member id|recipient|email address|email",
        "event_type": "event type|action|type|event",
        "occurred_at": "timestamp|created|occurred at|time",
        "channel": "channel",
        "campaign": "campaign|campaign id|campaign name|campaign title",
    },
}
"""Core table → core column → names in exports, most telling first."""
_PREFIX = re.compile(r"^(property|merge|param|default address|billing|customer|contact) ")
TELLING: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_id", "ordered_at", "total_amount"),
    "order_lines": ("order_id", "sku", "quantity"),
    "products": ("sku", "product_name", "price_amount"),
    "events": ("occurred_at", "event_type", "device_id"),
    "tickets": ("ticket_id", "opened_at", "subject", "priority"),
    "messages": ("record_id", "event_type", "occurred_at", "campaign"),
}
"""Columns that must all be found before a table is suggested; people needs something to match on."""


STAND_INS: Mapping[str, Mapping[str, str]] = {
    "orders": {"currency": "'EUR'"},
    "order_lines": {"line_number": "_line"},
    "events": {"event_id": "_file || ':' || _line"},
    "messages": {"message_id": "_file || ':' || _line"},
}
"""Expressions for required core columns that an export may lack; whoever finishes the draft decides."""


def suggest(names: Sequence[str], formats: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Core table → core column → column of the export, for the tables that the columns can fill.

    `formats` are those of formats.FORMATS, by column name; a column of only e-mail addresses is an
    e-mail address under any name.
    """
    known = {words(name): name for name in reversed(names)}
    for header in reversed(names):
        known.setdefault(_PREFIX.sub("", words(header)), header)
    found: dict[str, dict[str, str]] = {}
    for table, columns in SYNONYMS.items():
        mapped = {column: name for column, synonyms in columns.items() if (name := _first(synonyms, known))}
        if table == "people":
            emails = [header for header in names if formats.get(header) == "email"]
            if emails and formats.get(mapped.get("email", ""), "email") != "email":
                mapped["email"] = emails[0]
            elif emails:
                mapped.setdefault("email", emails[0])
            if not {"email", "phone", "last_name"} & mapped.keys():
                continue
        elif not all(column in mapped for column in TELLING[table]):
            continue
        found[table] = mapped
    return found


def words(name: str) -> str:
    """A header name as plain lower-case words.

    >>> words("E-mail_Adresse (*)"), words("createdAt")
    ('e mail adresse', 'created at')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().casefold()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _first(synonyms: str, known: Mapping[str, str]) -> str | None:
    return next((known[synonym] for synonym in synonyms.split("|") if synonym in known), None)
