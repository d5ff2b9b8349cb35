"""The page docs/benchmarks-identity.md: what was measured, as Markdown.

What belongs here: headings, tables and the words around them. What does not: measuring anything.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from cdp_pipeline_tests.benchmarks.identity import targets
from cdp_pipeline_tests.benchmarks.identity.datasets import DATA_SETS

Measures = Mapping[str, Any]
WHO = {"product": "product", "splink": "Splink script", "recordlinkage": "recordlinkage"}

_INTRO = """# Measurements of identity

Written by `make bench-identity` (Python {python}, DuckDB {duckdb}, Splink {splink}, {cores} processor
cores). Nothing here is a test: no number fails a build. The other measurements are in
[benchmarks.md](benchmarks.md).

**How to read it.** Precision (P) is the share of joined pairs of records that are one person, recall (R)
the share of the pairs that are one person that were joined, F1 both in one number; B-cubed is the same
with each record counted once, however many its person has. *Exact* is the share of true persons found
with exactly their records. The processor cores were shared with other work, so take ratios and processor
seconds (user and system, the whole process with its start) rather than seconds. Truth was used to score,
and for nothing else.

"""

_SCRIPTS = """
**Who is measured.** *Product*: the function of `cdp resolve` with the defaults of `3_identity` untouched;
the demo goes through the steps of the nightly run. *Splink script*:
[plain_splink.py](../cdp_pipeline_tests/benchmarks/identity/plain_splink.py), what an engineer writes
after Splink's tutorial and examples: cleaned columns, the comparisons of its library with term frequencies,
some ten blocking rules, two EM sessions, clusters at 0.95. *recordlinkage* ({recordlinkage}):
[record_linkage.py](../cdp_pipeline_tests/benchmarks/identity/record_linkage.py), the same blocking, six
fields, its ECM classifier, connected components; sets of up to 10,000 records. All in one run of the
command, each in a process of its own; *CPU s* are processor seconds of that process.
"""


_MAPPINGS = """
**Column mapping.** The one thing that is said about a set, besides its column of record ids and the
country in which a phone number without one is read. *By itself*: headers that `cdp resolve` knows. *Told*:
what it is given with `--map`. The demo is staged by its own sources.

"""


def render(measured: Measures) -> str:
    """The whole page; parts that were not measured are left out."""
    intro = _INTRO.format(
        python=platform.python_version(), cores=os.cpu_count(), **{name: version(name) for name in ("duckdb", "splink")}
    )
    parts = [intro, "## Asked and reached\n\n"]
    parts.append(grid(["", "asked", "reached", "met", "why not"], targets.rows(measured), left=5))
    if accuracy := measured.get("accuracy"):
        parts += ["\n## Accuracy\n\n", _accuracy(accuracy), _SCRIPTS.format(recordlinkage=_recordlinkage(accuracy))]
        parts += [_mappings(accuracy)]
    if cost := measured.get("cost"):
        parts += ["\n## Cost\n\n", _cost(cost)]
    if found := measured.get("incremental"):
        parts += ["\n## A night with 1 % new records\n\n", _incremental(found)]
    return "".join(parts)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns hold words."""
    sides = ["---"] * left + ["---:"] * (len(head) - left)
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, sides, *rows))


