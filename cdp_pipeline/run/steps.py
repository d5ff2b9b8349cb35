"""A step: the tables it writes, the tables it reads, and the function in between.

What belongs here: the description of one node of the pipeline, and `perform`, which runs it or
finds that nothing it depends on has changed. What does not: Dagster (assets.py), and what any
particular step does (the stage packages).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Entry, Manifest, Numbers

Outcome = Mapping[str, Numbers]
_PERSONAL = "[personal] "


@dataclass(frozen=True)
class Table:
    """One published table: its name `layer.table`, words for every column, and what is personal.

    `grain` names the columns that make a row unique. `personal` names columns that the analysts'
    warehouse masks. `lineage` maps a column to the `layer.table.column`s it comes from.
    """

    name: str
    description: str
    columns: Mapping[str, str] = field(default_factory=dict)
    owner: str = "data team"
    grain: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("duckdb", "parquet")
    personal: frozenset[str] = frozenset()
    lineage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sql: str = ""

    @property
    def layer(self) -> str:
        return self.name.split(".")[0]


@cache
def _described() -> Mapping[str, Table]:
    tables = {}
    for path in sorted(Path(__file__).parents[1].glob("*/tables.yml")):
        for name, description in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            columns: dict[str, str] = description.pop("columns")
            keys: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in description.items()
            }
            tables[name] = Table(
                name,
                columns={column: words.removeprefix(_PERSONAL) for column, words in columns.items()},
                personal=frozenset(column for column, words in columns.items() if words.startswith(_PERSONAL)),
                **keys,
            )
    return tables


def described(name: str) -> Table:
    """A table that the engine makes, as the `tables.yml` of its package describes it; KeyError for any other.

    >>> described("identity.persons").grain
    ('person_id',)
    """
    return _described()[name]


@dataclass(frozen=True)
class Step:
    """What makes one table, or a few that are made together.

    `reads` may hold `previous.<layer>.<table>`, the last published state. `run` writes every table
    with `Run.write` and returns numbers to show for each. `version` changes when the code or its
    configuration does. A step that `uses_exports` looks at the drop zone and is never skipped.
    """

    tables: tuple[Table, ...]
    reads: tuple[str, ...]
    run: Callable[[Run], Outcome]
    version: str
    uses_as_of: bool = False
    uses_exports: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tables of this run that are read, without the previously published ones."""
        return tuple(name for name in self.reads if not name.startswith("previous."))


def key_of(run: Run, step: Step, manifest: Manifest) -> str:
    """Digest of all that decides the rows of a step.

    Previously published tables are left out on purpose: a step that reads them must give the same
    rows when run twice (DECISIONS: determinism), so equal inputs mean equal outputs.
    """
    parts = [step.version, code_digest(step.tables[0].layer), run.key_fingerprint, *step.names]
    parts += [f"{name}={manifest.tables[name].digest}" for name in sorted(step.inputs)]
    if step.uses_as_of:  # config.run holds settings beside the day
        parts += [str(run.as_of), run.project.settings.model_dump_json(exclude={"alerts", "register_copy"})]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_PACKAGES = {"raw": "sources", "quarantine": "staging"}
_SHARED = ("project", "run", "ledgers", "privacy")  # what the steps of every layer rely on


@cache
def code_digest(layer: str) -> str:
    """Digest of DuckDB's version and of the code that makes a layer: new code, new rows."""
    root = Path(__file__).parents[1]
    folders = [root / name for name in (_PACKAGES.get(layer, layer), *_SHARED)]
    files = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".py", ".sql", ".yml", ".j2", ".css"}
    ]
    code = b"".join(path.read_bytes() for path in sorted(files))
    return hashlib.sha256(duckdb.__version__.encode() + code).hexdigest()


def perform(run: Run, step: Step) -> Mapping[str, Entry]:
    """Run a step, or skip it when its key equals the one its tables were made with.

    Returns the manifest entry of every table written; `Entry.is_reused` tells which way it went.
    """
    manifest = run.manifest()
    key = key_of(run, step, manifest)
    entries = [manifest.tables.get(name) for name in step.names]
    if not step.uses_exports and all(
        e and e.key == key and run.path(n).exists() and run.digest(n) == e.digest
        for e, n in zip(entries, step.names, strict=True)
    ):
        reused = {n: e.reused() for e, n in zip(entries, step.names, strict=True) if e}
        run.record(reused)
        return reused
    run.forget(step.names)
    started = time.perf_counter()
    fault("step.begin")
    outcome = step.run(run)
    fault("step.made")
    seconds = round(time.perf_counter() - started, 3)
    inputs = {name: manifest.tables[name].digest for name in step.inputs}
    entries_made = {
        name: Entry(
            key=key,
            digest=run.digest(name),
            rows=run.count(name),
            inputs=inputs,
            seconds=round(seconds / len(step.names), 3),
            numbers=dict(outcome.get(name, {})),
        )
        for name in step.names
    }
    run.record(entries_made)
    return entries_made
