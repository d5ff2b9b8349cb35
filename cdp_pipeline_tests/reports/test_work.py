"""The sections on the run itself and on further tables of a project."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from cdp_pipeline.reports.facts import Stage
from cdp_pipeline.reports.work import further, run_times
from cdp_pipeline_tests.reports.few_facts import block, facts, rows, titles

STAGES = (Stage("raw", 30.0, 2, 1), Stage("staging", 0.0, 0, 4), Stage("identity", 10.0, 1, 0))


def test_stages_are_told_with_their_seconds() -> None:
    """Tables made, tables that stayed, the slowest stage in words, and stages that did nothing."""
    section = run_times(replace(facts(), stages=STAGES, slowest=(("raw.a", 20.0), ("raw.b", 9.0))))
    assert section
    assert section.finding == (
        "3 tables were made in 40.0 s; 5 had not changed and stayed. 75% of the time went into reading the files."
    )
    assert block(section, "Time per stage") == [
        "Raw reading the files | | 30.0 s 2 tables",
        "Staging sorting good rows from bad | | unchanged",
        "Identity finding who is who | | 10.0 s 1 table",
    ]
    assert block(section, "Slowest tables") == ["raw.a | | 20.0 s", "raw.b | | 9.0 s"]


def test_a_run_that_made_nothing_names_no_slowest() -> None:
    """Without seconds there is no share of them; without stages no section."""
    section = run_times(replace(facts(), stages=STAGES[1:2]))
    assert section
    assert section.finding == "0 tables were made in 0.00 s; 4 had not changed and stayed."
    assert titles(section) == ["Time per stage"]
    fresh = run_times(replace(facts(), stages=STAGES[2:]))
    assert fresh
    assert fresh.finding.startswith("1 table were made in 10.0 s. 100% of the time")
    assert run_times(facts()) is None


def test_a_further_table_is_shown_as_it_is() -> None:
    """Its description, every kind of value as people write it, and few people not at all."""
    columns = "country people share at day is_new note"
    countries = rows(
        columns,
        ("NL", 31, 0.5, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), date(2026, 1, 2), True, None),
        ("BE", 4, 1.25, None, date(2026, 1, 3), False, "x"),
    )
    section = further(replace(facts(countries=countries), about={"countries": "Where people live."}))
    assert section
    assert section.finding == "1 further table of this project."
    assert section.blocks[0].text == "Where people live."
    assert block(section, "Countries") == [
        "Country | People | Share | At | Day | Is new | Note",
        "NL | 31 | 0.50 | 2026-01-02 03:04 | 2 January 2026 | yes | –",
        "BE | < 20 | 1.25 | – | 3 January 2026 | no | x",
    ]
    assert (
        '<th scope="col" class="figure">People</th><th scope="col" class="figure">Share</th>' in section.blocks[0].body
    )
    assert '<th scope="col">Day</th>' in section.blocks[0].body


def test_a_long_table_is_cut_and_says_so() -> None:
    """Fifty rows are shown, and how many there are; a table without rows has its place."""
    section = further(facts(many=rows("n", *((at,) for at in range(51))), none=(), headlines=()))
    assert section
    assert titles(section) == ["Many", "None"]
    assert section.blocks[0].text == " The first 50 of 51 rows."
    assert block(section, "Many")[-1] == "49"
    fifty = further(facts(many=rows("n", *((at,) for at in range(50)))))
    assert fifty
    assert fifty.blocks[0].text == ""
    assert further(facts(headlines=())) is None
