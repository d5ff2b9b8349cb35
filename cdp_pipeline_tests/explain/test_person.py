"""`cdp explain PERSON` on few invented people."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.person import explain_person
from cdp_pipeline.privacy.door import Door


def told(snapshot: Path, asked: str) -> str:
    return explain_person(snapshot, asked, Door(snapshot.parents[1], "explain"))


def test_each_record_hangs_on_another_and_shows_its_line(snapshot: Path) -> None:
    """All records of a person with file and line, copies beside what they repeat, links with their odds."""
    said = told(snapshot, "crm:1")
    assert "3 records of 2 sources, known since 31 January 2026" in said
    assert "shop:2, copy of [1]   people.csv:" in said
    assert "hangs on [1]: same last name, first name as an initial" in said
    assert "The weakest link that holds them together: " in said


def test_a_lookalike_is_told_with_its_reason(snapshot: Path) -> None:
    """The other person of the household stands there with what rules her out."""
    said = told(snapshot, "crm:1").partition("Looked alike, kept apart")[2]
    assert "Koen Bakker" in said
    assert "ruled out: their first names differ" in said or "about 1 in" in said


def test_one_record_needs_no_link(snapshot: Path) -> None:
    """A lone record is told without links, and with its history."""
    said = told(snapshot, "crm:7")
    assert "1 record of 1 source" in said
    assert "hangs on" not in said
    assert "first seen, 1 record" in said


def test_a_retired_id_leads_on(snapshot: Path) -> None:
    """A redirect is followed, and the first line says so."""
    first, second = told(snapshot, "Pended").splitlines()[:2]
    assert first.startswith("Pended ended on 2026-01-30; its records are now P")
    assert second.startswith(f"Person {first.rpartition(' ')[2]}: 3 records")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Pgone", "Pgone has retired on 2026-01-30: no record of this person is left"),
        ("nobody", "nobody: no such person; a record is written source:record_id"),
        ("srm:1", "srm: no such source (did you mean crm?)"),
        ("crm:9", "crm:9: crm has no record of this id (did you mean crm:1?)"),
    ],
)
def test_somebody_unknown_is_told(snapshot: Path, asked: str, said: str) -> None:
    """Unknown, retired and misspelt names end in one line with what may have been meant."""
    with pytest.raises(InputError) as caught:
        told(snapshot, asked)
    assert str(caught.value).startswith(said)


def test_a_mistyped_id_gets_the_nearest(snapshot: Path) -> None:
    """Some wrong letters in an id do not hide whose it is."""
    person = told(snapshot, "crm:1").split()[1].rstrip(":")
    with pytest.raises(InputError, match=f"did you mean {person}"):
        told(snapshot, f"{person[:-2]}00")


def test_tables_of_an_earlier_version_are_told(tmp_path: Path) -> None:
    """A snapshot without the columns that are asked for says to run first."""
    with pytest.raises(InputError, match="published by an earlier version: run cdp run"):
        told(tmp_path, "crm:1")


def test_it_says_under_which_address_somebody_is_in_a_file(data: Path) -> None:
    """Each file with the address used, and why it is not the golden one."""
    (snapshot,) = (data / "snapshots").iterdir()
    person = next(line.split()[1].rstrip(":") for line in told(snapshot, "crm:1").splitlines() if "Person" in line)
    (snapshot / "activation").mkdir(exist_ok=True)
    used = f"('sale', '{person}', 'email a@b.example (golden one: withdrawn)'), ('sale', 'Pelse', 'email c@b.example')"
    duckdb.execute(
        f"copy (select * from (values {used}) as t(audience, person_id, addresses)) "
        f"to '{snapshot / 'activation' / 'mail.parquet'}' (format parquet)"
    )
    said = told(snapshot, "crm:1").partition("In files, and under which address")[2]
    assert said.split("History")[0].strip() == "mail, sale: email a@b.example (golden one: withdrawn)"


def test_a_person_reads_from_its_records_to_its_history(snapshot: Path) -> None:
    """The tree with copies and links, each line within its width, then who looked alike, then what happened."""
    lines = explain_person(snapshot, "crm:1", Door(snapshot.parents[1], "explain"), 80).splitlines()
    at = lines.index("Records, each under the one it hangs on")
    assert lines[at + 1 : at + 11] == [
        "  [1] crm:1   people.csv:1",
        "      Anna Bakker · anna.b@mail.example · 0612345670 · Kerkstraat 7, 3511 AB",
        "      Utrecht",
        "     [2] shop:2, copy of [1]   people.csv:26",
        "     [3] shop:3   people.csv:27",
        "         hangs on [1]: same last name, first name as an initial; same e-mail;",
        "         same phone; same postcode and house number; less than 1 in a million",
        "         that this is chance (weight +22.7)",
        "         A. Bakker · anna.b@mail.example · 0612345670 · Kerkstr. 7, 3511 AB",
        "         Utrecht",
    ]
    assert lines[at + 12] == "Looked alike, kept apart (cdp explain A B says more)"
    assert lines[at + 13].endswith("  Koen Bakker")
    assert " ".join(" ".join(lines[at + 14 : at + 16]).split()) == (
        "same last name, other first name; other e-mail; same phone; same postcode and house number; "
        "ruled out: their first names differ, as in a household"
    )
    assert lines[at + 17 : at + 19] == [
        "History",
        "  31 January 2026: first seen, 3 records: new records; held by: same last name,",
    ]
    alone = told(snapshot, "crm:7")
    assert "Records, each under" not in alone
    assert "The weakest link" not in alone
    assert "All records are copies" not in alone
