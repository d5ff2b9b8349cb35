"""The page of checks: every check of a run with its severity, owner, result and cure.

What belongs here: turning the verdicts in the manifest into one self-contained HTML file beside the
report. What does not: judging (quality/), and the report itself (page.py). It is written last, when every
check has spoken, and it says counts only: no value of a row is in a verdict.
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.pages import figures
from cdp_pipeline.pages.page import fill
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Verdict
from cdp_pipeline.run.whole_file import write_whole

CHECKS_PAGE = "checks.html"
_WHOLE_RUN = "publish"


def write_checks_page(run: Run) -> Path:
    """Write `reports/checks.html` of a run from the verdicts recorded so far; returns its path."""
    path = run.folder / "reports" / CHECKS_PAGE
    write_whole(path, checks_page(run), "page")
    return path


def checks_page(run: Run) -> str:
    """The text of the page: what failed first, then every check by layer."""
    verdicts = run.manifest().checks
    rank = {layer: number for number, layer in enumerate((*run.project.layers, _WHOLE_RUN))}
    by_layer: dict[str, list[tuple[str, Verdict]]] = {}
    for name, verdict in sorted(verdicts.items(), key=lambda item: (item[1].asset, item[0])):
        by_layer.setdefault(verdict.asset.split(".")[0], []).append((name, verdict))
    failed = sorted(
        ((name, v) for name, v in verdicts.items() if not v.passed), key=lambda item: (not item[1].is_blocking, item[0])
    )
    settings = run.project.settings
    brand, day = figures.brand(settings.name), figures.day(run.as_of)
    return fill(
        "checks.html.j2",
        f"Every check of {day}",
        title=f"Checks · {brand} · {day}",
        brand=brand,
        as_of=day,
        run_id=run.id,
        failed=failed,
        layers=sorted(by_layer.items(), key=lambda item: rank.get(item[0], len(rank))),
        total=len(verdicts),
        blocking=sum(v.is_blocking for v in verdicts.values()),
        has_expectations=settings.expectations,
        result=result,
        words={layer: figures.title(layer) for layer in by_layer} | {_WHOLE_RUN: "What is about to be published"},
    )


def result(verdict: Verdict) -> str:
    """What a check came to, in a word or two."""
    if verdict.passed:
        return "holds"
    return f"broken: {figures.things(verdict.failing_rows, 'row')}" if verdict.failing_rows else "broken"
