"""Addresses as keys: country code, postcode, street, house number, city.

What belongs here: one spelling per country, postcode and town. What does not: streets (streets.py),
and geocoding; no address is looked up.
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.normalise import streets
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.project.country_names import country_rows, folded

TOWNS = {  # folded name in another language -> one name
    name: town
    for town, names in {
        "den haag": "s gravenhage|the hague|la haye", "s hertogenbosch": "den bosch|hertogenbosch|bois le duc",
        "munchen": "munich|monaco di baviera", "koln": "cologne|keulen|colonia", "wien": "vienna|wenen|vienne",
        "bruxelles": "brussel|brussels|bruselas", "antwerpen": "anvers|antwerp|amberes",
        "gent": "gand|ghent", "liege": "luik|luttich|lieja", "brugge": "bruges|brujas", "leuven": "louvain",
        "mechelen": "malines", "kobenhavn": "copenhagen|kopenhagen|copenhague",
        "goteborg": "gothenburg", "lisboa": "lisbon|lissabon|lisbonne", "porto": "oporto", "sevilla": "seville",
        "roma": "rome|rom", "milano": "milan|mailand|milaan", "firenze": "florence|florenz", "torino": "turin|turijn",
        "napoli": "naples|neapel|napels", "venezia": "venice|venedig|venetie", "geneve": "geneva|genf",
        "zurich": "zurigo", "basel": "basle|bale|bazel", "luxembourg": "luxemburg", "praha": "prague|prag|praag",
        "warszawa": "warsaw|warschau", "frankfurt": "frankfurt am main|frankfurt a main|frankfurt main|frankfurt am",
        "hannover": "hanover", "nurnberg": "nuremberg", "athina": "athens|athen", "helsinki": "helsingfors",
        "turku": "abo", "new york": "new york city|nyc", "a coruna": "la coruna", "donostia": "san sebastian",
    }.items()
    for name in names.split("|")
}  # fmt: skip
# A postcode may stand behind its country (D-80331), before the rest of a ZIP code (89111-1234), or
# be what a spreadsheet made of it (80331.0; 8001 for 08001).
PREFIXED = "NL|BE?|DE?|FR?|AT?|CH|LU?|ES?|IT?|DK|SE?|NO?|PL?|PT|FIN?|CZ|SK|HU?|RO|BG|GR|HR|SI|RS|EE|LV|LT|US"
UMLAUTS = "'DE', 'AT', 'CH', 'LU', 'DK', 'NO', 'SE', 'FI', 'IS'"  # write ü as ue, å as aa when there is no accent
FIVE = "'DE', 'FR', 'ES', 'IT', 'US', 'FI', 'EE', 'HR', 'SE'"  # five digits; a spreadsheet drops a first 0


def add_places(con: DuckDBPyConnection, people: str, placeholders: Placeholders) -> int:
    """street_keys (streets.py), city_keys(city, has_umlauts, city_key), postcode_keys(postcode, country_code, ..._key).

    `people` is a relation with country_code and has_umlauts. Postcodes and towns from inside a street
    cell are among the rows. Returns the street cells that were taken apart in Python.
    """
    unusual = streets.add_streets(con, people, [name for name, _ in country_rows() if len(name) > 2])
    con.register("towns_arrow", pa.table({"name": list(TOWNS), "town": list(TOWNS.values())}))
    con.execute(
        f"""create or replace temp table city_keys as
    with written as (
        select city, has_umlauts from {people} where city is not null
        union select inner_city, has_umlauts from street_keys where inner_city is not null),
    folded as (select city, has_umlauts, {folded("city")} as plain from written),
    short as (select city, has_umlauts, {_town("plain")} as plain from folded)
    select s.city, s.has_umlauts, case when not list_contains($nowhere, s.plain) then coalesce(t.town, s.plain) end
               as city_key
    from short s left join towns_arrow t on t.name = s.plain""",
        {"nowhere": list(placeholders.places)},
    )
    con.unregister("towns_arrow")
    con.execute(
        f"""create or replace temp table postcode_keys as
    with written as (
        select postcode, country_code from {people} where postcode is not null
        union select s.inner_postcode, p.country_code from {people} p
        join street_keys s on s.street = p.street and s.house_number is not distinct from p.house_number
        where s.inner_postcode is not null),
    trimmed as (
        select *, regexp_replace(upper(trim(postcode)), '\\.0$|^([0-9]{{5}})-[0-9]{{4}}$', '\\1') as text from written),
    bare as (
        select *, regexp_replace(regexp_replace(text, '[^A-Z0-9]', '', 'g'),
                                 '^(?:{PREFIXED})([0-9]{{4,6}}|[0-9]{{4}}[A-Z]{{2}})$', '\\1') as bare from trimmed),
    full_length as (
        select *, case when regexp_full_match(bare, '[A-Z0-9]*[A-Z][A-Z0-9]*') then bare
                       when country_code = 'US' and len(bare) = 9 then left(bare, 5)
                       when country_code in ({FIVE}) and len(bare) = 4 or country_code = 'NO' and len(bare) = 3
                           then '0' || bare else bare end as plain from bare)
    select postcode, country_code, case when not list_contains($junk, plain)
        and not regexp_full_match(plain, '0+A*|9{{4,}}|X+|') then plain end as postcode_key,
        regexp_replace(postcode_key, '([0-9][A-Z]{{2}}|[0-9]{{2}})$', '') as postcode_area
    from full_length""",
        {"junk": list(placeholders.postcodes)},
    )
    return unusual


def _town(plain: str) -> str:
    """SQL on a folded town: saints as st, no district number, no CEDEX, accents as written without them."""
    short = f"regexp_replace({plain}, '\\b(saint|sankt|sint)\\b', 'st', 'g')"
    short = f"regexp_replace({short}, '( cedex.*| [0-9]+(e|er|eme|th)?| [a-z])+$', '')"
    plain = short
    for pair in streets.UMLAUTS:
        plain = f"replace({plain}, '{pair}', '{pair[0]}')"
    return f"case when has_umlauts then {plain} else {short} end"
