"""Corrections: what is written down, and what it makes of the next export."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.corrections import read_corrections
from cdp_pipeline.ledgers.ledger import CORRECTIONS
from cdp_pipeline.privacy.corrections import correct, lift, meant, replaced_by, steps
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.small_run import small_run
from cdp_pipeline_tests.staging.deliveries import Shop

DAY = date(2026, 6, 15)
ANN = ("web", "1")
COLUMNS = {"record_id": "number", "full_name": "note", "city": "kind", "birth_date": "refund", "updated_at": "updated"}


@pytest.fixture(scope="module")
def people() -> Contract:
    found = read_shape(SQL / "2_staging" / "people.yml", Contract, [])
    assert found
    return found


def write(data: Path, people: Contract, column: str, value: str, day: date = DAY) -> int:
    return correct(data, people, [ANN], column, value, day, "somebody")


def staged(data: Path, people: Contract, columns: str) -> list[tuple[object, ...]]:
    """People after two deliveries of one record and one of another, with the corrections of the data folder."""
    source = {
        "description": "x", "owner": "shop", "files": "*.csv", "system": "web", "legal_basis": "contract",
        "into": {"people": {"columns": COLUMNS}},
    }  # fmt: skip
    project = Project(
        data, Settings(name="test"), sources={"shop": Source.model_validate(source)}, contracts={"people": people}
    )
    made = Shop(small_run(data, project=project))
    for day in (1, 2):
        ann = {"number": "1", "note": "Anna Bosch", "kind": "Gouda", "updated": f"2026-06-0{day}"}
        bart = {"number": "2", "note": "Bart Bos", "kind": "Gouda"}
        made.deliver(f"{day}.csv", [ann, bart], day=day)
    (step,) = steps(project)
    step.run(made.run)
    split_table(made.run, "people")
    return sorted(made.rows("staging.people", columns), key=repr)


def test_a_correction_goes_before_every_export(tmp_path: Path, people: Contract) -> None:
    """The cell has the corrected value in the row that counts; other rows and columns are as delivered."""
    assert write(tmp_path, people, "city", "Delft") == 1
    assert write(tmp_path, people, "birth_date", "1980-02-03") == 1
    assert staged(tmp_path, people, "record_id, city, birth_date::varchar, full_name") == [
        ("1", "Delft", "1980-02-03", "Anna Bosch"),
        ("2", "Gouda", None, "Bart Bos"),
    ]


def test_a_part_of_a_name_replaces_the_whole(tmp_path: Path, people: Contract) -> None:
    """Where the parts of a name are corrected, the whole name as it was written gives way; and the other way round."""
    write(tmp_path, people, "first_name", "Anne")
    write(tmp_path, people, "last_name", "Bos")
    columns = "record_id, first_name, last_name, full_name"
    before = staged(tmp_path, people, columns)[0]
    assert before[:3] == ("1", "Anne", "Bos")
    write(tmp_path, people, "full_name", "Anne de Bos")
    assert staged(tmp_path, people, columns)[0][3] == "Anne de Bos"


def test_the_newest_correction_counts_until_it_is_lifted(tmp_path: Path, people: Contract) -> None:
    """A later line of a cell replaces an earlier one, an empty value empties it, lifting brings the export back."""
    write(tmp_path, people, "city", "Delft")
    assert write(tmp_path, people, "city", "Delft") == 0
    write(tmp_path, people, "city", "")
    assert staged(tmp_path, people, "record_id, city")[0] == ("1", None)
    assert lift(tmp_path, [ANN], "city") == 2
    assert staged(tmp_path, people, "record_id, city")[0] == ("1", "Gouda")
    with pytest.raises(InputError, match="nothing to lift"):
        lift(tmp_path, [ANN], "city")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("birth_date", "03-02-1980x", "not a date"),
        ("citty", "Delft", "did you mean city"),
        ("record_id", "2", "no column record_id to correct"),
        ("email", "x" * 400, "too long"),
    ],
)
def test_what_cannot_stand_there_is_refused(
    tmp_path: Path, people: Contract, column: str, value: str, told: str
) -> None:
    """A value that the column does not take is refused at once, without being repeated, and nothing is written."""
    with pytest.raises(InputError, match=told) as error:
        write(tmp_path, people, column, value)
    assert value not in str(error.value).split()
    assert not (tmp_path / CORRECTIONS.file).exists()


def test_the_file_is_for_its_owner_and_its_mistakes_are_told(tmp_path: Path, people: Contract) -> None:
    """Mode 0600; a line that is not right is named by its number, without its value."""
    write(tmp_path, people, "city", "Delft")
    assert stat.S_IMODE((tmp_path / CORRECTIONS.file).stat().st_mode) == 0o600
    with (tmp_path / CORRECTIONS.file).open("a") as file:
        file.write("web,1,city,Secretville,yesterday,x\nweb,1\n")
    with pytest.raises(InputError) as error:
        read_corrections(tmp_path)
    assert [problem.split(": ")[0] for problem in error.value.problems] == [
        f"{CORRECTIONS.file}:3",
        f"{CORRECTIONS.file}:4",
    ]
    assert "Secretville" not in str(error.value)


def test_what_a_person_corrects_stays_as_what_the_records_said(tmp_path: Path, people: Contract) -> None:
    """The profile's values are kept with their records, also when corrected again; of a record that is named, none is."""
    path = tmp_path / "profiles" / "golden_values.parquet"
    path.parent.mkdir()
    lost = [{"value": "Gouda", "source": "web", "record_id": "1"}]
    given = {
        "person_id": "P1",
        "field": "city",
        "value": "Ede",
        "source": "crm",
        "record_id": "1",
        "losing_values": lost,
    }
    other = given | {"field": "street", "value": "Kade"}
    pq.write_table(pa.Table.from_pylist([given, other, given | {"person_id": "P2", "value": "Delft"}]), path)
    subject, both = Subject("P1", (ANN, ("crm", "1"))), [ANN, ("crm", "1")]
    replaced = replaced_by(tmp_path, subject, "P1", "city")
    assert replaced == {ANN: "Gouda", ("crm", "1"): "Ede"}
    assert replaced_by(tmp_path, subject, "web:1", "city") == {}
    correct(tmp_path, people, both, "city", "Utrecht", DAY, "x", replaced)
    corrected = given | {"value": "Utrecht", "source": "correction", "record_id": "crm:1", "losing_values": [
        *lost, {"value": "Ede", "source": "crm", "record_id": "1"}]}  # fmt: skip
    pq.write_table(pa.Table.from_pylist([corrected]), path)
    correct(tmp_path, people, both, "city", "Breda", DAY, "x", replaced_by(tmp_path, subject, "P1", "city"))
    assert [(c.value, c.replaced) for c in read_corrections(tmp_path)] == [
        ("Utrecht", "Gouda"), ("Utrecht", "Ede"), ("Breda", "Gouda"), ("Breda", "Ede")
    ]  # fmt: skip


