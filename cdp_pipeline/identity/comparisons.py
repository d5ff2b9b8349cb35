"""The evidence: what is compared, in which levels, and the shipped weights of each level.

What belongs here: one tuple of levels per comparison, best level first, as SQL over two records
`_l` and `_r`. What does not: training (model.py) and which pairs are compared (blocking.py).

String distances sit behind a cheap test inside CASE: DuckDB evaluates both sides of AND, but not
the branches of CASE that are not reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdp_pipeline.identity.normalise import EXTRA


@dataclass(frozen=True)
class Level:
    label: str  # plain words, shown to people
    sql: str
    m: float  # shipped share of true pairs at this level
    u: float  # shipped share of other pairs at this level
    tf: str | None = None  # column whose term frequency replaces u


@dataclass(frozen=True)
class Comparison:
    name: str
    needs: tuple[str, ...]  # left out when none of these columns varies
    null: str
    levels: tuple[Level, ...]


def _similar(left: str, right: str, least: float) -> str:
    return f"jaro_winkler_similarity({left}, {right}) >= {least}"


def _one_typo(column: str, most: int = 1) -> str:
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"case when abs(len({left}) - len({right})) <= {most} and jaccard({left}, {right}) > 0.6 "
        f"then damerau_levenshtein({left}, {right}) <= {most} else false end"
    )


_INITIAL = "(len(name_first_l) = 1 or len(name_first_r) = 1) and left(name_first_l, 1) = left(name_first_r, 1)"
_NICK = "list_has_any(name_forms_l, name_forms_r)"
_TURNED = "name_first_l = name_last_r and name_last_l = name_first_r"

NAME = Comparison(
    "name",
    ("name_first", "name_last"),
    "(name_first_l is null and name_last_l is null) or (name_first_r is null and name_last_r is null)",
    (
        Level("same full name", "name_full_l = name_full_r", 0.60, 1e-5, "name_full"),
        Level("same last name, first name in another form", f"name_last_l = name_last_r and {_NICK}", 0.08, 5e-6),
        Level("first and last name swapped", _TURNED, 0.01, 1e-7),
        Level("same last name, first name as an initial", f"name_last_l = name_last_r and {_INITIAL}", 0.05, 5e-6),
        Level(
            "both names alike",
            f"({_NICK} or {_similar('name_first_l', 'name_first_r', 0.88)}) "
            f"and {_similar('name_last_l', 'name_last_r', 0.88)}",
            0.12,
            2e-5,
        ),
        Level("two words of the name shared", "len(list_intersect(name_words_l, name_words_r)) >= 2", 0.02, 2e-6),
        Level("same sound of both names", "sound_full_l = sound_full_r", 0.02, 2e-5),
        Level(
            "same last name, one first name missing",
            "name_last_l = name_last_r and (name_first_l is null or name_first_r is null)",
            0.02,
            2e-4,
        ),
        Level("same last name, other first name", "name_last_l = name_last_r", 0.02, 2e-3, "name_last"),
        Level(
            "same first name, one last name missing",
            f"{_NICK} and (name_last_l is null or name_last_r is null)",
            0.03,
            1e-3,
        ),
        Level("same first name, other last name", _NICK, 0.02, 8e-3),
        Level("other name", "else", 0.01, 0.98),
    ),
)
# jan.smit1 and jan.smit2 are two people who found the name taken, not a slip of the pen
_OTHER_LETTERS = "regexp_replace(email_key_l, '[0-9]', '', 'g') <> regexp_replace(email_key_r, '[0-9]', '', 'g')"
EMAIL = Comparison(
    "email",
    ("email_key",),
    "email_key_l is null or email_key_r is null",
    (
        Level("same e-mail", "email_key_l = email_key_r", 0.60, 2e-6, "email_key"),
        Level("same e-mail name at another domain", "email_local_l = email_local_r", 0.08, 2e-6),
        Level("e-mail with a typo", f"{_one_typo('email_key', 2)} and {_OTHER_LETTERS}", 0.05, 2e-6),
        Level("other e-mail", "else", 0.27, 0.999),
    ),
)
PHONE = Comparison(
    "phone",
    ("phone_key",),
    "phone_key_l is null or phone_key_r is null",
    (
        Level("same phone", "phone_key_l = phone_key_r", 0.65, 2e-6, "phone_key"),
        Level("phone with a typo", _one_typo("phone_key"), 0.05, 3e-6),
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
    "(left(birth_date_l, 4) = left(birth_date_r, 4))::int "
    "+ (substr(birth_date_l, 6, 2) = substr(birth_date_r, 6, 2))::int "
    "+ (right(birth_date_l, 2) = right(birth_date_r, 2))::int >= 2"
)
BIRTH_DATE = Comparison(
    "birth_date",
    ("birth_date",),
    "birth_date_l is null or birth_date_r is null",
    (
        Level("same birth date", "birth_date_l = birth_date_r", 0.90, 5e-5, "birth_date"),
        Level("birth date with a typo or day and month swapped", CLOSE_DATE, 0.05, 1e-3),
        Level("birth date with one other part", _TWO_PARTS, 0.02, 3e-3),
        Level("same birth year", "left(birth_date_l, 4) = left(birth_date_r, 4)", 0.01, 0.015),
        Level("other birth date", "else", 0.02, 0.98),
    ),
)
ADDRESS = Comparison(
    "address",
    ("postcode_key", "address_key", "city_key"),
    "(postcode_key_l is null or postcode_key_r is null) and (address_key_l is null or address_key_r is null) "
    "and (city_key_l is null or city_key_r is null)",
    (
        Level("same postcode and house number", "place_key_l = place_key_r", 0.50, 3e-6, "place_key"),
        Level("same street and house number", "address_key_l = address_key_r", 0.05, 3e-6, "address_key"),
        Level(
            "street alike in the same postcode or town",
            "case when postcode_key_l = postcode_key_r or city_key_l = city_key_r "
            "then case when jaccard(address_key_l, address_key_r) > 0.6 "
            "then damerau_levenshtein(address_key_l, address_key_r) <= 3 else false end else false end",
            0.08,
            3e-6,
        ),
        Level("same postcode", "postcode_key_l = postcode_key_r", 0.08, 1e-4, "postcode_key"),
        Level("same town", "city_key_l = city_key_r", 0.10, 0.03, "city_key"),
        Level("other address", "else", 0.19, 0.97),
    ),
)
COMPANY = Comparison(
    "company",
    ("company_key",),
    "company_key_l is null or company_key_r is null",
    (
        Level("same company", "company_key_l = company_key_r", 0.60, 5e-3, "company_key"),
        Level("company alike", _similar("company_key_l", "company_key_r", 0.92), 0.10, 5e-3),
        Level("other company", "else", 0.30, 0.99),
    ),
)
ALL: dict[str, Comparison] = {c.name: c for c in (NAME, EMAIL, PHONE, BIRTH_DATE, ADDRESS, COMPANY)}


def extra_comparison(name: str) -> Comparison:
    """Further evidence of one column: equal (by term frequency), alike, other."""
    column = f"{EXTRA}{name}"
    alike = (
        f"case when jaccard({column}_l, {column}_r) > 0.4 "
        f"then {_similar(f'{column}_l', f'{column}_r', 0.9)} "
        f"or damerau_levenshtein({column}_l, {column}_r) <= 1 else false end"
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
                "disable_tf_exact_match_detection": True,
            }
        said.append(entry)
    return {"output_column_name": comparison.name, "comparison_levels": said}
