"""Labels: the file of known persons, what is measured with it, and the table that results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity import limits
from cdp_pipeline.identity.accuracy.accuracy import from_file, from_sample, step
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.ledgers.labels import read_labels
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.small_run import put, small_run

ROWS = "source,record_id,person\nshop,1,ann\nshop,2,ann\ncrm,3,ann\ncrm,4,bob\ncrm,5,bob\ncrm,9,gone\n"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Five records: two equal ones and a third are found to be one person, which is right; 4 and 5 are one unfound."""
    with duckdb.connect() as connection:
        connection.execute("""create schema identity;
            create table identity.records as select * from (values (1, 'shop', '1', 10), (2, 'shop', '2', 10),
                (3, 'crm', '3', 30), (4, 'crm', '4', 40), (5, 'crm', '5', 50)) as r(record_key, source, record_id, node_key);
            create table identity.person_records as select source, record_id,
                case node_key when 40 then 'P4' when 50 then 'P5' else 'P1' end as person_id from identity.records;
            create table identity.pairs as select * from (values (10, 30, true), (30, 40, false), (40, 50, false))
                as p(node_key_l, node_key_r, is_kept);
            create table identity.label_sample (stratum varchar, pairs bigint, verdict varchar)""")
        yield connection


def written(tmp_path: Path, text: str) -> Path:
    """A labels file with that text."""
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_known_persons_measures_persons_and_pairs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Three of four true pairs found, none wrong; over compared pairs a node counts with all its records."""
    rows = from_file(con, read_labels(written(tmp_path, ROWS)))
    value = {measure: found for _, measure, _, found, *_ in rows}
    assert (value["precision"], value["recall"], value["f1"]) == (1.0, 0.75, 0.857143)
    assert (value["b3_precision"], value["b3_recall"]) == (1.0, 0.8)
    assert (value["pair_precision"], value["pair_recall"]) == (1.0, 0.666667)
    assert value["compared"] == 1.0
    assert {(labels, part, low, high, judged) for labels, _, part, _, low, high, judged, *_ in rows} == {
        ("file", "all", None, None, 5)
    }
    assert {row[-1] for row in rows} == {"1 labelled records are not there"}


def test_without_a_file_nothing_is_measured(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """No file, or a file without a record that is there: no row."""
    assert from_file(con, read_labels(tmp_path / "labels.csv")) == []
    assert from_file(con, read_labels(written(tmp_path, "source,record_id,person\nshop,77,ann\n"))) == []


def test_every_mistake_of_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    """Missing columns, empty fields and a record with two persons; no value is quoted."""
    with pytest.raises(InputError) as error:
        read_labels(written(tmp_path, "source,record,person\n"))
    assert error.value.problems == ("labels.csv:1: column record_id is missing (did you mean record?)",)
    with pytest.raises(InputError) as error:
        read_labels(written(tmp_path, "source,record_id,person\nshop,1,ann\nshop,,ann\nshop,1,bob\nshop\n"))
    assert error.value.problems == (
        "labels.csv:3: source, record_id and person must not be empty",
        "labels.csv:4: this record has another person further up",
        "labels.csv:5: expected 3 values, found 1",
    )
    (tmp_path / "labels.csv").write_bytes(b"source,record_id,person\nshop,1,\xff\n")
    with pytest.raises(InputError, match="not readable as CSV in UTF-8"):
        read_labels(tmp_path / "labels.csv")


def test_verdicts_on_the_sample_become_estimates(con: duckdb.DuckDBPyConnection) -> None:
    """Each stratum by its verdicts; one nobody judged is named."""
    assert from_sample(con) == []
    con.execute("""insert into identity.label_sample select 'joined: x', 500, 'same' from range(19)
        union all select 'joined: x', 500, 'different' union all select 'refused: y', 100, null from range(25)""")
    rows = {(measure, part): row for row in from_sample(con) for _, measure, part, *_ in [row]}
    assert rows["pair_precision", "all"][3] == 0.95
    assert rows["pair_recall", "all"][3] is None
    assert rows["pair_recall", "all"][-1] == "nobody judged: refused: y"
    assert rows["share_same", "joined: x"][6:8] == (20, 500)


def test_the_table_keeps_every_day_once(tmp_path: Path) -> None:
    """A day's rows are added to those published before; the same day again replaces its own."""
    sample = """select 'joined: x' as stratum, 500::bigint as pairs, if(i < 18, 'same', 'different') as verdict
        from range(20) as r(i)"""
    run = small_run(tmp_path / "data")
    for name, select in {
        "identity.records": "select 1::bigint as record_key, 'a' as source, '1' as record_id, 1::bigint as node_key",
        "identity.person_records": "select 'a' as source, '1' as record_id, 'P1' as person_id",
        "identity.pairs": "select 1::bigint as node_key_l, 2::bigint as node_key_r, false as is_kept",
        "identity.label_sample": sample,
    }.items():
        put(run, name, select)
    step().run(run)
    before = tmp_path / "before"
    shutil.copytree(run.folder, before)
    step().run(replace(run, published=before))
    assert dates(run) == [date(2026, 6, 30)] * 4
    step().run(replace(run, published=before, as_of=date(2026, 7, 1)))
    assert dates(run) == [date(2026, 6, 30)] * 4 + [date(2026, 7, 1)] * 4


def dates(run: Run) -> list[date]:
    """The days of identity.accuracy, row by row."""
    with run.connect("identity.accuracy") as con:
        return [row[0] for row in con.execute("select as_of from identity.accuracy order by all").fetchall()]


def test_models_go_by_the_numbers_of_matching_yml(tmp_path: Path) -> None:
    """identity.limits has the review band and the largest person as the file states them."""
    run = small_run(tmp_path / "data")
    matching = Matching(blocking=(("email",),), review_band=(-2, 5), largest_person=33)
    limits.step(matching).run(run)
    with run.connect("identity.limits") as con:
        assert con.execute("from identity.limits").fetchall() == [(-2.0, 5.0, 33)]
    assert limits.step(matching).version != limits.step(matching.model_copy(update={"largest_person": 34})).version
