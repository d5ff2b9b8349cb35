"""The report page as a step: it reads every table of 7_reports and writes one HTML file.

What belongs here: the table `reports.pages` and the file beside it. What does not: what the page says.
"""

from __future__ import annotations

from functools import partial

from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, described
from cdp_pipeline.run.whole_file import write_whole

PAGE = "index.html"
PROCESSING = "processing.html"  # the record of processing activities, linked from the page


def steps(project: Project) -> tuple[Step, ...]:
    """One step. It tells the times of this very run, so it is never skipped."""
    tables = tuple(sorted(name for name in project.models if name.startswith("reports.")))
    write = partial(_write, tables=tables)
    return (Step((described("reports.pages"),), tables, write, version="1", uses_as_of=True, uses_exports=True),)


def _write(run: Run, tables: tuple[str, ...]) -> Outcome:
    from cdp_pipeline.privacy.records_of_processing import as_page
    from cdp_pipeline.reports.facts import read_facts
    from cdp_pipeline.reports.page import render

    page = render(read_facts(run, tables))
    path = run.path("reports.pages").with_name(PAGE)
    write_whole(path, page.html, "page")
    write_whole(path.with_name(PROCESSING), as_page(run.project), "page")
    with run.connect() as con:
        con.execute(
            "create temp table pages as select $1 as page, $2::date as as_of, $3::bigint as sections, "
            "$4::bigint as charts",
            [PAGE, run.as_of, page.sections, page.charts],
        )
        run.write(con, "reports.pages", "select * from pages", described("reports.pages").grain)
    numbers = {
        "sections": page.sections,
        "charts": page.charts,
        "warnings": page.warnings,
        "bytes": path.stat().st_size,
    }
    return {"reports.pages": numbers}
