"""Bad, odd and hostile input: every class of it is refused, set aside or kept, and nothing changes in silence.

What belongs here: the product's reading and staging of many small files at once, and how what it staged
is held against the truth. What does not: the classes (bad_input_files.py, bad_input_lines.py,
bad_input_cells.py), and the mutations (mutations.py).
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Source
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Step
from cdp_pipeline_tests.trust.bad_input_book import Case, Rows, people
from cdp_pipeline_tests.trust.bad_input_cells import CELLS
from cdp_pipeline_tests.trust.bad_input_files import FILES
from cdp_pipeline_tests.trust.bad_input_lines import LINES
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.laws import DELIVERED, product

CASES: tuple[Case, ...] = (*FILES, *LINES, *CELLS)
FORMATS: Mapping[str, Mapping[str, object]] = {
    "book": {},
    "comma": {"delimiter": ";", "decimal": ","},
    "latin": {"encoding": "utf-8|cp1252"},
    "open": {"final_newline": False},
    "preamble": {"skip": 2},
    "trailing": {"trailing_delimiter": True},
    "tabbed": {"delimiter": "\t"},
    "dutch": {"dates": ["%d-%m-%Y"]},
    "local": {"zone": "Europe/Amsterdam"},
    "accounts": {"negative": "(12)"},
    "small": {"max_gb": 0.000002},
    "lines": {"type": "jsonl"},
    "square": {"type": "parquet"},
    "odd": {"delimiter": '"'},
    "runes": {"encoding": "klingon"},
    "newest": {},
    "twin-a": {},
    "twin-b": {},
}
PERSON = ("last_name", "email", "phone", "country", "street", "created_at")
AMOUNT = ("total_amount", "ordered_at", "currency")
Values = tuple[object, ...]


def source(name: str, settings: Mapping[str, object]) -> Source:
    """One export of people and what they paid, cut and read as its format says."""
    return Source.model_validate({
        "description": "People and what they paid",
        "owner": "desk",
        "files": "twin-*" if name.startswith("twin") else f"{name}-*",
        "system": name.replace("-", ""),
        "legal_basis": "contract",
        "format": {"type": "csv", **settings},
        **({"delivery": "snapshot"} if name == "newest" else {}),
        "into": {
            "people": {
                "columns": {
                    "record_id": "id", "last_name": "name", "email": "mail", "phone": "phone", "country": "country",
                    "street": "note", "created_at": "day",
                }
            },
            "orders": {
                "columns": {
                    "order_id": "id", "record_id": "id", "ordered_at": "day", "total_amount": "amount",
                    "currency": {"sql": "'EUR'"},
                }
            },
        },
    })  # fmt: skip


@cache
def readers() -> tuple[Project, tuple[Step, ...]]:
    """The project with these exports as its only sources, and its steps from files to staged rows."""
    named = {name.replace("-", "_"): source(name, settings) for name, settings in FORMATS.items()}
    project = replace(product()[0], sources=named)
    steps = build_pipeline(project).steps
    return project, tuple(step for step in steps if step.tables[0].layer in {"raw", "staging", "quarantine"})


@dataclass
class Seen:
    """What the product made of one file."""

    status: str = "not seen"
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    people: dict[str, Values] = field(default_factory=dict)
    amounts: dict[str, Values] = field(default_factory=dict)
    emptied: set[tuple[str, str]] = field(default_factory=set)  # id and column of cells that were emptied and listed

    @property
    def is_loud(self) -> bool:
        """Somebody who looks is told."""
        return bool(self.status != "loaded" or self.notes or self.set_aside)


def deliver(folder: Path, project: Project, steps: Iterable[Step]) -> dict[str, Seen]:
    """Read and stage what lies in the exports of a folder, and say what became of each file."""
    run = Run(project, folder / "exports", folder, date(2026, 6, 30), "run", b"a key of these proofs")
    for step in steps:
        step.run(run)
    seen: dict[str, Seen] = defaultdict(Seen)
    with duckdb.connect() as con:

        def rows(name: str, columns: str) -> list[tuple[object, ...]]:
            path = run.path(name)
            return con.execute(f"select {columns} from '{path}'").fetchall()

        for file, status, reason, notes, unmapped, missing in rows(
            "raw.files", "file, status, reason, notes, unmapped_columns, missing_columns"
        ):
            one = seen[str(file)]
            one.status, one.reasons = str(status), [str(reason or "")]
            one.notes = [*map(str, notes or ()), *(f"unmapped {c}" for c in unmapped or ())]  # type: ignore[call-overload]
            one.notes += [f"missing {c}" for c in missing or ()]  # type: ignore[attr-defined]
        for file, code, reason in rows("quarantine.lines", "file, code, reason"):
            seen[str(file)].set_aside.append(f"{code}: {reason}")
        for table, key in (("people", "record_id"), ("orders", "order_id")):
            for file, own, outcome, reasons in rows(f"quarantine.{table}", f"file, {key}, outcome, reasons"):
                if outcome != "superseded":
                    seen[str(file)].set_aside.append(f"cell: {reasons}")
                if outcome == "mended":
                    seen[str(file)].emptied |= {(str(own), part.split(":")[0]) for part in str(reasons).split("; ")}
        for file, own, *values in rows("staging.people", f"_file, record_id, {', '.join(PERSON)}"):
            seen[str(file)].people[str(own)] = tuple(values)
        for file, own, *values in rows("staging.orders", f"_file, order_id, {', '.join(AMOUNT)}"):
            seen[str(file)].amounts[str(own)] = tuple(values)
    return seen


def truth_of(rows: Rows) -> tuple[dict[str, Values], dict[str, Values]]:
    """What has to be staged of the rows: of people, and of what they paid."""
    people_of, amounts_of = {}, {}
    for row in rows:
        day = datetime.fromisoformat(row["day"]) if row["day"] else None
        cells = (row[c] or None for c in ("name", "mail", "phone", "country", "note"))
        people_of[row["id"]] = (*cells, day)
        amounts_of[row["id"]] = (Decimal(row["amount"]), day, "EUR")
    return people_of, amounts_of


def is_as(seen: Seen, columns: Sequence[str], key: str, staged: Values, true: Values | None) -> bool:
    """Every value of a staged row is the true one, or was emptied and listed with its file, line and reason."""
    return true is not None and all(
        value == other or (value is None and (key, column) in seen.emptied)
        for column, value, other in zip(columns, staged, true, strict=True)
    )


def other_than(seen: Seen, rows: Rows) -> tuple[set[str], set[str]]:
    """Ids of rows that are staged with another value or out of nothing, and of rows that are not staged."""
    wrong, gone = set(), set()
    for columns, staged, true in zip((PERSON, AMOUNT), (seen.people, seen.amounts), truth_of(rows), strict=True):
        wrong |= {key for key, values in staged.items() if not is_as(seen, columns, key, values, true.get(key))}
        gone |= true.keys() - staged.keys()
    return wrong, gone


@dataclass(frozen=True)
class Judged:
    """A class and what became of it: silent harm, or an end that is not the one it must have."""

    case: Case
    is_silent: bool
    otherwise: str


def judge(case: Case, seen: Seen, rows: Rows) -> Judged:
    """Hold what was staged of a class against what must become of it."""
    wrong, gone = other_than(seen, rows)
    is_silent = bool(wrong and not seen.notes) or bool(gone and not seen.is_loud)
    said = [*seen.reasons, *seen.notes, *seen.set_aside]
    otherwise = []
    if case.must == "refused":
        if seen.status == "loaded" or seen.people or seen.amounts:
            otherwise.append("not refused")
    else:
        allowed = {rows[place]["id"] for place in case.touched}
        if wrong:
            otherwise.append(f"{len(wrong)} rows with other values")
        if gone - allowed:
            otherwise.append(f"{len(gone - allowed)} rows not staged")
        if seen.status != "loaded":
            otherwise.append(seen.status)
        if (case.must == "set aside") != bool(seen.set_aside):
            otherwise.append(f"{len(seen.set_aside)} set aside")
    if case.code and not any(case.code in words for words in said):
        otherwise.append(f"does not say {case.code}")
    return Judged(case, is_silent, f"{', '.join(otherwise)}; it says {said}" if otherwise else "")


def judge_all(folder: Path, cases: Iterable[Case] = CASES) -> list[Judged]:
    """Every class as a file of its own, all read and staged at once."""
    shutil.rmtree(folder, ignore_errors=True)
    exports = folder / "exports"
    exports.mkdir(parents=True)
    truths = {}
    for case in cases:
        rows = truths[case.name] = people(case.name)
        made = case.make(rows)
        made = made.encode() if isinstance(made, str) else made
        path = exports / case.file_name
        if case.place:
            case.place(path, made)
        else:
            path.write_bytes(made)
            os.utime(path, (DELIVERED, DELIVERED))
    seen = deliver(folder, *readers())
    return [judge(case, seen.get(case.seen_as or case.file_name, Seen()), truths[case.name]) for case in cases]


def classes(folder: Path) -> list[Figure]:
    """No class ends in silence, and each ends as it must."""
    found = judge_all(folder / "classes")
    silent = [one.case.name for one in found if one.is_silent]
    others = [one.case.name for one in found if one.otherwise]
    own = sum(case.own for case in CASES)
    kinds = ", ".join(f"{sum(c.must == kind for c in CASES)} {kind}" for kind in ("refused", "set aside", "kept"))
    return [
        Figure("Classes of bad input, none changes or loses a row in silence", len(found), len(silent),
               f"{own} of them found in no list; {kinds}" + "".join(f"; silent: {name}" for name in silent)),
        Figure("Each class ends as it must: refused, set aside or kept, with its code", len(found), len(others),
               "; ".join(others)),
    ]  # fmt: skip


def measure(folder: Path, long: bool) -> list[Figure]:
    """The classes, and mutations of valid files (long: 2,400 of them)."""
    from cdp_pipeline_tests.trust.mutations import mutations

    return [*classes(folder), *mutations(folder, 2_400 if long else 72)]
