"""Names of countries: one code for each spelling, and the spelling in which texts are compared."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.project.country_names import add_country_codes, country_rows, folded


def test_a_spelling_is_one_country() -> None:
    """No name stands for two countries, codes stand for themselves in lower case, and all of it is folded already."""
    names, codes = zip(*country_rows(), strict=True)
    assert len(set(names)) == len(names)
    assert {code.lower() for code in codes} <= set(names)
    assert all(len(code) == 2 and code.isupper() for code in codes)
    texts = duckdb.sql(f"select name, {folded('name')} from unnest({list(names)!r}) as t(name)").fetchall()
    assert not [name for name, spelling in texts if name != spelling]
    assert dict(country_rows())["no"] == "NO"


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        (" Österreich ", "osterreich"), ("Côte-d'Or", "cote dor"), ("Großbritannien", "grossbritannien"),
        ("Røros Æbelø Łódź", "roros aebelo lodz"), ("U.K.", "uk"), ("Ελλάδα 7", "ελλαδα 7"), ("-- ..", None),
    ],
)  # fmt: skip
def test_a_text_is_folded(text: str, spelling: str | None) -> None:
    """Lower case without accents, letters of any script and digits, single blanks; nothing left is empty."""
    assert duckdb.execute(f"select {folded('$1')}", [text]).fetchone() == (spelling,)


def test_countries_are_found_as_they_are_written() -> None:
    """Every known spelling of the column gets its code once, and an unknown one has no row."""
    with duckdb.connect() as con:
        con.execute(
            "create table people as select unnest(['Nederland', 'The Netherlands', 'nl', 'NL', 'NL', 'Oz']) as country"
        )
        add_country_codes(con, "people")
        rows = con.execute("select country, code from country_codes order by country").fetchall()
    assert rows == [(name, "NL") for name in ("NL", "Nederland", "The Netherlands", "nl")]