def test_a_file_of_before_is_read_on(tmp_path: Path, people: Contract) -> None:
    """Without the newest column its lines hold, and the next correction writes it in the columns of today."""
    (tmp_path / CORRECTIONS.file).write_text(
        "source,record_id,column,value,decided_at,reviewer\nweb,1,city,Ede,2026-06-01,x\n"
    )
    assert [(c.value, c.replaced) for c in read_corrections(tmp_path)] == [("Ede", "")]
    write(tmp_path, people, "city", "Delft")
    assert [c.value for c in read_corrections(tmp_path)] == ["Ede", "Delft"]
    assert staged(tmp_path, people, "record_id, city")[0] == ("1", "Delft")


def test_a_person_stands_for_the_records_that_fill_the_column(tmp_path: Path) -> None:
    """A record that is typed is meant alone; a person means the records that have something there, or is asked which."""
    path = tmp_path / "staging" / "people.parquet"
    path.parent.mkdir()
    pq.write_table(
        pa.table({"source": ["web", "web", "crm"], "record_id": ["1", "2", "1"], "city": ["Gouda", None, "Ede"]}), path
    )
    subject = Subject("P1", (("web", "1"), ("web", "2")), ())
    assert meant(tmp_path, subject, "P1", "city") == [("web", "1")]
    assert meant(tmp_path, subject, "web:2", "city") == [("web", "2")]
    with pytest.raises(InputError, match="name the record to correct"):
        meant(tmp_path, subject, "P1", "region")
