"""The page of measurements: what was measured, as Markdown.

What belongs here: headings, tables and the words around them. What does not: measuring anything.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from cdp_pipeline_tests.benchmarks.watch import Cost

STAGES = (
    "start",
    "raw",
    "staging",
    "quarantine",
    "identity",
    "profiles",
    "segments",
    "activation",
    "reports",
    "publish",
)


@dataclass(frozen=True)
class Measured:
    """Everything measured at one number of people."""

    people: int
    lines: int  # data lines in the exports
    megabytes: float  # of the exports
    records: int  # people records that the pipeline found
    demo: Cost
    first: Cost
    again: Cost
    plain: Cost
    table_seconds: dict[str, float]  # stage -> seconds inside its tables, first run
    tables: int
    again_reused: int
    accuracy: dict[str, float]
    plain_accuracy: dict[str, float]


_INTRO = """# Measurements

Written by `python -m cdp_pipeline_tests.benchmarks.nightly --people {sizes} --out docs/benchmarks.md`
(Python {python}, DuckDB {duckdb}, Splink {splink}, Dagster {dagster}, {cores} processor cores). Nothing
here is a test: no number fails a build.

**How to read it.** The processor cores were busy with other work as well, so compare seconds only with
seconds of the same column, and take the ratios with you; processor seconds suffer least from what else
ran. Before you plan with a number of seconds, measure on your own machine. The exports are those of
`cdp demo`, an invented customer base; MB are resident memory.

"""

_COMPARED = """
**The script** is [plain.py](../cdp_pipeline_tests/benchmarks/plain.py): one evening with DuckDB and Splink
used after Splink's documentation. It reads the same files and ends in the same kind of tables: persons,
golden record, orders, RFM, segments, one audience file. Part of a run does not grow with the people in
it (start, orchestration, one check after another), so the ratios of the largest size say most about the
work itself. The difference buys what the script does not do:

- every line is accounted for: refused lines are kept with a reason and counted, the script drops them
- every column is checked against a contract, and a failing check keeps the last good state published
- person ids stay the same from night to night, with merges and splits on record; in the script an id is
  one of the records, and another one when that record moves
- consent is worked out per address, purpose, channel and recipient, with its history
- timeline, history of segments, the file formats of the destinations with receipts, lineage
- a report, two warehouses (one with personal columns masked), roll-back, a second run that reuses what
  has not changed
"""

_STAGES = """
**Stages of the first run.** *In tables* is the time spent making the tables of a stage, as the run itself
records it. *Elapsed* is the wall clock between the lines that `cdp run` prints, so it holds checks and
orchestration too; *start* is everything before the first line. *Peak* is the highest of samples taken
every 50 ms. Elapsed and peak are approximate: stages take turns, and what happens between two lines is
counted for the second one.

"""

_ACCURACY = """
**Who is who.** Pairs of records put into one person, against the truth that the demo writes beside its
exports: precision is the share of joined pairs that belong together, recall the share of the pairs that
belong together that were joined.

