"""Real Dagster runs killed with SIGKILL at random moments; the next one goes on, and in the end nothing differs.

What belongs here: starting `cdp run`, killing it, and judging what readers see. What does not: faults at chosen
places (faults.py).

A process that has loaded the program forks; the fork is `cdp run` on the instance of the data folder and is killed
after a random time. Half of the times are drawn over the whole run, half over the part in which it holds the lock
and works. What readers see must then be, file for file, what they saw before, or a whole new state. The next
attempt takes over what was made. In the end the same nights are run without a kill in another folder: every table
must be equal.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from cdp_pipeline_tests.trust.figure import Figure

FIRST = date(2026, 6, 30)


@dataclass
class Tally:
    """What came of it."""

    kills: int = 0
    at_work: int = 0  # kills while the run held the lock
    nights: int = 0  # runs that were left alone, or were quicker than their death
    torn: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # runs that ended by themselves without publishing
    left: list[str] = field(default_factory=list)  # what was still lying about after the last run
    different: list[str] = field(default_factory=list)  # tables that differ from those of nights without kills


def measure(folder: Path, long: bool) -> list[Figure]:
    """100 kills when `long`, else 3. A data folder that is published already counts as the first night."""
    return figures(run_driver(folder, 100 if long else 3, seed=1, people=150 if long else 60))


def run_driver(folder: Path, kills: int, seed: int, people: int) -> Tally:
    """The kills in a process of their own, which loads the program once and forks."""
    words = [sys.executable, "-m", __name__, str(folder), str(kills), str(seed), str(people)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return Tally(**json.loads(done.stdout.splitlines()[-1]))


def figures(tally: Tally) -> list[Figure]:
    return [
        Figure(
            "A Dagster run killed at random leaves readers one whole state",
            tally.kills,
            len(tally.torn),
            f"SIGKILL to `cdp run`; {tally.at_work} of them while it held the lock. " + "; ".join(tally.torn[:5]),
        ),
        Figure(
            "The next run goes on and ends as if nothing had happened",
            tally.kills,
            len(tally.failed) + len(tally.left) + len(tally.different),
            f"{tally.nights} nights published among the kills, every table equal to the same nights without a kill. "
            + "; ".join([*tally.failed, *tally.left, *tally.different][:5]),
        ),
    ]


# ---- in a process of its own -------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where the runs work."""

    exports: Path
    data: Path
    project: Path
    log: Path


def load_program(project: Path) -> None:
    """Load the graph once, so that every fork has it as if it had loaded it."""
    from dagster._core.code_pointer import ModuleCodePointer
    from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

    from cdp_pipeline.orchestration.instance import MODULE
    from cdp_pipeline.orchestration.schedules import NIGHTLY

    os.environ["CDP_PROJECT"] = str(project.resolve())
    ReconstructableJob(ReconstructableRepository(ModuleCodePointer(MODULE, "defs")), NIGHTLY).get_definition()


def launch(place: Place, as_of: date) -> int:
    """Fork, and be `cdp run` in the fork; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.environ.pop("DAGSTER_HOME", None)
        descriptor = os.open(place.log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        from cdp_pipeline.cli.main import main as cdp

        words = ["--exports", place.exports, "--data", place.data, "--as-of", as_of, "--project", place.project]
        cdp(["run", *map(str, words)], standalone_mode=True)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


def holds_lock(place: Place, process: int) -> bool:
    """The process has the lock of the data folder, as the kernel knows it."""
    try:
        file = f":{(place.data / '.lock').stat().st_ino}"
    except OSError:
        return False
    held = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(str(process) in words and any(word.endswith(file) for word in words) for words in held)


def worked(process: int) -> float:
    """CPU seconds that a process has used: a clock that runs with the run, however busy the machine is."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def wait(process: int, until: Callable[[], bool]) -> int | None:
    """Its exit code, or None when it is still running and `until` has come."""
    while not until():
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    return None


def attempt(place: Place, as_of: date, chance: random.Random, usual: tuple[float, float]) -> tuple[int, bool]:
    """One run and its death; (exit code, it held the lock). A code of 0 says that it was quicker."""
    before_work, at_work = usual
    process = launch(place, as_of)
    code, death = None, chance.uniform(0, before_work + at_work)
    if chance.random() < 0.5:
        code = wait(process, lambda: holds_lock(place, process))
        death = worked(process) + chance.uniform(0, at_work) if code is None else 0
    if code is None:
        code = wait(process, lambda: worked(process) >= death)
    if code is not None:
        return code, True
    working = holds_lock(place, process)
    os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), working


def undisturbed(place: Place, as_of: date) -> tuple[float, float]:
    """One whole run; its CPU seconds until it holds the lock, and after."""
    process = launch(place, as_of)
    locked = total = 0.0
    code = wait(process, lambda: holds_lock(place, process))
    if code is None:
        locked = worked(process)

        def never() -> bool:
            nonlocal total
            total = worked(process)
            return False

        code = wait(process, never)
    if code:
        raise RuntimeError(f"cdp run ended with {code}: {place.log.read_text()[-2000:]}")
    return locked, total - locked


def leftovers(data: Path) -> Iterator[str]:
    """What a clean data folder does not hold."""
    from cdp_pipeline_tests.acceptance.test_kills import runs_at_work

    yield from (f"run folder {path.name}" for path in (data / "runs").glob("*"))
    yield from (f"hidden snapshot {path.name}" for path in (data / "snapshots").glob(".*"))
    known = {".lock", ".lock.holder", ".alerts.lock", ".dagster", ".key"}
    yield from (f"file {path.name}" for path in data.glob(".*") if path.name not in known)
    yield from (f"Dagster run {run} is still at work" for run in runs_at_work(data))


def main(folder: Path, kills: int, seed: int, people: int) -> None:
    """Prints the tally as JSON."""
    from cdp_pipeline_tests.acceptance.published import PROJECT, assert_one_state, digests, publish_next
    from cdp_pipeline_tests.trust.trees import published_files, save
    from cdp_pipeline_tests.trust.world import lean_project, two_nights

    load_program(lean_project(PROJECT))
    place = Place(folder / "exports", folder / "data", PROJECT, folder / "log")
    if not place.exports.exists():
        two_nights(folder, people)()
    is_new = not (place.data / "current").exists()
    chance, tally, as_of = random.Random(seed), Tally(), FIRST if is_new else FIRST + timedelta(days=1)
    nights: list[date] = []
    usual = undisturbed(place, as_of)  # the first night is left alone, and timed
    save(place.data, folder / "control")
    as_of += timedelta(days=1)
    while tally.kills < kills:
        seen = published_files(place.data)
        code, at_work = attempt(place, as_of, chance, usual)
        if code == -signal.SIGKILL:
            tally.kills += 1
            tally.at_work += at_work
        elif code:
            tally.failed.append(f"ended with {code}")
        if published_files(place.data) != seen:
            try:
                assert_one_state(place.data)
            except AssertionError as error:
                tally.torn.append(f"kill {tally.kills}: {str(error)[:200]}")
            nights.append(as_of)
            as_of += timedelta(days=1)
        print(f"{tally.kills} kills, {len(nights)} nights, last ended with {code}", file=sys.stderr, flush=True)
    undisturbed(place, as_of)
    assert_one_state(place.data)
    tally.nights = len(nights) + 1
    tally.left = list(leftovers(place.data))
    for night in (*nights, as_of):
        publish_next(place.exports, folder / "control", PROJECT, night)
    found, wanted = digests(place.data), digests(folder / "control")
    tally.different = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    print(json.dumps(vars(tally)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
