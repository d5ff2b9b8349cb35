"""Names of countries as exports write them, and text in the spelling in which they are compared.

What belongs here: country names and codes, and folding. What does not: which country may receive data
(countries.py), and towns, streets and postcodes (identity/normalise/places.py).
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection

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


def folded(column: str) -> str:
    """SQL: NFC, lower case, accents folded, letters of any script and digits kept, single blanks."""
    plain = f"strip_accents(lower(nfc_normalize({column})))"
    plain = f"replace(replace(replace(replace({plain}, 'ß', 'ss'), 'ø', 'o'), 'æ', 'ae'), 'ł', 'l')"
    plain = f"regexp_replace({plain}, '[''’`´.]', '', 'g')"
    return f"nullif(trim(regexp_replace({plain}, '[^\\p{{L}}\\p{{M}}\\p{{N}}]+', ' ', 'g')), '')"


def country_rows() -> list[tuple[str, str]]:
    """(name or code in folded spelling, ISO 3166 alpha-2), one row a spelling."""
    rows = {(name, code) for code, names in COUNTRIES.items() for name in names.split("|")}
    return sorted(rows | {(code.lower(), code) for code in COUNTRIES})


def add_country_codes(con: DuckDBPyConnection, relation: str) -> None:
    """Table country_codes(country, code): every name in column `country` of a relation that is known."""
    rows = country_rows()
    names = pa.table({"name": [name for name, _ in rows], "code": [code for _, code in rows]})
    con.register("countries_arrow", names)
    con.execute(f"""create or replace temp table country_codes as
        select w.country, c.code from (select distinct country from {relation}) w
        join countries_arrow c on c.name = {folded("w.country")}""")
    con.unregister("countries_arrow")
