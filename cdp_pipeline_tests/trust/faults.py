"""Every fault point of every phase of a night is hit by each kind of fault; then the night goes on.

What belongs here: breaking phases and judging what is left. What does not: the phases (night.py), comparing
folders (trees.py), and kills that do not wait for a fault point (kills.py).

For every phase, every point in it, at its first and its last time, and every kind (an error, a process that is gone,
no space left): the data folder is put as it was before the phase, which is run in a process of its own and broken. What a reader
sees must be the very files of before, or after the swap the whole new state. Then the run is resumed, or taken
over by another, and must leave what an unbroken one leaves, file by file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.run.failpoints import EXIT_CODE, KINDS, VARIABLE, forget
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.night import Phase
from cdp_pipeline_tests.trust.trees import Tree, difference, published_files, restore, save, tree

DAY = date(2026, 6, 30)
LATER = "laterrun"  # the run that takes over; eight letters, for snapshots end in them
EVERY = {"raw": 4, "staging": 5, "activation": 3, "model": 12}  # of steps that the same lines run, every so manieth
SHORT = ("activation.plain_csv", "reports.pages", "checks", "warehouses", "publication")


@dataclass
class Tally:
    """What came of all that was tried."""

    tried: Counter[str] = field(default_factory=Counter)  # by kind
    points: Counter[str] = field(default_factory=Counter)  # by name of the point
    torn: list[str] = field(default_factory=list)
    unrepaired: list[str] = field(default_factory=list)
    never_hit: list[str] = field(default_factory=list)


def measure(folder: Path, long: bool) -> list[Figure]:
    """Figures of the whole night when `long`, else of a step of each sort with every named point hit once."""
    command = [sys.executable, "-m", __name__, str(folder), "long" if long else "short"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found = json.loads(done.stdout.splitlines()[-1])
    tried, names = sum(found["tried"].values()), len(found["points"])
    kinds = ", ".join(f"{kind} {times:,}" for kind, times in sorted(found["tried"].items()))
    return [
        Figure(
            "A fault at any point leaves readers one whole state",
            tried,
            len(found["torn"]) + len(found["never_hit"]),
            f"{names} named points, reached at different places of a night; {kinds}. " + _few(found["torn"]),
        ),
        Figure(
            "The next run repairs what the fault left",
            tried,
            len(found["unrepaired"]),
            "file by file what an unbroken night leaves. " + _few(found["unrepaired"]),
        ),
    ]


def _few(lines: Sequence[str]) -> str:
    return "; ".join(lines[:5])


# ---- in a process of its own, which never runs DuckDB itself, so that it can fork ------------------


def in_child(act: Callable[[], None], armed: str) -> int:
    """Run `act` in a fork with faults armed; its exit code: 0, 1 after an error, EXIT_CODE where it was gone."""
    child = os.fork()
    if not child:
        os.environ[VARIABLE] = armed
        forget()
        code = 1
        try:
            act()
            code = 0
        except BaseException as error:  # noqa: BLE001  (the parent judges)
            if armed[:5] not in {f"{kind}@"[:5] for kind in KINDS}:  # nothing was to break
                print(repr(error)[:500], file=sys.stderr)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole(act: Callable[[], None], log: Path) -> list[str]:
    """Run `act` unbroken in a fork; the points it reached, in order."""
    log.write_text("")
    code = in_child(act, f"list@{log}")
    if code:
        raise RuntimeError(f"an unbroken phase ended with {code}")
    return log.read_text().split("\n")[:-1]


class Breaker:
    """Breaks the phases of one night; `data` is overwritten again and again, `folder` keeps what it was."""

    def __init__(self, folder: Path, data: Path, tally: Tally) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.data, self.tally, self.run = folder, data, tally, ""

    def judge(self, phase: Phase, long: bool) -> None:
        """Break a phase wherever it can be broken; the folder is before it now, and after it at the end."""
        before, after = self.folder / "before", self.folder / "after"
        for kept in (before, after):
            shutil.rmtree(kept, ignore_errors=True)
        save(self.data, before)
        points = whole(lambda: phase.act(self.run), self.folder / "points")
        save(self.data, after)
        expected = tree(self.data, self.names())
        for n, kind in choose(points, self.tally.points, long):
            restore(before, self.data)
            seen = published_files(self.data)
            label = f"{phase.name}: {kind} at point {n}, {points[n - 1]}"
            self.tally.tried[kind] += 1
            self.tally.points[points[n - 1]] += 1
            code = in_child(lambda: phase.act(self.run), f"{kind}@#{n}")
            if code != (EXIT_CODE if kind == "exit" else 1):
                self.tally.never_hit.append(f"{label}: ended with {code}")
            if published_files(self.data) != seen:
                self.judge_swapped(label, expected)
            if phase.is_command and not difference(tree(self.data, self.names()), expected):
                continue
            run_id = LATER if n % 2 else self.run  # taken over by another run, or resumed
            if in_child(lambda run_id=run_id: phase.again(run_id), ""):  # type: ignore[misc]
                self.tally.unrepaired.append(f"{label}: the next run fails")
            elif wrong := difference(tree(self.data, self.names()), expected):
                self.tally.unrepaired.append(f"{label}: differs in {wrong[:3]}")
        restore(after, self.data)

    def unbroken(self, phase: Phase) -> None:
        """Run a phase as it should be."""
        whole(lambda: phase.act(self.run), self.folder / "points")

    def judge_swapped(self, label: str, expected: Tree) -> None:
        """Readers see another state than before: then it is the whole new one."""
        name = str(published_files(self.data)[0])
        state = f"snapshots/{self.names().get(name, name)}/"
        found, wanted = (
            {path: said for path, said in which.items() if path.startswith(state)}
            for which in (tree(self.data, self.names()), expected)
        )
        if not found or found != wanted:
            self.tally.torn.append(label)

    def names(self) -> dict[str, str]:
        """Names that differ from run to run → what they stand for."""
        new = [path.name for path in (self.data / "snapshots").glob("*") if path.name.endswith((self.run, LATER))]
        return {**dict.fromkeys(new, "NEW"), LATER: "RUN", self.run: "RUN"}


def alike(project: Project) -> set[str]:
    """Steps that the same lines of code run as another one that is broken."""
    groups = {
        "raw": [f"raw.{name}" for name in project.sources],
        "staging": [f"staging.{name}" for name in project.contracts],
        "activation": [f"activation.{name}" for name in project.destinations],
        "model": list(project.models),
    }
    return {name for group, names in groups.items() for at, name in enumerate(sorted(names)) if at % EVERY[group]}


def choose(points: Sequence[str], seen: Counter[str], long: bool) -> list[tuple[int, str]]:
    """(n, kind) to try in a phase: each point at its first and last time by each kind; or what is new, kinds in turn."""
    if long:
        first = {point: n for n, point in reversed(list(enumerate(points, 1)))}
        last = {point: n for n, point in enumerate(points, 1)}
        return [(n, kind) for n in sorted({*first.values(), *last.values()}) for kind in KINDS]
    fresh = {point: n for n, point in enumerate(points, 1) if not seen[point]}  # the last time it is reached
    return [(n, KINDS[turn % 3]) for turn, n in enumerate(fresh.values(), sum(seen.values()))]


def main(folder: Path, long: bool) -> None:
    """Prints the tally as JSON. A data folder that is published already counts as the first night."""
    from cdp_pipeline.pipeline import build_pipeline
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline_tests.acceptance.published import PROJECT
    from cdp_pipeline_tests.trust.commands import commands, forget, older_snapshot
    from cdp_pipeline_tests.trust.night import phases, rehearsal_in
    from cdp_pipeline_tests.trust.world import deliver_again, lean_project, two_nights

    os.umask(0o077)  # as every run sets it
    settings = PROJECT / "project.yml"
    settings.write_text(settings.read_text().replace("keep_snapshots: 7", "keep_snapshots: 1"))
    project = read_project(lean_project(PROJECT) if long else PROJECT)
    pipeline = build_pipeline(project)
    data = folder / "data"
    breaker = Breaker(folder / "work", data, Tally())
    if not (data / "current").exists():
        second = two_nights(folder, 120 if long else 60)
        breaker.run = "firstrun"
        for phase in phases(rehearsal_in(project, pipeline, folder, DAY), pipeline.steps):
            breaker.unbroken(phase)
        second()
        if long:
            in_child(lambda: forget(project, data), "")  # somebody is erased in the night that is broken
    breaker.run = "nightrun"
    night = phases(rehearsal_in(project, pipeline, folder, DAY + timedelta(days=1), is_whole=long), pipeline.steps)
    skipped = alike(project)
    if long:
        for phase in night:
            if phase.name in skipped:
                breaker.unbroken(phase)
            else:
                breaker.judge(phase, long)
            print(phase.name, sum(breaker.tally.tried.values()), *breaker.tally.torn, file=sys.stderr, flush=True)
        in_child(lambda: older_snapshot(data), "")
        for command in commands(project, data):
            breaker.judge(command, long)
    else:
        by_name = {phase.name: phase for phase in night}
        breaker.judge(by_name["open"], long)
        save(data, folder / "opened")
        deliver_again(folder / "exports", "hubspot-crm-exports-contacts")
        breaker.unbroken(by_name["raw.arrivals"])
        breaker.judge(by_name["raw.hubspot_contacts"], long)
        restore(folder / "opened", data)
        for name in SHORT:
            breaker.judge(by_name[name], long)
    print(json.dumps(vars(breaker.tally)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "long")
