"""The files of an access request: what is in them, who may read them, what a spreadsheet must not run."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.privacy.access import Held
from cdp_pipeline.privacy.access_files import RIGHTS, as_csv, described, page, write_access
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline_tests.models.runner import SQL

HELD = Held(
    Subject("Pann"),
    (("hubspot", "51"),),
    2,
    {
        "raw.hubspot_contacts": [{"Note": "=1+1", "Day": date(2026, 6, 1)}],
        "staging.people": [{"city": "Gouda <b>", "more": {"a": 1}}],
        "segments.memberships": [{"segmentation": "lifecycle", "segment": "newsletter", "kind": "audience"}],
    },
    ({"destination": "meta_custom_audience", "file": "x.csv"},),
)


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(SQL)


def test_files_are_whole_and_for_their_writer_alone(tmp_path: Path, project: Project) -> None:
    """JSON, page and one CSV a table, in folders that nobody else opens; JSON holds the values as they are."""
    paths = write_access(tmp_path / "a" / "ann", project, HELD, "2026-06-01")
    names = [path.relative_to(tmp_path / "a" / "ann").as_posix() for path in paths]
    assert names == ["access.html", "access.json", *(f"csv/{name}.csv" for name in sorted(HELD.tables))]
    for path in (tmp_path / "a" / "ann", tmp_path / "a" / "ann" / "csv"):
        assert path.stat().st_mode & 0o777 == 0o700
    facts = json.loads((tmp_path / "a" / "ann" / "access.json").read_text(encoding="utf-8"))
    assert facts["data"]["raw.hubspot_contacts"] == [{"Note": "=1+1", "Day": "2026-06-01"}]
    assert (facts["person_id"], facts["records_withheld"], facts["as_of"]) == ("Pann", 2, "2026-06-01")
    with pytest.raises(InputError, match="is not empty"):
        write_access(tmp_path / "a" / "ann", project, HELD, "2026-06-01")


def test_what_is_taken_along_is_what_was_given(tmp_path: Path, project: Project) -> None:
    """Only raw and staged tables; what was derived from them stays out."""
    paths = write_access(tmp_path / "ann", project, HELD, "2026-06-01", portable=True)
    assert {path.name for path in paths if path.suffix == ".csv"} == {"raw.hubspot_contacts.csv", "staging.people.csv"}


def test_sources_and_recipients_are_those_of_the_rows(project: Project) -> None:
    """Nothing is named that holds nothing on the person; a person without id has an empty one."""
    facts = described(project, HELD, "2026-06-01")
    assert [row["source"] for row in facts["sources"]] == ["hubspot_contacts"]  # type: ignore[attr-defined]
    assert [row["destination"] for row in facts["recipients"]] == ["meta_custom_audience"]  # type: ignore[attr-defined]
    assert described(project, Held(Subject(None), (), 0, {}), "x")["person_id"] == ""


def test_cells_of_a_csv_run_nothing() -> None:
    """Every column of any row in first order, missing cells empty, formulas behind an apostrophe."""
    rows = [{"a": "=1+1", "@b": None}, {"c": [datetime(2026, 6, 1)], "a": -1}]  # noqa: DTZ001  (as tables hold them)
    assert as_csv(rows) == 'a,\'@b,c\n\'=1+1,,\n-1,,"[""2026-06-01T00:00:00""]"\n'


def test_the_page_escapes_and_tells_what_is_withheld(project: Project) -> None:
    """Markup in a value is shown as text; the sentence on withheld records is there when some are."""
    html = page(described(project, HELD, "2026-06-01"), HELD.tables)
    assert "<td>Gouda &lt;b&gt;</td>" in html
    assert "2 records are not in here" in html
    assert all(right in html for right in RIGHTS)
    none = Held(Subject(None), (), 0, {})
    bare = page(described(project, none, "x"), {})
    assert "are not in here" not in bare
    assert bare.count("None.") == 4
