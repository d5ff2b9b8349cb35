"""What the analysts' warehouse shows of a column: as it is, masked, or as a keyed pseudonym.

What belongs here: the SQL of one column. What does not: which columns are personal (contracts, models)
and the files (publishing/warehouse.py).

A column that is not labelled personal can still hold an address: in the path of a page, the name of a
campaign, the name of an event. So addresses and phone numbers are taken out of every text.
"""

from __future__ import annotations

import hashlib

from cdp_pipeline.project.quoting import literal

MASK = "•••"
_PART = r"""[^\s@<>"',;:()\[\]{}|\\=&?/%]"""
EMAIL = rf"(?i){_PART}+(?:@|%40){_PART}+\.[a-z0-9-]{{2,}}"
PHONE = r"(?i)(?:\+|%2B|tel:)\d(?:[ ().-]|%20)?(?:\d(?:[ ().-]|%20){0,2}){6,13}\d"


def masked(column: str, name: str, kind: str, is_personal: bool, key: bytes) -> str:
    """SQL of the column `name` (quoted: `column`) of DuckDB type `kind`, as analysts may see it.

    Of a personal column a text is `•••`, but a keyed pseudonym where it is a key (`…_id`, `…_key`), so
    that tables still join; a value of another type is NULL. Other texts lose addresses and phone numbers.
    """
    if not is_personal:
        return _without_contacts(column, kind)
    if kind == "VARCHAR" and name.endswith(("_id", "_key")):
        return pseudonym(column, key)
    if kind == "VARCHAR":
        return f"case when {column} is not null then '{MASK}' end"
    return f"null::{kind}"


def pseudonym(column: str, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of a text column in SQL, cut to 16 hex digits; NULL stays NULL."""
    padded = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    digest = f"sha256(unhex('{inner}') || encode({column}))"
    return f"left(sha256(unhex('{outer}') || unhex({digest})), 16)"


def _without_contacts(column: str, kind: str) -> str:
    if kind == "VARCHAR":
        return _cleaned(column)
    return f"list_transform({column}, lambda each: {_cleaned('each')})" if kind == "VARCHAR[]" else column


def _cleaned(text: str) -> str:
    """The text without addresses and numbers; looked at closely only where one can be."""
    may_hold = f"regexp_matches({text}, '@|%40|[+]|%2B|%2b|tel:')"
    email, phone = map(literal, (EMAIL, PHONE))
    inner = f"regexp_replace({text}, {email}, '{MASK}', 'g')"
    return f"case when {may_hold} then regexp_replace({inner}, {phone}, '{MASK}', 'g') else {text} end"
