"""The profile of a sample and the draft of its YAML: right, valid, and without any value."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from cdp_pipeline.errors import InputError
from cdp_pipeline.project.shapes import Contract, Source
from cdp_pipeline.sources.probe import draft_yaml, print_profile, profile_file
from cdp_pipeline.sources.suggestions import suggest
from cdp_pipeline_tests.sources.reading_files import written

CONTRACTS = Path(__file__).parents[2] / "dbt_like_sql" / "2_staging"
CONTACTS = (
    "Contact ID;E-mail Adresse;Voornaam;Achternaam;Telefoonnummer;Geboortedatum;Besteed;Optin;Leeg\n"
    "1;ann.secret@example.org;Ann;Secretname;0612345678;31-12-1980;1.234,50;ja;\n"
    "2;bob.secret@example.org;Bob;Secretname;0687654321;01-02-1990;0,99;nee;\n"
    "2;bob.secret@example.org;Bob;Secretname;0687654321;01-02-1990;0,99;nee;\n"
    "3;;Eve;Other;+31 6 1111 1111;;12,00;ja;\n"
    "4;broken\n"
)


def contracts() -> dict[str, Contract]:
    """The core tables of the project."""
    return {p.stem: Contract.model_validate(yaml.safe_load(p.read_text())) for p in sorted(CONTRACTS.glob("*.yml"))}


def test_a_profile_measures_each_column(tmp_path: Path) -> None:
    """Fill rate, distinct values, formats, duplicate rows and damaged records are counted."""
    profile = profile_file(written(tmp_path / "contacts.csv", CONTACTS.encode("cp1252")))
    columns = {c.name: c for c in profile.columns}
    assert (profile.rows, profile.duplicates, profile.rejects) == (4, 1, {"too_few_fields": 1})
    assert (profile.format.delimiter, profile.is_whole) == (";", True)
    assert {name: c.format for name, c in columns.items()} == {
        "Contact ID": "integer", "E-mail Adresse": "email", "Voornaam": "text", "Achternaam": "text",
        "Telefoonnummer": "phone", "Geboortedatum": "day_or_month_first", "Besteed": "decimal_comma",
        "Optin": "boolean", "Leeg": "empty",
    }  # fmt: skip
    assert (columns["E-mail Adresse"].filled, columns["E-mail Adresse"].distinct) == (0.75, 2)
    assert not columns["Contact ID"].is_key


def test_the_draft_is_a_valid_source(tmp_path: Path) -> None:
    """The draft reads as a Source, maps what the names and values tell, and names what it leaves out."""
    text = draft_yaml(profile_file(written(tmp_path / "contacts_2026-01-31.csv", CONTACTS)), contracts())
    source = Source.model_validate(yaml.safe_load(text))
    assert source.files == ("**/contacts_*.csv",)
    assert (source.format.delimiter, source.format.decimal) == (";", ",")
    assert source.into["people"][0].columns == {
        "record_id": "Contact ID", "first_name": "Voornaam", "last_name": "Achternaam",
        "birth_date": "Geboortedatum", "email": "E-mail Adresse", "phone": "Telefoonnummer",
    }  # fmt: skip
    assert "#   Besteed: decimal_comma, 100% filled" in text


def test_no_value_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the table nor the draft holds a name, an address or a number of the sample."""
    profile = profile_file(written(tmp_path / "contacts.csv", CONTACTS))
    print_profile(profile)
    shown = capsys.readouterr().out + draft_yaml(profile, contracts())
    assert "E-mail" in shown
    assert not [v for v in ("secret", "Secret", "Ann", "Bob", "Eve", "0612", "1980", "1.234") if v in shown]


@pytest.mark.parametrize("kind", ["order", "line", "jsonl", "parquet", "gz", "headers_only", "odd_names"])
def test_drafts_of_any_format_are_valid(tmp_path: Path, kind: str) -> None:
    """Whatever the sample, the draft is a Source that fills the required columns of its tables."""
    order = "Order ID,Order date,Total,Email\n1,2026-01-01,9.50,a@b.nl\n"
    samples: dict[str, bytes] = {
        "order": order.encode(),
        "line": b"Name,Lineitem sku,Lineitem quantity,Lineitem price\n#1,S,1,2.00\n",
        "jsonl": b'{"event_name": "x", "timestamp": "2026-01-01T00:00:00Z", "anonymousId": "7"}\n',
        "gz": gzip.compress(order.encode()),
        "headers_only": b"Email,First Name\n",
        "odd_names": b'a: b,#c,\'d\',- e,"f""g",{h},null,1\n1,2,3,4,5,6,7,8\n',
    }
    path = tmp_path / "sample.csv"
    if kind == "parquet":
        pq.write_table(pa.table({"id": [1, 2], "email": ["a@b.nl", None]}), path)
    else:
        path.write_bytes(samples[kind])
    source = Source.model_validate(yaml.safe_load(draft_yaml(profile_file(path), contracts())))
    for table, mappings in source.into.items():
        required = {c for c, spec in contracts()[table].columns.items() if spec.required} - {"source"}
        assert required <= set(mappings[0].columns)


def test_what_is_required_is_asked_for() -> None:
    """A table is suggested by columns that it has, and its required columns are among them or have a stand-in."""
    for table, contract in contracts().items():
        asked = {column for choice in contract.suggested_by for column in choice}
        assert asked <= set(contract.columns)
        missing = {c for c, spec in contract.columns.items() if spec.required and not spec.stand_in} - {"source"}
        if asked and table != "people":
            assert missing <= asked


def test_an_added_table_is_suggested_too() -> None:
    """By the names that its own contract gives."""
    points = Contract.model_validate({
        "description": "Points", "owner": "crm", "grain": ["source", "card"], "suggested_by": ["card"],
        "columns": {"card": {"type": "text", "description": "Card", "known_as": ["loyalty card"]}},
    })  # fmt: skip
    assert suggest(["Loyalty_Card", "x"], {}, {"points": points}) == {"points": {"card": "Loyalty_Card"}}
    assert suggest(["x"], {}, {"points": points}) == {}


def test_an_unreadable_sample_is_told_in_one_line(tmp_path: Path) -> None:
    """A damaged sample is an InputError with code and cure."""
    with pytest.raises(InputError, match="html_page"):
        profile_file(written(tmp_path / "x.csv", b"<html></html>"))
