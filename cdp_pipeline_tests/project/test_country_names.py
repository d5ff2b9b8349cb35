"""Country names in the spellings of exports, compared folded."""

from __future__ import annotations

import re

import duckdb
import pytest

from cdp_pipeline.project.country_names import add_country_codes, country_rows, folded


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("  Côte-d’Azur ", "cote dazur"),
        ("GROẞ Straße", "gross strasse"),
        ("Møller & Æsir, Łódź", "moller aesir lodz"),
        ("U.K.", "uk"),
        ("Αθήνα 7", "αθηνα 7"),
        (" -, ", None),
    ],
)
def test_a_text_is_folded(written: str, wanted: str | None) -> None:
    """Accents, case, dots and runs of marks do not tell names apart; letters of any script and digits stay."""
    assert duckdb.execute(f"select {folded('$1')}", [written]).fetchone() == (wanted,)


def test_every_spelling_means_one_country_and_is_folded_already() -> None:
    """No name stands for two countries, and each can be met by a folded text."""
    rows = country_rows()
    assert len({name for name, _ in rows}) == len(rows)
    assert rows == sorted(rows)
    assert {("nl", "NL"), ("nld", "NL"), ("holland", "NL"), ("uk", "GB"), ("gb", "GB")} <= set(rows)
    assert all(re.fullmatch("[A-Z]{2}", code) for _, code in rows)
    with duckdb.connect() as con:
        assert [con.execute(f"select {folded('$1')}", [name]).fetchone() for name, _ in rows] == [(n,) for n, _ in rows]


def test_known_countries_of_a_relation_get_their_codes() -> None:
    """Every spelling as it is written, once; what no country is called has no row."""
    with duckdb.connect() as con:
        con.execute("create table t as select unnest(['Bélgica', 'NL', 'NL', 'Atlantis', null]) as country")
        add_country_codes(con, "t")
        assert con.execute("from country_codes order by all").fetchall() == [("Bélgica", "BE"), ("NL", "NL")]
