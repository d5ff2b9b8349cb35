"""From columns of an export to candidate rows: names, fall-backs, expressions, nulls, attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.staging.mapping import candidates, empty_candidates, open_source
from cdp_pipeline_tests.staging.deliveries import SOURCE, Row, order, shop


def mapped(folder: Path, rows: list[Row], columns: str, **changed: Any) -> list[tuple[Any, ...]]:
    """The candidates of the rows, in the order of the file."""
    made = shop(folder, shop=SOURCE | changed)
    made.deliver("a.csv", rows)
    source, contract = made.run.project.sources["shop"], made.run.project.contracts["orders"]
    with made.run.connect() as con:
        assert open_source(made.run, con, "shop", source)
        select = candidates("shop", "web", source, source.into["orders"][0], 0, contract)
        return con.execute(f"select {columns} from ({select}) order by _line").fetchall()


def test_a_row_knows_where_it_comes_from(tmp_path: Path) -> None:
    """Source file, line, and system go with every candidate."""
    rows = mapped(tmp_path, [order("7")], "_source_name, source, _file, _line, _mapping, order_id")
    assert rows == [("shop", "web", "a.csv", 2, 0, "7")]


def test_a_row_is_mapped_dropped_or_not_meant(tmp_path: Path) -> None:
    """`where` chooses, a drop rule names itself, and a condition that is unknown chooses nothing."""
    rows: list[Row] = [order(), order(total="test"), {"kind": "line"}, {"kind": None}]
    assert mapped(tmp_path, rows, "_outcome") == [("mapped",), ("test_order",), ("not_mapped",), ("not_mapped",)]


@pytest.mark.parametrize("text", ["", "  ", "NULL", "null", "\\N", " null ", "\u00a0", "\ufeff", "\u200b", "\t\r\n"])
def test_nothing_is_null(tmp_path: Path, text: str) -> None:
    """Empty, blank in whatever script's blanks, or a word of `nulls`: there is no value."""
    assert mapped(tmp_path, [order(text)], "order_id, order_id__text") == [(None, None)]


def test_other_nulls_of_a_source(tmp_path: Path) -> None:
    """A source says which words mean nothing, quotes and all; blank is nothing in any case."""
    rows: list[Row] = [order("n/a"), order("it's"), order("NULL"), order(" ")]
    found = mapped(tmp_path, rows, "order_id", format={"nulls": ["n/a", "it's"]})
    assert found == [(None,), (None,), ("NULL",), (None,)]
    assert mapped(tmp_path / "2", [order(" "), order("x")], "order_id", format={"nulls": []}) == [(None,), ("x",)]


def test_blanks_around_a_value_go_and_inside_stay(tmp_path: Path) -> None:
    """A value is trimmed at both ends, of non-breaking and invisible blanks too."""
    assert mapped(tmp_path, [order("\ufeff\u00a0 a  b\u200b\t")], "order_id") == [("a  b",)]


def test_the_first_column_that_says_something_counts(tmp_path: Path) -> None:
    """A list of columns is a fall-back; one that says nothing is passed over."""
    rows = [order(refund=" ", refunded="3"), order(refund="1", refunded="3"), order()]
    assert [row[0] for row in mapped(tmp_path, rows, "refund__text")] == ["3", "1", None]


def test_attributes_hold_what_is_there(tmp_path: Path) -> None:
    """An attribute without a value is no entry."""
    rows = mapped(tmp_path, [order(note=" hello "), order(note="")], "attributes")
    assert rows == [({"note": "hello"},), ({},)]


def test_the_text_stays_beside_the_value(tmp_path: Path) -> None:
    """What could not be read is NULL as a value, and still there as text for the contract to judge."""
    assert mapped(tmp_path, [order(total="12-")], "total, total__text") == [(None, "12-")]


def test_prepare_shapes_the_rows_first(tmp_path: Path) -> None:
    """A source may turn one line into several rows before its columns are mapped."""
    prepare = "select * exclude (number), unnest(string_split(number, ',')) as number from file"
    assert mapped(tmp_path, [order("1,2")], "order_id, _line", prepare=prepare) == [("1", 2), ("2", 2)]


def test_a_prepare_that_does_not_run_names_its_file(tmp_path: Path) -> None:
    """The message has the YAML file and DuckDB's first line, and no row."""
    with pytest.raises(ProjectError, match=r"1_sources/shop\.yml: prepare: .*nowhere"):
        mapped(tmp_path, [order()], "*", prepare="select nowhere from file")


def test_nothing_delivered_is_not_opened(tmp_path: Path) -> None:
    """No part, only a list of rejected lines, or parts without a row: there is nothing to map."""
    made = shop(tmp_path)
    source = made.run.project.sources["shop"]
    with made.run.connect() as con:
        assert not open_source(made.run, con, "shop", source)
        made.deliver("a.rejects", [order()])
        assert not open_source(made.run, con, "shop", source)
        made.deliver("a.csv", [])
        assert not open_source(made.run, con, "shop", source)


def test_empty_candidates_have_the_same_columns(tmp_path: Path) -> None:
    """A table that nothing feeds has the columns and types of one that is fed."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order()])
    source, contract = made.run.project.sources["shop"], made.run.project.contracts["orders"]
    with made.run.connect() as con:
        open_source(made.run, con, "shop", source)
        full = con.sql(candidates("shop", "web", source, source.into["orders"][0], 0, contract))
        empty = con.sql(empty_candidates(contract))
        assert dict(zip(full.columns, map(str, full.types), strict=True)) == dict(
            zip(empty.columns, map(str, empty.types), strict=True)
        )
