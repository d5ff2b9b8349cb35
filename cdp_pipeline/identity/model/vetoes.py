"""What forbids two records to be one person, whatever else agrees, and whether the data bear that out.

What belongs here: the vetoes of matching.yml and the doubt about relatives, as SQL over a pair. What
does not: weights (scoring.py), and vetoes of stewards and clean sources (hard_links.py).

The SQL speaks of columns `_l` and `_r`, and of the flags that `flags` gives for the labels of a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import comparisons
from cdp_pipeline.identity.model.name_levels import NAME

_JW = "jaro_winkler_similarity"
NEAR_YEARS = 10  # a parent and a child of one name are further apart
FEWEST = 30  # pairs, and pairs a node, without which nothing is said about a field
FEWEST_SHARE = 0.03
UNRELIABLE = 0.04  # share of differences from which a field is no ground for a veto
AMONG_CONTACTS = " among contacts"  # behind a veto that only holds for pairs with one e-mail or phone

NAMES_DIFFER = tuple(level.label for level in NAME.levels if level.differs)
NAMES_SAME = (
    "same full name",
    "same last name, first name in another form",
    "first and last name swapped",
    "same last name, first name as an initial",
)
FIRST_NAMES_DIFFER = ("same last name, other first name", "last name alike, first name a little")
FIRST_NAMES_ALIKE = ("same last name, first name alike", "both names alike")
FIRST_NAMES_UNSURE = (
    *FIRST_NAMES_ALIKE,
    "same last name, one first name missing",
    "one name missing, the other alike",
    "same last name, first name as an initial",
)
LAST_NAMES_AGREE = (
    "same full name",
    *(x.label for x in NAME.levels if "last name" in x.label and not x.label.startswith("same first")),
)
BIRTH_DATES_AGREE = tuple(level.label for level in comparisons.BIRTH_DATE.levels[:2])
BIRTH_DATES_DIFFER = tuple(level.label for level in comparisons.BIRTH_DATE.levels if level.differs)
BIRTH_DATES_NEAR = ("birth date with one other part", "birth date with two typos")
CONTACTS_SAME = ("same e-mail", "same phone")
CONTACTS_DIFFER = ("other e-mail", "other phone")
SAME_HOME = (*CONTACTS_SAME, "same postcode and house number", "same street and house number", "same postcode")

# Another first name speaks against one person: households share everything else, twins the birth date too.
# Two names that are both in use differ sooner than one that may be a slip of the pen.
_OTHER_FIRST_NAME = (
    "(len(name_first_l) > 1 and len(name_first_r) > 1 or left(name_first_l, 1) <> left(name_first_r, 1)) "
    f"and not coalesce(name_first_l = name_last_r and coalesce({_JW}(name_last_l, name_first_r) >= 0.75, true) "
    f"or name_last_l = name_first_r and coalesce({_JW}(name_first_l, name_last_r) >= 0.75, true), false) "
    "and not coalesce(list_contains(name_words_l, name_first_r) and list_contains(name_words_r, name_first_l), false) "
    f"and {_JW}(name_first_l, name_first_r) < case when len(name_first_l) = 1 or len(name_first_r) = 1 then 2 "
    "when name_first_l = name_last_r or name_last_l = name_first_r then 0.9 "
    "when is_known_l and is_known_r then 0.8 when left(name_first_l, 1) = left(name_first_r, 1) then 0.7 else 0.75 end"
)
_OTHER_LAST_NAME = (  # one of the two gives no first name
    "(name_first_l is null or name_first_r is null) and not is_same_birth "
    f"and coalesce(greatest({', '.join(f'{_JW}(name_last_l, {c})' for c in ('name_last_r', 'name_first_r'))}, "
    f"{_JW}(name_first_l, name_last_r)) < 0.75, false)"
)
# marit and martijn are alike, and two names all the same
_OTHER_NAME_IN_USE = (
    "is_known_l and is_known_r and not is_same_birth and not coalesce(email_key_l = email_key_r, false) "
    "and not coalesce(phone_key_l = phone_key_r, false) and damerau_levenshtein(name_first_l, name_first_r) > 2"
)
IS_AMONG_CONTACTS = (
    "is_known_l and is_known_r and not is_same_birth "
    "and (coalesce(email_key_l = email_key_r, false) or coalesce(phone_key_l = phone_key_r, false))"
)
_YEARS = "abs(try_cast(left(birth_date_l, 4) as int) - try_cast(left(birth_date_r, 4) as int))"
RULES = {
    # another birth date, unless it is a slip of the pen: of one full name, with a year near by
    "birth_date": "do_birth_dates_differ and (do_names_differ or not (are_names_same or is_birth_near) "
    f"or coalesce({_YEARS}, 99) > {NEAR_YEARS}) "
    "or are_first_names_alike and is_birth_typo and is_known_l and is_known_r",
    "first_name": f"case when do_names_differ then ({_OTHER_FIRST_NAME}) or ({_OTHER_LAST_NAME}) "
    f"when are_first_names_alike then {_OTHER_NAME_IN_USE} else false end",
}


def flags(matching: Matching) -> str:
    """SQL over `said`, the labels of a pair: the flags that the rules ask for."""
    said = {
        "do_names_differ": NAMES_DIFFER,
        "are_names_same": NAMES_SAME,
        "are_first_names_alike": FIRST_NAMES_ALIKE,
        "do_birth_dates_differ": BIRTH_DATES_DIFFER,
        "is_same_birth": BIRTH_DATES_AGREE,
        "is_birth_near": BIRTH_DATES_NEAR,
        "is_birth_typo": BIRTH_DATES_AGREE[1:],
        "do_phones_differ": CONTACTS_DIFFER[1:],
    }
    named = [f"list_has_any(said, {listed(labels)}) as {name}" for name, labels in said.items()]
    near = _is_alone("same postcode", "same town and postcode area", "same town")
    return ", ".join([*named, f"{_doubt(matching)} as is_doubted", f"{near} as is_name_in_place"])


def veto(matching: Matching) -> str:
    """SQL: the veto that a pair meets, or null."""
    whens = [f"when {sql} then '{name}'" for name, sql in RULES.items() if name in matching.veto]
    if "first_name" + AMONG_CONTACTS in matching.veto:
        whens.append(f"when {IS_AMONG_CONTACTS} and ({RULES['first_name']}) then 'first_name'")
    return f"case {' '.join(whens)} end" if whens else "null::varchar"


def _doubt(matching: Matching) -> str:
    """What agrees is shared in a family, or is a name alone, and what would tell persons apart differs."""
    unsure = f"""{str("first_name" in matching.veto).lower()} and list_has_any(said, {listed(FIRST_NAMES_UNSURE)})
        and list_has_any(said, {listed(CONTACTS_DIFFER)}) and not list_has_any(said, {listed(CONTACTS_SAME)})"""
    return f"""not list_has_any(said, {listed(BIRTH_DATES_AGREE)})
        and (list_has_all(said, {listed(CONTACTS_DIFFER)}) or {unsure} or {_is_alone()})"""


def _is_alone(*places: str) -> str:
    """A contact differs, and nothing agrees but the name and the `places` (labels)."""
    idle = listed([*(level.label for level in NAME.levels), *places])
    return f"""list_has_any(said, {listed(CONTACTS_DIFFER)}) and len(list_filter(said,
        lambda label: not starts_with(label, 'other ') and not list_contains({idle}, label))) = 0"""


def needed(con: DuckDBPyConnection, matching: Matching, nodes: int) -> tuple[str, ...]:
    """The vetoes as these data bear them out; in `judged`, those that they do not are lifted.

    A field is as unreliable as it differs between records that agree on all else that identifies
    a person: first names where birth date, last name and home agree, birth dates where full name and
    home agree. When either share is above UNRELIABLE for sure (two standard errors), and over enough pairs that
    nobody can bring it about with a few invented records, the data are full of slips of the pen: birth
    dates veto nothing, and first names only where two names in use meet on one e-mail or phone, as in a household.
    """
    shares = [_unreliable(con, name, nodes) for name in matching.veto]
    if max(shares, default=0.0) <= UNRELIABLE:
        return tuple(matching.veto)
    held = tuple(name + AMONG_CONTACTS for name in matching.veto if name == "first_name")
    con.execute(f"""update judged set veto = null
        where veto <> 'first_name' or not (is_among_contacts and {str(bool(held)).lower()})""")
    return held


def _unreliable(con: DuckDBPyConnection, name: str, nodes: int) -> float:
    """Share of differences in the field of veto `name`, less two standard errors; 0 when there are too few pairs."""
    given = (
        [BIRTH_DATES_AGREE[:1], SAME_HOME, LAST_NAMES_AGREE] if name == "first_name" else [NAMES_SAME[:2], SAME_HOME]
    )
    field, differs = (
        (NAME, FIRST_NAMES_DIFFER) if name == "first_name" else (comparisons.BIRTH_DATE, BIRTH_DATES_DIFFER)
    )
    agree = " and ".join(f"list_has_any(said, {listed(labels)})" for labels in given)
    pairs, apart = con.execute(f"""
        with meant as (
            select n, string_split(words, '; ') as said from reasons
            join (select reason, count(*) as n from judged group by 1) using (reason))
        select coalesce(sum(n), 0)::bigint, coalesce(sum(n) filter (list_has_any(said, {listed(differs)})), 0)::bigint
        from meant where {agree} and list_has_any(said, {listed([x.label for x in field.levels])})""").fetchall()[0]
    if pairs < max(FEWEST, FEWEST_SHARE * nodes):
        return 0.0
    share = apart / pairs
    return float(share - 2 * sqrt(share * (1 - share) / pairs))


def listed(labels: Sequence[str]) -> str:
    """SQL list of labels."""
    return "[" + ", ".join(f"'{label}'" for label in labels) + "]"
