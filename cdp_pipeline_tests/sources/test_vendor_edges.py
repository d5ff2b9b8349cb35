"""Files with known faults, when CDP_REFERENCE_DATA names a folder with some: each ends as its source says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.shapes import FileFormat, Source
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.columns import Needs, needs_of
from cdp_pipeline.sources.completeness import expect_whole
from cdp_pipeline.sources.header import read_header
from cdp_pipeline.sources.reading import accept_header
from cdp_pipeline_tests.sources.reading_files import read_whole
from cdp_pipeline_tests.sources_yaml.exports import contracts, mapped, sources
from cdp_pipeline_tests.staging.reading import read

ROOT = Path(os.environ.get("CDP_REFERENCE_DATA", "nowhere")) / "vendors"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="CDP_REFERENCE_DATA is not set")

USERS: dict[str, Any] = {
    "description": "a",
    "owner": "a",
    "files": "*.csv",
    "legal_basis": "contract",
    "into": {"people": {"columns": {"record_id": "id", "email": "email", "first_name": "firstName"}}},
}


def code_of(path: Path, needs: Needs, form: FileFormat | None = None) -> str:
    """The code with which a file is refused; empty when it is not."""
    form = form or FileFormat()
    try:
        expect_whole(path, form, path.stat().st_size)
        accept_header(read_header(path, form, needs.wanted), needs)
    except RefusedError as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("users.csv", ""),
        ("missing-email-users.csv", ""),
        ("missing-headers-users.csv", "no_known_column"),
        ("missing-identifiers.csv", "missing_columns"),
        ("missing-some-identifiers.csv", ""),
        ("subscription-group-actions.csv", "no_final_newline"),
    ],
)
def test_uploads_with_faults_in_the_header(file: str, code: str) -> None:
    """No header, no identifier, a cut-off end: refused by name; a missing optional column is not."""
    needs = needs_of(Source.model_validate(USERS), contracts())
    assert code_of(ROOT / "edge_cases_dittofeed" / file, needs) == code


def test_uploads_with_faults_in_the_rows() -> None:
    """The ragged row is set aside with its line, the others are as they are written; empty ids stay empty."""
    found = read_whole(ROOT / "edge_cases_dittofeed" / "subscription-group-actions.csv")
    assert [(line, code) for line, code in found.rejected] == [(6, "too_few_fields")]
    assert len(found.rows) == 4
    missing = read_whole(ROOT / "edge_cases_dittofeed" / "missing-some-identifiers.csv", wanted=("id", "email"))
    assert [bool(row[0]) for row in missing.rows] == [False, False, True, True, True]


def test_imports_with_a_deletion_flag() -> None:
    """Semicolons are found, the flag and a list in quotes arrive as text, and no header is seen where none is."""
    folder = ROOT / "edge_cases_unomi"
    deleted = read_whole(folder / "4-surfers-delete-test.csv", wanted=("Email", "To Delete"))
    assert {row[1] for row in deleted.rows} == {"TRUE"}
    assert len(deleted.rows) == 36
    assert len(read_whole(folder / "5-ranking-test.csv").rows) == 25
    assert read_whole(folder / "5-ranking-test.csv").shape.seen.line_ends == {"CR LF"}
    actors = read_whole(folder / "6-actors-test.csv", wanted=("Movie genres",))
    assert actors.rows[0] == ["[Horror;Action]"]
    needs = Needs(("email", "firstName", "lastName", "city"), (frozenset({"email"}),))
    form = FileFormat(final_newline=False)
    assert code_of(folder / "1-basic-test.csv", needs, form) == "no_known_column"


TEXT = [["row1-1", "row1-2", "row1-3"], ["row2-1", "row2-2", "row2-3"]]


@pytest.mark.parametrize("name", ["csvtext", "csvtext_BOM_UTF8", "csvtext_BOM_UTF16LE", "csvtext_BOM_UTF16BE"])
def test_byte_order_marks_decide(name: str) -> None:
    """The same table comes out of every encoding that its mark names."""
    found = read_whole(ROOT / "salesforce_dataloader" / "format_fixtures" / f"{name}.csv")
    assert (found.shape.names, found.rows) == (["column1", "column2", "column3"], TEXT)


@pytest.mark.parametrize("name", ["csvtext_BOM_UTF32LE", "csvtext_BOM_UTF32BE"])
def test_a_mark_that_belongs_to_another_encoding_is_refused(name: str) -> None:
    """Text of four bytes a character behind the mark of UTF-16 is not guessed at."""
    with pytest.raises(RefusedError):
        read_whole(ROOT / "salesforce_dataloader" / "format_fixtures" / f"{name}.csv")


def test_quotes_separators_and_large_cells() -> None:
    """Doubled quotes are one, a mark inside a cell separates nothing, HTML and empty first cells stay."""
    folder = ROOT / "salesforce_dataloader" / "format_fixtures"
    assert [row[0] for row in read_whole(folder / "csvEscapedQuotes.csv").rows] == [
        '"The Best" Account',
        'The "Best" Account',
    ]
    assert read_whole(folder / "csvSeparator.csv").shape.names == ["column1", "column2!some", "column3"]
    (account,) = read_whole(folder / "acctsWithBinaryDataInRTF.csv").rows
    assert str(account[1]).startswith('<img alt="')
    assert len(read_whole(folder / "emptyFirstRowFieldValueInCsvTemplate.csv").rows) == 2


def test_times_are_exact_or_told() -> None:
    """Offsets of both signs are that instant; a time with two zones, or mixed separators, is none."""
    folder = ROOT / "salesforce_dataloader" / "format_fixtures"
    form = {"dates": ("%m/%d/%Y %H:%M:%S%z", "%m/%d/%YT%H:%M:%S%z")}
    good = [row[1] for row in read_whole(folder / "timeZoneFormatTesting.csv").rows]
    assert None not in read(good, "timestamp", **form)
    assert str(read(good, "timestamp", **form)[0]) == "2009-07-14 18:14:45"
    mixed = read_whole(folder / "timeZoneFormatTestingWithErrors.csv").rows
    values = dict(zip([row[0] for row in mixed], read([row[1] for row in mixed], "timestamp", **form), strict=True))
    assert values["D"] is None
    assert values["E"] is None
    assert values["A"] is not None
    twice = read_whole(folder / "dateWithTimeZone.csv", wanted=("DATE",)).rows
    assert read([row[0] for row in twice], "timestamp") == [None, None]
    zulu = read_whole(folder / "dateEndingInZ.csv", wanted=("DATE",)).rows
    assert [str(value) for value in read([row[0] for row in zulu], "timestamp")] == ["2010-10-14 12:00:00"]


def test_an_account_export_in_another_encoding() -> None:
    """Bytes that are not UTF-8 refuse the file where UTF-8 is declared, and are read where cp1252 may follow."""
    path = ROOT / "salesforce_dataloader" / "accountData.csv"
    with pytest.raises(RefusedError) as refusal:
        read_whole(path)
    assert refusal.value.code == "wrong_encoding"
    found = read_whole(path, sources()["salesforce_accounts"].format)
    assert (found.shape.encoding, found.rejects) == ("cp1252", [])


def test_one_more_field_in_every_row() -> None:
    """A trailing semicolon is tolerated where it is declared, and refuses the file where it is not."""
    path = ROOT / "prestashop_import" / "addresses_import.csv"
    form = sources()["prestashop_addresses"].format
    found = read_whole(path, form)
    assert (len(found.rows), len(found.rejects), len(found.shape.names)) == (16, 0, 21)
    with pytest.raises(RefusedError) as refusal:
        read_whole(path, form.model_copy(update={"trailing_delimiter": False}))
    assert refusal.value.code == "mostly_damaged"


def test_prestashop_rows_reach_people() -> None:
    """Umlauts and commas survive, a manufacturer's address is dropped, a birthday of 1900 is none."""
    for name, source in (("addresses", "prestashop_addresses"), ("customers", "prestashop_customers")):
        wanted = needs_of(sources()[source], contracts()).wanted
        found = read_whole(ROOT / "prestashop_import" / f"{name}_import.csv", sources()[source].format, wanted)
        rows = [dict(zip(wanted, row, strict=True)) for row in found.rows]
        people = mapped(source, "people", rows)
        if name == "addresses":
            kept = [person for person in people if "dropped" not in person]
            assert len(kept) < len(people) == 16
            assert any("Räuber" in str(person.get("company")) for person in kept)
            assert any("," in str(person.get("street")) for person in kept)
        else:
            assert len(people) == 9
            assert not any(str(person.get("birth_date")).startswith("1900") for person in people)
