"""The evidence: what is compared, in which levels, and the shipped weights of each level.

What belongs here: one tuple of levels per comparison, best level first, as SQL over two records
`_l` and `_r`, and their settings for Splink. What does not: names (name_levels.py), training
(model.py) and which pairs are compared (blocking.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdp_pipeline.identity.model.levels import Comparison, Level, one_typo, similar
from cdp_pipeline.identity.model.name_levels import NAME
from cdp_pipeline.identity.normalise.normalise import EXTRA

# jan.smit1 and jan_smit are two people who found the name taken, not a slip of the pen
_OTHER_LETTERS = "regexp_replace(email_key_l, '[^a-z]', '', 'g') <> regexp_replace(email_key_r, '[^a-z]', '', 'g')"
# jan.smit@ says no more than the name: at another domain it is a namesake as likely as not
_NAMESAKE = (
    "case when email_local_l = email_local_r and email_key_l <> email_key_r and (is_local_name_l or is_local_name_r) "
    f"then not ({one_typo('email_key', 2)}) else false end"
)
EMAIL = Comparison(
    "email",
    ("email_key",),
    f"email_key_l is null or email_key_r is null or coalesce({_NAMESAKE}, false)",
    (
        Level("same e-mail", "email_key_l = email_key_r", 0.60, 2e-6, "email_key"),
        Level(
            "e-mail with a typo",
            f"case when {one_typo('email_key', 2)} then {_OTHER_LETTERS} else false end",
            0.05,
            2e-6,
        ),
        Level("same e-mail name at another domain", "email_local_l = email_local_r", 0.08, 2e-6),
        Level("other e-mail", "else", 0.27, 0.999),
    ),
)
PHONE = Comparison(
    "phone",
    ("phone_key",),
    "phone_key_l is null or phone_key_r is null",
    (
        Level("same phone", "phone_key_l = phone_key_r", 0.65, 2e-6, "phone_key"),
        Level("phone with a typo", one_typo("phone_key"), 0.05, 3e-6),
        Level("same last eight digits of the phone", "right(phone_key_l, 8) = right(phone_key_r, 8)", 0.02, 1e-6),
        Level("other phone", "else", 0.28, 0.999),
    ),
)
_SWAPPED_DATE = (
    "left(birth_date_l, 4) = left(birth_date_r, 4) and substr(birth_date_l, 6, 2) = right(birth_date_r, 2) "
    "and right(birth_date_l, 2) = substr(birth_date_r, 6, 2)"
)
_NEAR_DATE = f"case when {_SWAPPED_DATE} then true else damerau_levenshtein(birth_date_l, birth_date_r) <= 1 end"
CLOSE_DATE = f"case when hamming(birth_date_l, birth_date_r) <= 4 then {_NEAR_DATE} else false end"
_TWO_PARTS = (
    "case when birth_year_l = birth_year_r then left(birth_day_l, 2) = left(birth_day_r, 2) "
    "or right(birth_day_l, 2) = right(birth_day_r, 2) else birth_day_l = birth_day_r end"
)
_YEAR = "birth_year_l = birth_year_r"
BIRTH_DATE = Comparison(
    "birth_date",
    ("birth_date",),
    "birth_date_l is null or birth_date_r is null",
    (
        Level("same birth date", "birth_date_l = birth_date_r", 0.90, 5e-5, "birth_date"),
        Level("birth date with a typo or day and month swapped", CLOSE_DATE, 0.05, 1e-3),
        Level(
            "same birth year, one without a day",
            f"case when {_YEAR} then birth_day_l = '01-01' or birth_day_r = '01-01' else false end",
            0.01,
            1e-4,
        ),
        Level("birth date with one other part", _TWO_PARTS, 0.02, 3e-3, differs=True),
        Level("same birth year", _YEAR, 0.01, 0.015, differs=True),
        Level(
            "birth date with two typos",
            "case when hamming(birth_date_l, birth_date_r) <= 4 "
            "then damerau_levenshtein(birth_date_l, birth_date_r) <= 2 else false end",
            0.01,
            0.02,
            differs=True,
        ),
        Level("other birth date", "else", 0.02, 0.96, differs=True),
    ),
)
_TOWN = "city_key_l = city_key_r"
_AREA = "postcode_area_l = postcode_area_r"
_STREET_ALIKE = (
    "case when coalesce(house_key_l = house_key_r, true) and jaccard(address_key_l, address_key_r) > 0.6 "
    "then case when levenshtein(address_key_l, address_key_r) <= 6 "
    "then damerau_levenshtein(address_key_l, address_key_r) <= 3 else false end else false end"
)
_POSTCODE_TYPO = (
    "case when len(postcode_key_l) >= 4 and jaccard(postcode_key_l, postcode_key_r) > 0.5 "
    "then damerau_levenshtein(postcode_key_l, postcode_key_r) <= 1 else false end"
)
_TOWN_ALIKE = f"({_TOWN} or {similar('city_key_l', 'city_key_r', 0.88)})"
ADDRESS = Comparison(
    "address",
    ("postcode_key", "address_key", "city_key"),
    "(postcode_key_l is null or postcode_key_r is null) and (address_key_l is null or address_key_r is null) "
    "and (city_key_l is null or city_key_r is null)",
    (
        Level("same postcode and house number", "place_key_l = place_key_r", 0.50, 3e-6, "place_key"),
        Level("same street and house number", "address_key_l = address_key_r", 0.05, 3e-6, "address_key"),
        Level("street alike in the same place", f"({_TOWN} or {_AREA}) and {_STREET_ALIKE}", 0.08, 3e-6),
        Level("same postcode", "postcode_key_l = postcode_key_r", 0.08, 1e-4, "postcode_key"),
        Level("street alike", _STREET_ALIKE, 0.01, 1e-5),
        Level("postcode with a typo in the same town", f"{_TOWN_ALIKE} and {_POSTCODE_TYPO}", 0.02, 1e-3),
        Level("same town and postcode area", f"{_TOWN} and {_AREA}", 0.04, 1e-3, "city_key"),
        Level("same town", _TOWN, 0.08, 0.03, "city_key"),
        Level("same postcode area", _AREA, 0.02, 0.01, "postcode_area"),
        Level("town alike or postcode with a typo", f"{_TOWN_ALIKE} or {_POSTCODE_TYPO}", 0.02, 0.01),
        Level("other address", "else", 0.15, 0.95),
    ),
)
COMPANY = Comparison(
    "company",
    ("company_key",),
    "company_key_l is null or company_key_r is null",
    (
        Level("same company", "company_key_l = company_key_r", 0.60, 5e-3, "company_key"),
        Level("company alike", similar("company_key_l", "company_key_r", 0.92), 0.10, 5e-3),
        Level("other company", "else", 0.30, 0.99),
    ),
)
ALL: dict[str, Comparison] = {c.name: c for c in (NAME, EMAIL, PHONE, BIRTH_DATE, ADDRESS, COMPANY)}


def is_equality(level: Level) -> bool:
    """True for the level that asks for nothing but equality of its term."""
    return level.sql == f"{level.tf}_l = {level.tf}_r"


def term_base(comparison: Comparison, at: int) -> int:
    """Place of the level whose u is what a term frequency replaces at level `at`: plain equality of that term."""
    level = comparison.levels[at]
    plain = (place for place, other in enumerate(comparison.levels) if other.tf == level.tf and is_equality(other))
    return at if is_equality(level) else next(plain, at)


def extra_comparison(name: str) -> Comparison:
    """Further evidence of one column: equal (by term frequency), alike, other."""
    column = f"{EXTRA}{name}"
    alike = (
        f"case when jaccard({column}_l, {column}_r) > 0.4 "
        f"then case when {similar(f'{column}_l', f'{column}_r', 0.9)} then true "
        f"when abs(len({column}_l) - len({column}_r)) <= 1 then damerau_levenshtein({column}_l, {column}_r) <= 1 "
        "else false end else false end"
    )
    return Comparison(
        name,
        (column,),
        f"{column}_l is null or {column}_r is null",
        (
            Level(f"same {name}", f"{column}_l = {column}_r", 0.70, 0.01, column),
            Level(f"{name} alike", alike, 0.10, 0.01),
            Level(f"other {name}", "else", 0.20, 0.98),
        ),
    )


def splink_comparison(comparison: Comparison, levels: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Settings of one comparison, with (m, u) per level in the order of `comparison.levels`."""
    said: list[dict[str, Any]] = [
        {"sql_condition": comparison.null, "label_for_charts": "not comparable", "is_null_level": True}
    ]
    for level, (m, u) in zip(comparison.levels, levels, strict=True):
        entry: dict[str, Any] = {
            "sql_condition": "ELSE" if level.sql == "else" else level.sql,
            "label_for_charts": level.label,
            "m_probability": m,
            "u_probability": u,
        }
        if level.tf:
            entry |= {
                "tf_adjustment_column": level.tf,
                "tf_adjustment_weight": 1.0,
                "disable_tf_exact_match_detection": is_equality(level),
            }
        said.append(entry)
    return {"output_column_name": comparison.name, "comparison_levels": said}
