"""Addresses as keys: country code, postcode, street, house number, city.

What belongs here: one spelling per country, postcode and town. What does not: streets (streets.py),
and geocoding; no address is looked up.
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import streets
from cdp_pipeline.identity.names import folded
from cdp_pipeline.identity.placeholders import Placeholders

# ISO 3166 alpha-2, then names and codes as exports write them (folded: lower case, no accents)
COUNTRIES: dict[str, str] = {
    "NL": "nld|netherlands|the netherlands|nederland|holland|niederlande|pays bas|paises bajos|paesi bassi",
    "BE": "bel|belgium|belgie|belgique|belgien|belgica|belgio",
    "DE": "deu|ger|germany|duitsland|deutschland|allemagne|alemania|germania",
    "FR": "fra|france|frankrijk|frankreich|francia",
    "GB": "gbr|uk|united kingdom|great britain|england|scotland|wales|northern ireland|verenigd koninkrijk|"
    "groot brittannie|grossbritannien|royaume uni|reino unido|regno unito|engeland",
    "IE": "irl|ireland|ierland|irland|irlande|irlanda",
    "LU": "lux|luxembourg|luxemburg|luxemburgo|lussemburgo",
    "AT": "aut|austria|oostenrijk|osterreich|autriche",
    "CH": "che|switzerland|zwitserland|schweiz|suisse|suiza|svizzera",
    "ES": "esp|spain|spanje|spanien|espagne|espana|spagna",
    "PT": "prt|portugal|portogallo",
    "IT": "ita|italy|italie|italien|italia",
    "DK": "dnk|denmark|denemarken|danemark|danmark|dinamarca|danimarca",
    "SE": "swe|sweden|zweden|schweden|suede|sverige|suecia|svezia",
    "NO": "nor|norway|noorwegen|norwegen|norvege|norge|noruega|norvegia",
    "FI": "fin|finland|finnland|finlande|suomi|finlandia",
    "IS": "isl|iceland|ijsland|island|islande|islandia|islanda",
    "PL": "pol|poland|polen|pologne|polska|polonia",
    "CZ": "cze|czech republic|czechia|tsjechie|tschechien|tchequie|ceska republika",
    "SK": "svk|slovakia|slowakije|slowakei|slovaquie",
    "HU": "hun|hungary|hongarije|ungarn|hongrie|hungria|ungheria",
    "RO": "rou|romania|roemenie|rumanien|roumanie|rumania",
    "BG": "bgr|bulgaria|bulgarije|bulgarien|bulgarie",
    "GR": "grc|greece|griekenland|griechenland|grece|grecia|hellas",
    "HR": "hrv|croatia|kroatie|kroatien|croatie|croacia|hrvatska",
    "SI": "svn|slovenia|slovenie|slowenien",
    "RS": "srb|serbia|servie|serbien|serbie",
    "UA": "ukr|ukraine|oekraine|ucrania|ucraina",
    "EE": "est|estonia|estland|estonie",
    "LV": "lva|latvia|letland|lettland|lettonie",
    "LT": "ltu|lithuania|litouwen|litauen|lituanie",
    "MT": "mlt|malta|malte",
    "CY": "cyp|cyprus|zypern|chypre|chipre",
    "TR": "tur|turkey|turkiye|turkije|turkei|turquie|turquia|turchia",
    "US": "usa|united states|united states of america|verenigde staten|vereinigte staaten|etats unis|"
    "estados unidos|stati uniti|america",
    "CA": "can|canada|kanada",
    "MX": "mex|mexico|mexiko|mexique",
    "BR": "bra|brazil|brazilie|brasilien|bresil|brasil|brasile",
    "AR": "arg|argentina|argentinie|argentinien|argentine",
    "AU": "aus|australia|australie|australien",
    "NZ": "nzl|new zealand|nieuw zeeland|neuseeland|nouvelle zelande",
    "ZA": "zaf|south africa|zuid afrika|sudafrika|afrique du sud",
    "IN": "ind|india|indien|inde",
    "CN": "chn|china|chine|cina",
    "JP": "jpn|japan|japon|giappone",
    "KR": "kor|south korea|korea|zuid korea|sudkorea|coree du sud",
    "SG": "sgp|singapore|singapur|singapour",
    "ID": "idn|indonesia|indonesie|indonesien",
    "MA": "mar|morocco|marokko|maroc|marruecos|marocco",
    "SR": "sur|suriname|surinam",
    "IL": "isr|israel",
    "AE": "are|uae|united arab emirates|verenigde arabische emiraten",
}

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


def country_rows() -> list[tuple[str, str]]:
    """(name or code in folded spelling, ISO 3166 alpha-2), one row a spelling."""
    rows = {(name, code) for code, names in COUNTRIES.items() for name in names.split("|")}
    return sorted(rows | {(code.lower(), code) for code in COUNTRIES})


def _town(plain: str) -> str:
    """SQL on a folded town: saints as st, no district number, no CEDEX, accents as written without them."""
    short = f"regexp_replace({plain}, '\\b(saint|sankt|sint)\\b', 'st', 'g')"
    short = f"regexp_replace({short}, '( cedex.*| [0-9]+(e|er|eme|th)?| [a-z])+$', '')"
    plain = short
    for pair in streets.UMLAUTS:
        plain = f"replace({plain}, '{pair}', '{pair[0]}')"
    return f"case when has_umlauts then {plain} else {short} end"
