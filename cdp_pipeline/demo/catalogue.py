"""The fictional shop's 200 products.

What belongs here: product names, categories, brands, prices and costs, always the same. What
does not: how often something is bought (`shop.sql`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

_RANGES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "Cycling": (
        "Sporting Goods > Outdoor Recreation > Cycling",
        90,
        ("City Bike Light", "Pannier Bag", "Bell", "Floor Pump", "Helmet", "Rain Cape", "Child Seat", "Lock"),
    ),
    "Kitchen": (
        "Home & Garden > Kitchen & Dining",
        55,
        (
            "Saucepan",
            "Chef's Knife",
            "Teapot",
            "Baking Tin",
            "Storage Jar Set",
            "Moka Pot",
            "Pepper Mill",
            "Cutting Board",
        ),
    ),
    "Garden": (
        "Home & Garden > Lawn & Garden",
        45,
        ("Watering Can", "Secateurs", "Raised Bed", "Bird House", "Lantern", "Hand Fork", "Hose Reel", "Planter"),
    ),
    "Outdoor": (
        "Sporting Goods > Outdoor Recreation > Camping & Hiking",
        110,
        ("Rucksack", "Sleeping Mat", "Tent", "Headlamp", "Bottle", "Trekking Poles", "Stove", "Down Jacket"),
    ),
    "Home": (
        "Home & Garden > Linens & Bedding",
        65,
        ("Wool Blanket", "Duvet Cover", "Cushion", "Bath Towel", "Table Lamp", "Wall Clock", "Rug", "Candle Set"),
    ),
}
_VENDORS = ("Noordkust", "Bergwald", "Sol y Sal", "Atelier Lys", "Harbour & Co")
_EDITIONS = ("Classic", "Compact", "Family", "Pro", "Eco")
_POPULARITY = 1024


def products() -> Iterator[tuple[str, str, str, str, str, str, str, int, int, int]]:
    """(sku, handle, title, vendor, category path, type, tags, price, price in GBP, cost); money in cents."""
    for kind, (path, typical, names) in _RANGES.items():
        for place, (name, edition) in enumerate((n, e) for n in names for e in _EDITIONS):
            noise = int(hashlib.sha256(f"{kind}{name}{edition}".encode()).hexdigest(), 16)
            price = max(5, typical * (25 + noise % 175) // 100) * 100 - 5
            title = f"{name} {edition}"
            handle = title.lower().replace("'", "").replace(" ", "-")
            vendor = _VENDORS[noise // 1000 % len(_VENDORS)]
            cost = price * (35 + noise // 7 % 30) // 100
            sku = f"{kind[:3].upper()}-{place + 1:03d}"
            tags = f"{kind.lower()}, {edition.lower()}"
            yield sku, handle, title, vendor, path, kind, tags, price, price * 87 // 10000 * 100 + 95, cost


def product_slots() -> Iterator[tuple[str, int, str]]:
    """(type, slot, sku): a type's products over 1024 slots, the popular ones in more slots."""
    for kind in _RANGES:
        skus = sorted(
            (p[0] for p in products() if p[5] == kind), key=lambda sku: hashlib.sha256(sku.encode()).hexdigest()
        )
        yield from ((kind, slot, sku) for slot, sku in enumerate(slots(skus, _POPULARITY, 0.8)))


def slots(items: list[str], size: int, exponent: float) -> list[str]:
    """`size` slots filled with items in order of rank, in proportion to rank ** -exponent (Zipf)."""
    weights = [(rank + 1) ** -exponent for rank in range(len(items))]
    total, reached = sum(weights), 0.0
    filled: list[str] = []
    for item, weight in zip(items, weights, strict=True):
        reached += weight
        filled += [item] * (round(size * reached / total) - len(filled))
    return filled