def _accuracy(rows: Sequence[Measures]) -> str:
    head = ["data", "by", "records", "P", "R", "F1", "B-cubed P", "R", "F1", "persons found", "true", "exact", "CPU s"]
    shown = []
    before = ""
    for row in rows:
        got = row["accuracy"]
        scores = [f"{got[name]:.4f}" for name in ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")]
        best = max(other["accuracy"]["f1"] for other in rows if other["title"] == row["title"])
        if got["f1"] == best:
            scores[2] = f"**{scores[2]}**"
        shown.append(
            [
                row["title"] if row["title"] != before else "",
                WHO[row["who"]],
                f"{got['records']:,.0f}",
                *scores,
                f"{got['persons']:,.0f}",
                f"{got['true_persons']:,.0f}",
                f"{got['exact']:.3f}",
                seconds(row["cpu_seconds"]),
            ]
        )
        before = row["title"]
    return grid(head, shown, left=2)


def _recordlinkage(rows: Sequence[Measures]) -> str:
    versions = {row["said"]["version"] for row in rows if row["who"] == "recordlinkage"}
    return f"version {', '.join(sorted(versions))}" if versions else "not installed for this run"


def _mappings(rows: Sequence[Measures]) -> str:
    lines = [_MAPPINGS]
    told = {data.name: data for data in DATA_SETS}
    shown = []
    for row in rows:
        if row["who"] != "product" or row["set"] not in told:
            continue
        said = row.get("mapping", {})
        own = [f"{column} → {meaning}" for column, meaning in row["said"]["used"].items() if column not in said]
        given = [f"{column} → {meaning}" for column, meaning in said.items()]
        shown.append([row["title"], told[row["set"]].country, ", ".join(own), ", ".join(given) or "nothing"])
    lines.append(grid(["data", "phones of", "by itself", "told"], shown, left=4))
    return "".join(lines)


def _cost(rows: Sequence[Measures]) -> str:
    sizes = sorted({row["wanted"] for row in rows})
    by = {(row["wanted"], row["who"]): row for row in rows}
    head = ["", *(f"{by[size, 'product']['rows']:,} records" for size in sizes)]

    def line(name: str, who: str, show: Any) -> list[str]:
        return [name, *(show(by[size, who]) if (size, who) in by else "" for size in sizes)]

    def stage(name: str, of: str) -> list[str]:
        return line(name, "product", lambda row: seconds(row["said"]["cpu"].get(of, 0.0)))

    def ratio(size: int, who: str) -> str:
        if (size, who) not in by:
            return ""
        return f"**{by[size, who]['cpu_seconds'] / by[size, 'product']['cpu_seconds']:.1f}×**"

    def script(name: str, who: str) -> list[list[str]]:
        return [
            line(f"{name}: CPU s", who, lambda row: seconds(row["cpu_seconds"])),
            line("seconds", who, lambda row: seconds(row["seconds"])),
            line("peak memory", who, memory),
            line("P", who, lambda row: f"{row['accuracy']['precision']:.4f}"),
            line("R", who, lambda row: f"{row['accuracy']['recall']:.4f}"),
        ]

    def memory(row: Measures) -> str:
        return f"{row['peak_mb']:,.0f} MB"

    shown = [
        ["**script ÷ product, processor seconds**", *(ratio(size, "splink") for size in sizes)],
        ["**script with every column ÷ product**", *(ratio(size, "splink_all") for size in sizes)],
        stage("product, CPU s: normalise and guard", "prepare"),
        stage("train", "train"),
        stage("block, score, link, solve", "link"),
        stage("ids and changes", "ids"),
        line("the whole process, CPU s", "product", lambda row: seconds(row["cpu_seconds"])),
        line("seconds", "product", lambda row: seconds(row["seconds"])),
        line("peak memory", "product", memory),
        *(
            line(f"peak memory until the end of {stage}", "product", lambda row, s=stage: _peak(row, s))
            for stage in ("prepare", "train", "link", "ids")
        ),
        line("pairs scored", "product", lambda row: f"{row['said']['numbers'].get('pairs_scored', 0):,}"),
        line("P", "product", lambda row: f"{row['accuracy']['precision']:.4f}"),
        line("R", "product", lambda row: f"{row['accuracy']['recall']:.4f}"),
        *script("Splink script", "splink"),
        *script("Splink script, every column", "splink_all"),
    ]
    return grid(head, shown) + _COST


_COST = """
People records of `cdp demo`, staged. The product's seconds are those of the steps of a first night:
reading staged Parquet and writing the tables of the layer is in them. Of several runs the one with the
least processor seconds is shown, product and script in turn. The script compares names, birth date,
e-mail, phone and postcode: with street and city as well (*every column*, one run) it takes longer and joins
households. It is not run at the largest size.
"""


def _peak(row: Measures, stage: str) -> str:
    peak = row["stage_peak_mb"].get(stage)
    return f"{peak:,.0f} MB" if peak else ""


def _incremental(found: Measures) -> str:
    kinds = {"incremental": "incremental", "full": "full, same model", "retrained": "full, trained anew"}
    runs = [found[kind] for kind in kinds]
    night = found["incremental"]["cpu_seconds"]

    def line(name: str, show: Any) -> list[str]:
        return [name, *map(show, runs)]

    def stage(name: str, of: str) -> list[str]:
        return line(name, lambda run: seconds(run["said"]["cpu"].get(of, 0.0)))

    shown = [
        line("kind of pass, as recorded", lambda run: str(run["kind"])),
        line("**processor seconds, against incremental**", lambda run: f"**{run['cpu_seconds'] / night:.1f}×**"),
        line("the whole process, CPU s", lambda run: seconds(run["cpu_seconds"])),
        stage("normalise and guard, CPU s", "prepare"),
        stage("train", "train"),
        stage("block, score, link, solve", "link"),
        stage("ids and changes", "ids"),
        line("peak memory", lambda run: f"{run['peak_mb']:,.0f} MB"),
        line("pairs scored", lambda run: f"{run['pairs_scored']:,}"),
        line("old records whose id changed", lambda run: f"{run['ids_changed']:,} ({_share(run)})"),
        line("of these without an event", lambda run: f"{run['unexplained']:,}"),
        line("P", lambda run: f"{run['accuracy']['precision']:.4f}"),
        line("R", lambda run: f"{run['accuracy']['recall']:.4f}"),
        ["F1 of the incremental persons against these", "", *(f"{found['agreement'][k]:.5f}" for k in list(kinds)[1:])],
    ]
    words = (
        f"\nDay 0 holds {found['old_records']:,} records, solved in full and published; the night brings\n"
        f"{found['new_records']:,} more, drawn by chance from all. An id counts as changed when an old record has "
        "another\nperson id than on day 0; it has an event when `identity.changes` names both ids on that night.\n"
    )
    return grid(["", *kinds.values()], shown) + words


def _share(run: Measures) -> str:
    return f"{run['ids_changed'] / run['old_records']:.3%}"


def seconds(value: float) -> str:
    """With a decimal below 100."""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