"""


def render(runs: Sequence[Measured]) -> str:
    """The whole page; one column a size."""
    head = [f"{run.people:,} people" for run in runs]
    intro = _INTRO.format(
        sizes=" ".join(str(run.people) for run in runs),
        python=platform.python_version(),
        cores=os.cpu_count(),
        **{name: version(name) for name in ("duckdb", "splink", "dagster")},
    )
    parts = [intro, "## One night\n\n", _grid(["", *head], [[name, *map(of, runs)] for name, of in _WHOLE])]
    parts += ["\n## Against a script\n\n"]
    parts += [_grid(["product ÷ script", *head], [[name, *map(of, runs)] for name, of in _RATIOS]), _COMPARED]
    parts += ["\n## Stages\n", _STAGES, _stages(runs), "\n## Identity\n", _ACCURACY, _accuracy(runs)]
    return "".join(parts)


_WHOLE: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    ("lines in the exports", lambda run: f"{run.lines:,} ({run.megabytes:,.1f} MB)"),
    ("people records in them", lambda run: f"{run.records:,}"),
    ("`cdp demo`: lines a second", lambda run: f"{run.lines / run.demo.seconds:,.0f}"),
    ("first `cdp run`: seconds", lambda run: _seconds(run.first.seconds)),
    ("first `cdp run`: processor seconds", lambda run: _seconds(run.first.cpu_seconds)),
    ("the same, for every 1,000 people", lambda run: f"{run.first.cpu_seconds * 1000 / run.people:,.2f}"),
    ("first `cdp run`: peak memory", lambda run: f"{run.first.peak_mb:,.0f} MB"),
    ("second run, exports unchanged: seconds", lambda run: _seconds(run.again.seconds)),
    ("second run: processor seconds", lambda run: _seconds(run.again.cpu_seconds)),
    ("second run: tables reused", lambda run: f"{run.again_reused} of {run.tables}"),
    ("**second ÷ first, seconds**", lambda run: _ratio(run.again.seconds, run.first.seconds)),
    ("**second ÷ first, processor seconds**", lambda run: _ratio(run.again.cpu_seconds, run.first.cpu_seconds)),
    ("script: seconds", lambda run: _seconds(run.plain.seconds)),
    ("script: processor seconds", lambda run: _seconds(run.plain.cpu_seconds)),
    ("script: peak memory", lambda run: f"{run.plain.peak_mb:,.0f} MB"),
)

_RATIOS: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    ("seconds, first run", lambda run: _ratio(run.first.seconds, run.plain.seconds)),
    ("processor seconds, first run", lambda run: _ratio(run.first.cpu_seconds, run.plain.cpu_seconds)),
    ("seconds, second run", lambda run: _ratio(run.again.seconds, run.plain.seconds)),
    (
        "seconds in identity alone",
        lambda run: _ratio(run.table_seconds.get("identity", 0.0), run.plain.stage_seconds.get("identity", 0.0)),
    ),
    ("peak memory", lambda run: _ratio(run.first.peak_mb, run.plain.peak_mb)),
    ("wrong joins: 1 − precision", lambda run: _missing(run, "precision")),
    ("missed joins: 1 − recall", lambda run: _missing(run, "recall")),
)


def _stages(runs: Sequence[Measured]) -> str:
    head = ["stage"]
    for run in runs:
        head += [f"{run.people:,}: in tables, s", "elapsed, s", "peak, MB"]
    rows = []
    for stage in STAGES:
        if any(stage in run.first.stage_seconds for run in runs):
            row = [stage]
            for run in runs:
                row += [
                    _seconds(run.table_seconds[stage]) if stage in run.table_seconds else "",
                    _seconds(run.first.stage_seconds.get(stage, 0.0)),
                    f"{peak:,.0f}" if (peak := run.first.stage_peak_mb.get(stage)) else "",
                ]
            rows.append(row)
    total = ["**whole run**"]
    for run in runs:
        total += [_seconds(sum(run.table_seconds.values())), _seconds(run.first.seconds), f"{run.first.peak_mb:,.0f}"]
    return _grid(head, [*rows, total])


def _accuracy(runs: Sequence[Measured]) -> str:
    rows = []
    for run in runs:
        for who, found in (("product", run.accuracy), ("script", run.plain_accuracy)):
            rows.append(
                [
                    f"{run.people:,}",
                    who,
                    *(f"{found[name]:,.0f}" for name in ("records", "true_persons", "persons")),
                    *(f"{found[name]:.4f}" for name in ("precision", "recall", "f1")),
                ]
            )
    head = ["people", "", "records", "persons in truth", "persons found", "precision", "recall", "F1"]
    return _grid(head, rows)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    sides = ["---", *["---:"] * (len(head) - 1)]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, sides, *rows))


def _seconds(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _ratio(a: float, b: float) -> str:
    return f"{a / b:.2f}" if b else ""


def _missing(run: Measured, name: str) -> str:
    return _ratio(1 - run.accuracy[name], 1 - run.plain_accuracy[name])
