"""Names and texts inside SQL come back as they were, whatever quotes are in them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cdp_pipeline.project.quoting import literal, literals, quoted
from cdp_pipeline.run.lake import open_duckdb

TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1)


@given(name=TEXTS, value=TEXTS)
def test_duckdb_reads_what_was_meant(name: str, value: str) -> None:
    """A name is the name of a column, a text its value."""
    with open_duckdb() as con:
        result = con.execute(f"select {literal(value)} as {quoted(name)}")
        assert result.description
        assert (result.description[0][0], result.fetchall()) == (name, [(value,)])


def test_none_is_in_no_list() -> None:
    """An empty list is null, so that nothing is in it and the statement stands."""
    with open_duckdb() as con:
        assert con.execute(f"select 'a' in ({literals([])}), 'a' in ({literals(['b', 'a'])})").fetchall() == [
            (None, True)
        ]
    assert literal(Path("/it's")) == "'/it''s'"
