"""Numbers and names as a reader wants to see them.

What belongs here: turning one value into text. What does not: sentences (page.py and the sections) and
drawing (charts.py).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

Number = int | float | Decimal
UNKNOWN = "–"
"""What stands for a number that is not known; 0 is a number."""

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_WORDS = {
    "crm": "CRM", "csv": "CSV", "email": "e-mail", "ga4": "GA4", "google": "Google",
    "hubspot": "HubSpot", "id": "ID", "klaviyo": "Klaviyo", "magento": "Magento",
    "mailchimp": "Mailchimp", "meta": "Meta", "prestashop": "PrestaShop", "rfm": "RFM",
    "salesforce": "Salesforce", "shopify": "Shopify", "sms": "SMS", "url": "URL", "vip": "VIP",
    "whatsapp": "WhatsApp", "woocommerce": "WooCommerce", "zendesk": "Zendesk",
}  # fmt: skip


def count(value: Number) -> str:
    """12345 → 12,345."""
    return f"{int(value):,}"


def people(value: Number, floor: int) -> str:
    """A number of people: a group smaller than `floor` is not told exactly; nobody is 0."""
    return f"< {floor}" if 0 < value < floor else count(value)


def part(value: Number, whole: Number, floor: int) -> str:
    """The share of a number of people in all, as far as `floor` lets it be told."""
    return f"< {percent(share(floor, whole))}" if 0 < value < floor else percent(share(value, whole))


def drawn(value: Number, floor: int) -> float:
    """The length that stands for a number of people: a small group is drawn as large as `floor`."""
    return float(floor) if 0 < value < floor else float(value)


def things(value: Number, one: str, many: str = "") -> str:
    """1 file, 2 files."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def percent(share: Number) -> str:
    """0.4312 → 43%; small shares keep a digit, and only nothing is 0% and only all is 100%."""
    value = float(share) * 100
    if value <= 0:
        return "0%"
    if value < 0.1:
        return "< 0.1%"
    if value < 10:
        return f"{value:.1f}%".replace(".0%", "%")
    return f"{min(round(value), 99) if value < 100 else 100}%"


def share(part: Number, whole: Number) -> float:
    """Part / whole, and 0 of nothing."""
    return float(part) / float(whole) if whole else 0.0


def money(value: Number, currency: str, short: bool = False) -> str:
    """1234567.5 EUR → €1,234,568, or €1.2M when short."""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    sign, size = ("−" if value < 0 else ""), abs(float(value))
    if short and size >= 999_500:
        return f"{sign}{symbol}{size / 1e6:.1f}M"
    if short and size >= 9_950:
        return f"{sign}{symbol}{size / 1e3:.0f}k"
    return f"{sign}{symbol}{size:,.0f}"


def signed(value: Number) -> str:
    """12 → +12, -3 → −3, with a real minus sign."""
    return f"+{count(value)}" if value > 0 else f"−{count(-value)}" if value < 0 else "0"


def bits(weight: Number) -> str:
    """A match weight: 12.31 → +12.3."""
    return f"{float(weight):+.1f}".replace("-", "−")


def times(weight: Number) -> str:
    """A match weight as odds in words: 10 → 1,000 times more likely."""
    factor = 2 ** abs(float(weight))
    digits = max(len(str(int(factor))) - 2, 0)
    rounded = round(factor, -digits) if digits else round(factor, 1)
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.1f}".removesuffix(".0")


def seconds(value: Number) -> str:
    """0.042 → 0.04 s, 75.2 → 1 min 15 s."""
    if value >= 60:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return f"{float(value):.1f} s" if value >= 1 else f"{float(value):.2f} s"


def words(name: str) -> str:
    """A name of the project as words: email_marketing → e-mail marketing. Sentences pass unharmed."""
    return re.sub(r"[A-Za-z0-9]+", lambda found: _WORDS.get(found[0], found[0]), name.replace("_", " "))


def title(name: str) -> str:
    """The same with a capital."""
    text = words(name)
    return text[:1].upper() + text[1:]


def day(value: date) -> str:
    """30 June 2026."""
    return f"{value.day} {value:%B %Y}"


def month(value: date) -> str:
    """June 2026."""
    return f"{value:%B %Y}"


def listed(items: list[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
