"""Markers in every column of every source: where personal data must not be, none is found.

What belongs here: running the platform on planted exports, also with failing checks and crashing assets,
and searching what it left behind. What does not: the exports (plants.py), breaking things (crashing.py),
reading files (everything.py).

Searched: the terminal, Dagster's home, the files of the data folder that are no tables (alerts, nights,
logs of reading), the report folder with its check results, the manifest, the masked warehouse. In the
masked warehouse a word may stand in a column that is public by its contract (a product, a status, a
town); an e-mail address, a phone number or a hash of one may stand nowhere.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.steps import perform
from cdp_pipeline.staging.keyed import key_columns
from cdp_pipeline_tests.acceptance.published import CDP, PROJECT, ROOT, environment, start
from cdp_pipeline_tests.trust import crashing
from cdp_pipeline_tests.trust.everything import texts
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.plants import MAIL_STEM, STEM, Plant, write_plants

AS_OF = "2026-06-30"
_MARK = re.compile(rf"({STEM}|{MAIL_STEM})([a-z]{{4}})|(?:\+|00)?31657\d{{6}}|\b0657\d{{6}}\b|\b[0-9a-f]{{32,64}}\b")


@dataclass
class World:
    """Where a canary run works: its exports, project and data, what it said, and what was planted."""

    folder: Path
    plants: Mapping[str, Plant]
    identifiers: Mapping[str, Plant]  # every spelling and hash of a planted address or number
    said: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def project(self) -> Path:
        return self.folder / "dbt_like_sql"

    @property
    def state(self) -> Path:
        """What is published, else the folder of the one run."""
        current = self.data / "current"
        return current.resolve() if current.exists() else next((self.data / "runs").glob("*/manifest.json")).parent


def measure(folder: Path, long: bool) -> list[Figure]:
    """Plant, run, break, search. The small scale stops after staging and breaks a few assets, on all sources."""
    world = make_world(folder)
    if long:
        crashing.change(world.project, crashing.WARNS)
        run(world, 0)
    else:
        stage(world)
    shown, planted, staged = found_in_tables(world)
    found = leaks(world, shown)
    words = f"{len({p.source for p in world.plants.values()})} sources; {staged} columns reach staging; the words of "
    words += f"{len(shown)} are public by contract and shown on purpose{_told(found)}"
    where = "the terminal, Dagster, reports or the masked warehouse" if long else "the masked warehouse"
    figures = [Figure(f"Columns planted with markers, found in {where}", planted, _columns(found), words)]
    broken = break_models(world) if long else 0
    failed = break_assets(world, 1000 if long else 4)
    found = leaks(world, shown)
    words = f"{broken} models, checks and settings by SQL, {failed} assets by errors, panics, warnings, prints and logs"
    promise = "Crashes with people in their errors, found in the terminal, Dagster, reports or checks"
    return [*figures, Figure(promise, broken + failed, _columns(found), words + _told(found))]


def _columns(found: Mapping[str, set[str]]) -> int:
    return len(set().union(*found.values()))


def break_models(world: World) -> int:
    """Runs in which models, checks, mappings, rules and destinations crash on values; returns how many crashed."""
    crashing.change(world.project, crashing.LEAVES)
    run(world, None)
    for name in crashing.SINGLES:
        crashing.break_one(copy_of_project(world), name)
        run(world, None)
    copy_of_project(world)
    return len(crashing.LEAVES) + len(crashing.SINGLES)


def make_world(folder: Path) -> World:
    """Planted exports of all sources, and a project in which any share of bad rows may pass."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world = World(folder, {}, {})
    world.plants = write_plants(read_project(copy_of_project(world)), folder / "exports")
    world.identifiers = dict(_spellings(world.plants.values()))
    return world


