"""How long rows are kept: which settings are refused, and which lines have outlived their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.privacy.retention import add_outlived, check_retention, cutoffs, feeding
from cdp_pipeline.project.project import Project
from cdp_pipeline_tests.privacy.town import Town


def keeping(project: Project, **days: int) -> Project:
    """The project with these days by table."""
    return replace(project, settings=project.settings.model_copy(update={"retention": days}))


def test_every_mistake_is_told_at_once(bos: Town) -> None:
    """An unknown table with the nearest name, permissions, and a table without a time; quarantine is none of them."""
    lines = bos.project.contracts["order_lines"].model_copy(update={"newest_by": ()})
    project = replace(bos.project, contracts={**bos.project.contracts, "order_lines": lines})
    with pytest.raises(ProjectError) as refused:
        check_retention(keeping(project, ticket=1, permissions=1, order_lines=1, quarantine=1, tickets=1))
    unknown, kept, timeless = str(refused.value).strip().splitlines()[-3:]
    assert "retention: ticket: no such core table (did you mean tickets?)" in unknown
    assert "retention: permissions: permissions are kept for ever" in kept
    assert "retention: order_lines: 2_staging/order_lines.yml has no newest_by" in timeless
    check_retention(keeping(project, tickets=1, quarantine=1))


def test_days_are_counted_back_from_the_night(bos: Town) -> None:
    """The first day that is kept lies that many days before; only sources of the tables named are looked at."""
    assert bos.run is not None
    run = replace(bos.run, project=keeping(bos.project, tickets=30, quarantine=1), as_of=date(2026, 6, 1))
    assert cutoffs(run) == {"quarantine": date(2026, 5, 31), "tickets": date(2026, 5, 2)}
    assert feeding(run) == ["zendesk_tickets"]


@pytest.mark.parametrize(("days", "lines"), [(29, 2), (30, 0)])
def test_a_line_goes_when_every_row_has_outlived_its_time(bos: Town, days: int, lines: int) -> None:
    """Tickets of 2 May outlive 29 days on 1 June and not 30; a line that also gives people, kept for ever, stays."""
    assert bos.run is not None
    source = bos.project.sources["zendesk_tickets"]
    tickets_only = source.model_copy(update={"into": {"tickets": source.into["tickets"]}})
    for sources, wanted in (({"zendesk_tickets": tickets_only}, lines), ({"zendesk_tickets": source}, 0)):
        run = replace(
            bos.run, project=replace(keeping(bos.project, tickets=days), sources=sources), as_of=date(2026, 6, 1)
        )
        with run.connect() as con:
            con.execute("create temp table gone (source_name varchar, _file varchar, _line bigint, request_id varchar)")
            add_outlived(run, con, "zendesk_tickets")
            add_outlived(run, con, "zendesk_tickets")  # a line goes once
            assert con.execute("select count(*) from gone where request_id = ''").fetchall() == [(wanted,)]
