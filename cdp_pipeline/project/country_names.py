"""Names of countries as exports write them, and text in the spelling in which they are compared.

What belongs here: looking names and codes up in country_names.yml, and folding. What does not: which country may
receive data (countries.py), and towns, streets and postcodes (identity/normalise/places.py).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
import yaml
from duckdb import DuckDBPyConnection


def folded(column: str) -> str:
    """SQL: NFC, lower case, accents folded, letters of any script and digits kept, single blanks."""
    plain = f"strip_accents(lower(nfc_normalize({column})))"
    plain = f"replace(replace(replace(replace({plain}, 'ß', 'ss'), 'ø', 'o'), 'æ', 'ae'), 'ł', 'l')"
    plain = f"regexp_replace({plain}, '[''’`´.]', '', 'g')"
    return f"nullif(trim(regexp_replace({plain}, '[^\\p{{L}}\\p{{M}}\\p{{N}}]+', ' ', 'g')), '')"


@cache
def country_rows() -> tuple[tuple[str, str], ...]:
    """(name or code in folded spelling, ISO 3166 alpha-2), one row a spelling, in order; from country_names.yml."""
    countries = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    rows = {(name, code) for code, names in countries.items() for name in (*names, code.lower())}
    return tuple(sorted(rows))


def add_country_codes(con: DuckDBPyConnection, relation: str) -> None:
    """Table country_codes(country, code): every name in column `country` of a relation that is known."""
    rows = country_rows()
    names = pa.table({"name": [name for name, _ in rows], "code": [code for _, code in rows]})
    con.register("countries_arrow", names)
    con.execute(f"""create or replace temp table country_codes as
        select w.country, c.code from (select distinct country from {relation}) w
        join countries_arrow c on c.name = {folded("w.country")}""")
    con.unregister("countries_arrow")