def copy_of_project(world: World) -> Path:
    """The project as it is in the repository, but for the share of bad rows."""
    shutil.rmtree(world.project, ignore_errors=True)
    shutil.copytree(PROJECT, world.project)
    for path in (world.project / "2_staging").glob("*.yml"):
        text = re.sub(r"max_bad_share: .*", "max_bad_share: 1", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    return world.project


def stage(world: World) -> None:
    """The layers raw, staging and quarantine, in this process, and the warehouses of them."""
    begun = start(world.folder / "exports", world.data, world.project)
    pipeline = build_pipeline(begun.project)
    for step in pipeline.steps:
        if step.names[0].startswith(("raw.", "staging.", "quarantine.")):
            perform(begun, step)
    build_warehouse(begun, pipeline.tables)


def run(world: World, code: int | None) -> None:
    """One `cdp run`; `code` is the exit code it must have, None for any but 0."""
    words = ["--exports", world.folder / "exports", "--data", world.data, "--project", world.project, "--as-of", AS_OF]
    _process(world, [CDP, "run", *map(str, words)], code)


def break_assets(world: World, at_most: int) -> int:
    """Break assets by Python in a process of their own; returns how many failed."""
    marker = f"{STEM}wwww {MAIL_STEM}wwww@canary.example"
    words = [world.project, world.folder / "exports", world.data, marker, at_most]
    _process(world, [sys.executable, "-m", "cdp_pipeline_tests.trust.crashing", *map(str, words)], 0)
    return int(re.findall(r"assets that failed: (\d+)", world.said[-1])[0])


def _process(world: World, command: list[str], code: int | None) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=False
    )
    world.said.append(done.stdout + done.stderr)
    assert (done.returncode != 0) if code is None else (done.returncode == code), done.stderr[-3000:]


# ---- searching -------------------------------------------------------------------------------


def found_in_tables(world: World) -> tuple[set[str], int, int]:
    """(codes shown on purpose, columns planted, columns that reach staging).

    On purpose are words that stand by themselves in a column that is public by its contract, and in no
    column that is not: what is only a part of a value there got in by the way.
    """
    personal, public, staged, raw = set[str](), set[str](), set[str](), set[str]()
    labels = _labels(read_project(world.project))
    for place, text in texts(world.state / "staging"):
        file, _, column = place.partition(":")
        if column:
            staged |= _codes(text)
            alone = {
                value[len(STEM) :] for value in text.lower().splitlines() if re.fullmatch(f"{STEM}[a-z]{{4}}", value)
            }
            (personal if column in labels.get(Path(file).stem, ()) else public).update(alone)
    for place, text in texts(world.state / "raw"):
        if ":" in place and not place.startswith("files"):
            raw |= _codes(text)
    return public - personal, len(raw & set(world.plants)), len(staged & set(world.plants))


def _codes(text: str) -> set[str]:
    return {found[2] for found in _MARK.finditer(text.lower()) if found[2]}


def _labels(project: Project) -> Mapping[str, set[str]]:
    """Core table -> its columns that are not public, and the keys made of them; where a row comes from counts as public."""
    return {
        name: {column for column, spec in contract.columns.items() if spec.sensitivity != "public"}
        | set(key_columns(contract).values())
        for name, contract in project.contracts.items()
    }


def leaks(world: World, shown: set[str]) -> dict[str, set[str]]:
    """Place -> the planted columns that were found there and may not be; `shown` words may be in the warehouse."""
    found: dict[str, set[str]] = {}
    for place, text in _searched(world):
        for match in _MARK.finditer(text.lower()):
            code = match[2]
            if code and match[1] == STEM and place.startswith("warehouse") and code in shown:
                continue
            plant = world.plants.get(code or "", world.identifiers.get(match[0]))
            if plant or code:
                found.setdefault(place, set()).add(f"{plant.source}.{plant.column}" if plant else f"{STEM}…")
    return found


def _searched(world: World) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(world.said):
        yield f"terminal {number}", text
    for path in sorted(world.data.iterdir()):
        if path.name not in {"snapshots", "runs", "current"} and not path.name.startswith("warehouse"):
            yield from ((f"{path.name}/{place}", text) for place, text in texts(path))
    for path in (world.state / "reports", world.state / "manifest.json", world.state / "warehouse.duckdb"):
        yield from texts(path) if path.exists() else ()
    for manifest in (world.data / "runs").glob("*/manifest.json"):
        yield "manifest of a failed run", manifest.read_text(encoding="utf-8")


def _spellings(plants: Iterable[Plant]) -> Iterator[tuple[str, Plant]]:
    for plant in plants:
        national = plant.phone.removeprefix("+31")
        numbers = (plant.phone, plant.phone[1:], f"00{plant.phone[1:]}", f"0{national}")
        yield from ((number, plant) for number in numbers)
        for value in (plant.word, plant.mail, *numbers):
            for kind in ("md5", "sha1", "sha256"):
                yield hashlib.new(kind, value.encode()).hexdigest(), plant


def _told(found: Mapping[str, set[str]]) -> str:
    """The places, for whoever has to mend them."""
    return "".join(f"; {place}: {', '.join(sorted(names)[:3])}" for place, names in sorted(found.items()))
