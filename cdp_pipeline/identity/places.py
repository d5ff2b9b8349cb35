"""Addresses as keys: country code, postcode, street, house number, city.

What belongs here: one spelling per place. What does not: geocoding; no address is looked up.
"""

from __future__ import annotations

from cdp_pipeline.identity.names import folded

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

NOWHERE = "('na', 'none', 'unknown', 'test', 'onbekend', 'null', 'x')"  # SQL list of placeholders
STREET_WORDS = (  # long form -> short form, at the end of a word or as a word
    ("straat", "str"),
    ("strasse", "str"),
    ("street", "st"),
    ("avenue", "ave"),
    ("road", "rd"),
    ("drive", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("crescent", "cres"),
    ("place", "pl"),
    ("square", "sq"),
    ("boulevard", "blvd"),
    ("terrace", "tce"),
    ("close", "cl"),
    ("plein", "pln"),
)


def country_rows() -> list[tuple[str, str]]:
    """(name or code in folded spelling, ISO 3166 alpha-2), one row a spelling."""
    rows = {(name, code) for code, names in COUNTRIES.items() for name in names.split("|")}
    return sorted(rows | {(code.lower(), code) for code in COUNTRIES})


def postcode(column: str) -> str:
    """SQL: letters and digits in upper case; null for placeholders (0000, 99999, xxxx)."""
    bare = f"regexp_replace(upper(nfc_normalize({column})), '[^A-Z0-9]', '', 'g')"
    return f"case when regexp_matches({bare}, '^(0+[A]*|9{{4,}}|X+|NA|NONE|1234AB|)$') then null else {bare} end"


def street(column: str) -> str:
    """SQL: the street's words, folded and shortened, without digits."""
    words = f"regexp_replace({folded(column)}, '\\b[0-9]+( ?[a-z])?\\b', ' ', 'g')"
    for long, short in STREET_WORDS:
        words = f"regexp_replace({words}, '{long}\\b', '{short}', 'g')"
    words = f"nullif(trim(regexp_replace({words}, '\\s+', ' ', 'g')), '')"
    return f"case when {words} in {NOWHERE} then null else {words} end"


def house_number(street_column: str, number_column: str) -> str:
    """SQL: digits and addition of the number column, else of the first number inside the street."""
    inside = f"regexp_extract({street_column}, '[0-9]+ ?[-/]?[a-zA-Z]?\\b')"
    written = f"coalesce(nullif(trim({number_column}), ''), {inside})"
    return f"nullif(regexp_replace(lower({written}), '[^a-z0-9]', '', 'g'), '')"


def city(column: str) -> str:
    """SQL: folded city; null for placeholders."""
    return f"case when {folded(column)} in {NOWHERE} then null else {folded(column)} end"
