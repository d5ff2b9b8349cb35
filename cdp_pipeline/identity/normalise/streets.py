"""Street and house number of every distinct address cell, in one spelling.

What belongs here: the plain shapes ("street 12a", "12 street", a number in its own column) in SQL,
and one spelling per street name. What does not: everything unusual, which addresses.py takes apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.normalise.addresses import take_apart

WORDS = {  # a whole word -> its short form
    word: short
    for short, words in {
        "str": "strasse straat str", "st": "street saint sankt sint", "ste": "sainte", "rd": "road",
        "ave": "avenue av avenida avda avd avinguda avgda aven", "blvd": "boulevard bd bld boul bvd bvard",
        "dr": "drive dokter doctor doktor", "ln": "lane laan", "ct": "court crt", "cres": "crescent cresc",
        "pl": "place platz plaza pza plza praca pca piazza pzza", "pln": "plein", "sq": "square",
        "tce": "terrace terr ter", "cl": "close", "hwy": "highway", "pkwy": "parkway pky", "cir": "circle",
        "pde": "parade", "gr": "grove gve", "gdns": "gardens", "trl": "trail", "wy": "way", "cct": "circuit",
        "mt": "mount", "ft": "fort", "n": "north", "s": "south", "e": "east", "w": "west", "ne": "northeast",
        "nw": "northwest", "se": "southeast", "sw": "southwest", "r": "rue rua", "che": "chemin chem",
        "chee": "chaussee", "imp": "impasse", "all": "allee", "q": "quai", "rte": "route", "fbg": "faubourg",
        "c": "calle carrer", "po": "paseo pso", "ctra": "carretera cra", "cno": "camino cmno", "trv": "travesia trva",
        "rda": "ronda", "tv": "travessa", "lg": "largo", "vle": "viale", "cso": "corso", "g": "gata gatan gate gt",
        "vei": "veien vagen vejen vej vag", "pobox": "pobox",
    }.items()
    for word in words.split()
}  # fmt: skip
ENDS = (  # the end of a compound -> its short form
    ("strasse", "str"), ("straat", "str"), ("laan", "ln"), ("plein", "pln"), ("platz", "pl"), ("boulevard", "blvd"),
    ("gatan", "g"), ("gata", "g"), ("gate", "g"), ("vagen", "vei"), ("veien", "vei"), ("vejen", "vei"), ("vej", "vei"),
)  # fmt: skip
UNITS = "flat|apt|apartment|unit|suite|room|bus|bte|boite|box|etage|floor|postbus|postfach|apartado|lgh"
BOXES = {
    "po box",
    "p o box",
    "pobox",
    "box",
    "postbus",
    "postfach",
    "apartado",
    "casella postale",
    "boite postale",
    "bp",
}
UMLAUTS = ("ae", "oe", "ue", "aa")
NOWHERE = {"", "na", "none", "unknown", "test", "onbekend", "null", "x", "unbekannt", "inconnu", "desconocido"}


def add_streets(con: DuckDBPyConnection, people: str, countries: Collection[str]) -> int:
    """street_keys(street, house_number, has_umlauts, street_key, house_key, inner_postcode, inner_city).

    One row a distinct cell. `people` is a relation with has_umlauts (see street_key). inner_postcode
    and inner_city were found at the end of the street cell; `countries` are names that may stand
    behind them. Returns how many cells were too unusual for the rule in SQL.
    """
    plain = "coalesce(trim(strip_accents(lower(nfc_normalize(replace(street, 'ß', 'ss'))))), '')"
    con.execute(f"""create or replace temp table street_parts as
    with plain as (
        select street, house_number, has_umlauts, {plain} as text, trim(lower(house_number)) as number
        from (select distinct street, house_number, has_umlauts from {people}
              where street is not null or house_number is not null)),
    shapes as (
        select *, case when number is null
            then regexp_extract(text, '^([^0-9,;#()/]*[a-z.]) +0*([1-9][0-9]*)[ -]?([a-z]?)$',
                                ['name', 'digits', 'letter'])
            end as behind
        from plain)
    select street, house_number, has_umlauts, text, number,
           case when behind.name <> '' then behind.name
                when regexp_matches(text, '[0-9,;#()/º]|\\b({UNITS})\\b') then null
                when number is null or regexp_full_match(number, '[1-9][0-9]*[ -]?[a-z]?') then text end as name,
           case when behind.name <> '' then behind.digits || behind.letter
                when number is not null then replace(replace(number, ' ', ''), '-', '') end as house
    from shapes""")
    rest = con.execute("""select street, house_number, text, number from street_parts
                          where name is null group by all""").fetchall()
    taken = [take_apart(row[2], row[3] or "", frozenset(countries)) for row in rest]
    con.register("street_rest", _text(
        street=[row[0] for row in rest],
        house_number=[row[1] for row in rest],
        name=[found.name for found in taken],
        house=[found.house or None for found in taken],
        inner_postcode=[found.postcode or None for found in taken],
        inner_city=[found.town or None for found in taken],
    ))  # fmt: skip
    con.execute("""create or replace temp table street_names as
        select p.* exclude (name, house, text, number), coalesce(p.name, r.name) as name,
               if(p.name is null, r.house, p.house) as house_key, r.inner_postcode, r.inner_city
        from street_parts p left join street_rest r on p.name is null
            and r.street is not distinct from p.street and r.house_number is not distinct from p.house_number""")
    names = con.execute("select distinct name, has_umlauts from street_names").fetchall()
    keys = _text(name=[row[0] for row in names], key=[street_key(*row) for row in names])
    con.register("street_spelled", keys.append_column("has_umlauts", pa.array([row[1] for row in names], pa.bool_())))
    con.execute("""create or replace temp table street_keys as
        select n.* exclude (name), s.key as street_key
        from street_names n join street_spelled s on s.name = n.name and s.has_umlauts = n.has_umlauts""")
    con.execute("drop table street_names")
    con.execute("drop table street_parts")
    con.unregister("street_rest")
    con.unregister("street_spelled")
    return len(rest)


def street_key(name: str, has_umlauts: bool = False) -> str | None:
    """One spelling of a street name (lower case, no accents); None for words that name no street.

    `has_umlauts`: of a country where ae, oe, ue and aa are how its letters are written without accents.

    >>> street_key("c/ mayor"), street_key("hauptstrasse"), street_key("muellerstr.", True), street_key("av. foch")
    ('c mayor', 'hauptstr', 'mullerstr', 'ave foch')
    """
    plain = re.sub("['’`´]", "", name.replace("ø", "o").replace("æ", "ae").replace("ł", "l"))
    words = re.sub(r"\W+", " ", plain)
    key = " ".join(_short(word, has_umlauts) for word in words.split())
    return None if key in NOWHERE else "pobox" if key in BOXES else key


def _short(word: str, has_umlauts: bool) -> str:
    if short := WORDS.get(word):
        return short
    end = next(((long, short) for long, short in ENDS if word.endswith(long)), None)
    stem = word[: -len(end[0])] if end else word
    for pair in UMLAUTS if has_umlauts else ():
        stem = stem.replace(pair, pair[0])
    return stem + (end[1] if end else "")


def _text(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
