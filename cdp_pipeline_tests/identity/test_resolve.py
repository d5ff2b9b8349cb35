"""`cdp resolve`: any file in, ids out."""

from __future__ import annotations

import csv

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity.resolve import resolve_file
from cdp_pipeline_tests.identity import people as invented


def _write(path, rows, delimiter=",", encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


ROWS = [
    {
        "Customer ID": "1",
        "Given Name": "Zoë",
        "Surname": "Bakker",
        "DOB": "31/12/1980",
        "E-mail": "zoe@mail.example",
        "Loyalty": "K1",
    },
    {"Customer ID": "2", "Given Name": "Zoe", "Surname": "Bakker", "DOB": "31/12/1980", "E-mail": "", "Loyalty": "K1"},
    {
        "Customer ID": "3",
        "Given Name": "Koen",
        "Surname": "Smit",
        "DOB": "01/02/1975",
        "E-mail": "k@mail.example",
        "Loyalty": "K9",
    },
]


def test_maps_synonyms_and_reads_latin1_with_semicolons(tmp_path):
    """Headers are understood, the date format is said, and the ids come out as CSV."""
    path = _write(tmp_path / "in.csv", ROWS, ";", "latin-1")
    said = resolve_file(path, tmp_path / "out.csv", {"Loyalty": "attributes.loyalty"}, None, invented.MATCHING, "NL")
    assert said["id_column"] == "Customer ID"
    assert said["used"]["Loyalty"] == "attributes.loyalty"
    assert said["birth_dates"] == "DOB: day/month/year, 3 of 3 values read"
    found = dict(duckdb.sql(f"select record_id::varchar, person_id from '{tmp_path / 'out.csv'}'").fetchall())
    assert found["1"] == found["2"] != found["3"]


def test_reads_and_writes_parquet(tmp_path):
    """Parquet in, Parquet out, one row a record."""
    duckdb.sql(f"""copy (select range::varchar as id, 'p' || range // 2 || '@mail.example' as email
                          from range(8))
                   to '{tmp_path / "in.parquet"}'""")
    said = resolve_file(tmp_path / "in.parquet", tmp_path / "out.parquet", {}, "id", invented.MATCHING, "NL")
    assert (said["records"], said["persons"]) == (8, 4)
    assert duckdb.sql(f"select count(distinct record_id) from '{tmp_path / 'out.parquet'}'").fetchall() == [(8,)]


def test_lists_every_impossible_mapping(tmp_path):
    """Unknown columns and unknown targets are told together, with the nearest name."""
    path = _write(tmp_path / "in.csv", ROWS)
    with pytest.raises(InputError) as error:
        resolve_file(
            path, tmp_path / "o.csv", {"Surnam": "last_name", "Loyalty": "loyaltee"}, None, invented.MATCHING, "NL"
        )
    assert len(error.value.problems) == 2
    assert "did you mean Surname?" in error.value.problems[0]


def test_refuses_repeated_ids(tmp_path):
    """A record id that names two rows is an error without a value in it."""
    path = _write(tmp_path / "in.csv", [ROWS[0], ROWS[0]])
    with pytest.raises(InputError, match="1 repeated"):
        resolve_file(path, tmp_path / "o.csv", {}, None, invented.MATCHING, "NL")


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"), (b"", "utf-8")],
)
def test_a_byte_order_mark_names_the_encoding(tmp_path, mark, encoding):
    """Files of spreadsheets in UTF-16 are read like the same file in UTF-8."""
    path = _write(tmp_path / "in.csv", ROWS, ";")
    path.write_bytes(mark + path.read_text(encoding="utf-8").encode(encoding))
    said = resolve_file(path, tmp_path / "out.csv", {}, None, invented.MATCHING, "NL")
    assert (said["id_column"], said["records"], said["persons"]) == ("Customer ID", 3, 2)
    assert said["used"]["Given Name"] == "first_name"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,email\n1,a@x.example\n".encode("utf-16-le"), "NUL bytes"),
        ("id,email\n1,a@x.example\n".encode("utf-32"), "NUL bytes"),
        (b"\xef\xbb\xbfid,email\n1,\xe9@x.example\n", "save it as UTF-8"),
        (b"\xff\xfei\x00d\x00\n", "save it as UTF-8"),
    ],
)
def test_refuses_what_is_no_text(tmp_path, content, words):
    """NUL bytes, and bytes that are not what the mark says, are one clear line."""
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        resolve_file(path, tmp_path / "o.csv", {}, None, invented.MATCHING, "NL")


def test_names_birth_dates_and_postcodes_are_enough(tmp_path):
    """A small file joins by itself, and every column's part in it is said."""
    rows = [
        {"Nr": "1", "Voornaam": "Jan", "Achternaam": "de Vries", "Geboortedatum": "31-12-1980", "PLZ": "1012 AC", "Club": "A"},
        {"Nr": "2", "Voornaam": "Jan", "Achternaam": "de Vries", "Geboortedatum": "13-12-1980", "PLZ": "1012AC", "Club": "B"},
        {"Nr": "3", "Voornaam": "Piet", "Achternaam": "Bakker", "Geboortedatum": "01-02-1975", "PLZ": "3511 CD", "Club": "A"},
    ]  # fmt: skip
    said = resolve_file(_write(tmp_path / "in.csv", rows), tmp_path / "o.csv", {}, None, invented.MATCHING, "NL")
    assert (said["id_column"], said["records"], said["persons"]) == ("Nr", 3, 2)
    assert said["used"] == {
        "Voornaam": "first_name", "Achternaam": "last_name", "Geboortedatum": "birth_date", "PLZ": "postcode"
    }  # fmt: skip
    assert (said["not_used"], said["not_compared"], said["hints"]) == (["Club"], {}, [])


def test_says_what_is_read_but_no_evidence(tmp_path):
    """Gender, region and a column without content are not compared, and the way to compare one is shown."""
    rows = [{**row, "Gender": "f", "State": "NY", "Phone": "", "Job title": "baker"} for row in ROWS]
    said = resolve_file(_write(tmp_path / "in.csv", rows), tmp_path / "o.csv", {}, None, invented.MATCHING, "NL")
    assert sorted(said["not_compared"]) == ["Gender", "Phone", "State"]
    assert said["hints"] == ["--map Job title=attributes.job_title", "--map State=attributes.state"]


def test_impossible_dates_still_join(tmp_path):
    """A slip of the pen that no calendar has is compared as written."""
    rows = [
        {"id": str(n), "name": name, "dob": dob, "zip": zip_code}
        for n, (name, dob, zip_code) in enumerate(
            [
                ("Anna Bakker", "19780314", "1012AC"),
                ("Anna Bakker", "19781314", "1012AC"),
                ("Bo Li", "19650102", "3511CD"),
            ]
        )
    ]
    said = resolve_file(_write(tmp_path / "in.csv", rows), tmp_path / "o.csv", {}, None, invented.MATCHING, "NL")
    assert (
        said["birth_dates"] == "dob: yearmonthday, 3 of 3 values read; 1 that no calendar has are compared as written"
    )
    assert said["persons"] == 2
