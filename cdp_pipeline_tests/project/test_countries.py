"""Dated lists of countries: what is read of them, and what every mistake in them says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.activation.destinations import check_destinations
from cdp_pipeline.project.countries import ADEQUACY, EEA, eea_countries, holds, read_list, version_of
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings

HEADER = "country,valid_from,valid_until,decision,covers,checked_on\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "6_activation").mkdir()
    return Project(folder=tmp_path, settings=Settings(name="test"))


def write_list(project: Project, name: str, text: str) -> None:
    (project.folder / "6_activation" / name).write_text(text, encoding="utf-8")


def test_the_first_and_the_last_day_count(project: Project) -> None:
    """A country is on the list from its first to its last day, and on every day when none is last."""
    write_list(project, EEA, HEADER + "GB,2016-07-12,2020-07-15,d,all,2026-01-15\nNL,1994-01-01,,d,all,2026-01-15\n")
    days = [date(2016, 7, 11), date(2016, 7, 12), date(2020, 7, 15), date(2020, 7, 16)]
    assert [holds(project, EEA, "GB", day) for day in days] == [False, True, True, False]
    assert holds(project, EEA, "NL", date(2100, 1, 1))
    assert eea_countries(project, date(2020, 7, 15)) == {"GB", "NL"}
    assert eea_countries(project, date(2020, 7, 16)) == {"NL"}


def test_without_a_file_nobody_is_on_the_list(project: Project) -> None:
    """A list that is missing is empty, and its version is another one."""
    before = version_of(project)
    assert read_list(project, ADEQUACY) == ((), [])
    assert not eea_countries(project, date(2026, 3, 1))
    write_list(project, EEA, HEADER)
    assert version_of(project) != before


@pytest.mark.parametrize("name", [ADEQUACY, EEA])
def test_every_mistake_in_the_list_is_told_with_its_line(project: Project, name: str) -> None:
    """Line, found and allowed; the right lines are read."""
    lines = (
        "US,2023-07-10,,a decision,all,2026-01-15",
        "usa,2023-07-10,,a decision,all,2026-01-15",
        "GB,10-7-2023,,a decision,all,2026-01-15",
        "JP,2023-07-10,2022-01-01,a decision,all,2026-01-15",
        "KR,2023-07-10,,,all,2026-01-15",
        "NZ,2023-07-10,,a decision,all,",
    )
    write_list(project, name, HEADER + "\n".join(lines) + "\n")
    found, problems = read_list(project, name)
    assert [d.country for d in found] == ["US"]
    words = ("csv:3: country is an ISO code", "csv:4: valid_from is a date like", "csv:5: valid_until 2022-01-01 is",
             "csv:6: decision: name the document", "csv:7: valid_from and checked_on are dates")  # fmt: skip
    assert all(word in problem for word, problem in zip(words, problems, strict=True))
    assert set(problems) <= set(check_destinations(project, []))
    write_list(project, name, "country,valid_from\nUS,2023-07-10\n")
    assert read_list(project, name)[1][0].endswith("missing columns: valid_until, decision, covers, checked_on")
