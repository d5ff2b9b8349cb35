"""Whether the tests bite: small wrong changes are made to the package, and the tests have to notice each.

    python -m cdp_pipeline_tests.mutants --count 200 --out mutants.md

What belongs here: the trial of a change on a copy of the tree, and the page of what survived. What does not: the
changes (changes.py), and changes of a running system (trust/mutations.py).

The same tree and seed give the same changes. First the mirror test of the module judges one, then the test folder
of its package, then, with --wider, the acceptance tests that are not slow. A test file that fails or takes more
than a minute on the untouched tree judges nothing and is named. A time limit that is reached counts as killed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import Queue
from threading import Lock

from cdp_pipeline_tests.mutants.changes import PACKAGE, Mutant, draw

ROOT = Path(__file__).parents[2]
TESTS = "cdp_pipeline_tests"
STAGES = ("mirror", "package", "wider")
QUICK = 60.0  # seconds a test file may take on the untouched tree


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the stage that killed it or `survived`, and whether time ran out."""

    end: str
    by_time: bool = False


def judges(root: Path, mutant: Mutant, stage: str) -> list[str]:
    """The test files of a stage, as paths below the root."""
    folder, module = root / TESTS / mutant.folder, Path(mutant.module).stem
    neighbours = {path.stem for path in (root / mutant.module).parent.glob("*.py")} - {module}
    if stage == "wider":
        files = sorted((root / TESTS / "acceptance").glob("test_*.py"))
    elif stage == "package":
        files = sorted(folder.rglob("test_*.py")) if mutant.folder else []
    else:
        files = [
            path
            for path in sorted({*folder.glob(f"test_{module}.py"), *folder.glob(f"test_{module}_*.py")})
            if not any(path.stem.removeprefix("test_").startswith(name) for name in neighbours if name > module)
        ]
    return [path.relative_to(root).as_posix() for path in files]


def digest(root: Path, folder: str) -> str:
    """What the verdict of a test folder rests on: its files, the package and the project."""
    whole = sha256()
    for part in (PACKAGE, "dbt_like_sql", folder):
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]


def run_tests(tree: Path, files: Sequence[str], limit: float) -> tuple[bool, bool]:
    """Whether every test of `files` passed in `tree`, and whether `limit` seconds were not enough."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    slow = ["-m", "not slow"] if any("/acceptance/" in name for name in files) else []
    process = subprocess.Popen(
        [*command, *slow, *files],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit) in {0, 5}, False  # 5: there was no test to run
    except subprocess.TimeoutExpired:
        return False, True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Trials:
    """The trials of one call: the journal, the copies of the tree and what each test file takes."""

    def __init__(self, root: Path, journal: Path, work: Path, *, resume: bool, jobs: int = 1) -> None:
        lines = journal.read_text(encoding="utf-8").splitlines() if resume and journal.exists() else []
        self.known = {entry["key"]: entry for entry in map(json.loads, lines)}
        self.root, self.journal, self.lock = root, journal, Lock()
        self.digests: dict[str, str] = {}
        self.copies: Queue[Path] = Queue()
        skipped = shutil.ignore_patterns(".git", ".venv", "__pycache__", "data", ".*_cache", ".hypothesis")
        journal.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        for number in range(jobs):
            copy = Path(shutil.copytree(root, work / f"tree{number}", ignore=skipped, symlinks=True))
            compiled = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", PACKAGE]
            subprocess.run(compiled, cwd=copy, check=False)
            self.copies.put(copy)

    def note(self, key: str, **entry: object) -> dict[str, object]:
        """Write an entry into the journal, where a later call with --resume finds it."""
        with self.lock, self.journal.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"key": key, **entry}) + "\n")
        self.known[key] = {"key": key, **entry}
        return self.known[key]

    def folder_digest(self, name: str) -> str:
        folder = str(Path(name).parent)
        if folder not in self.digests:
            self.digests[folder] = digest(self.root, folder)
        return self.digests[folder]

    def untouched(self, copy: Path, name: str) -> float | None:
        """The seconds a test file takes on the untouched copy; None where it fails or is not quick."""
        key = f"{name} {self.folder_digest(name)}"
        if key not in self.known:
            begun = time.monotonic()
            passed, _ = run_tests(copy, [name], QUICK)
            self.note(key, file=name, passed=passed, seconds=time.monotonic() - begun)
        entry = self.known[key]
        return entry["seconds"] if entry["passed"] else None

    def left_out(self) -> list[str]:
        return sorted({entry["file"] for entry in self.known.values() if entry.get("passed") is False})

    def judge(self, mutant: Mutant, stages: Sequence[str]) -> Verdict:
        """Try a mutant, or tell what the journal knows; a survivor is tried again when its tests changed."""
        tests = self.folder_digest(f"{TESTS}/{mutant.folder}/x")
        entry = self.known.get(mutant.digest)
        if entry and (entry["end"] != "survived" or (entry["tests"], entry["stages"]) == (tests, len(stages))):
            return Verdict(entry["end"], entry["by_time"])
        copy = self.copies.get()
        try:
            verdict = self._try(copy, mutant, stages)
        finally:
            (copy / mutant.module).write_bytes(mutant.source)
            self.copies.put(copy)
        self.note(mutant.digest, end=verdict.end, by_time=verdict.by_time, tests=tests, stages=len(stages))
        return verdict

    def _try(self, copy: Path, mutant: Mutant, stages: Sequence[str]) -> Verdict:
        tried: set[str] = set()
        for stage in stages:
            (copy / mutant.module).write_bytes(mutant.source)
            asked = [name for name in judges(self.root, mutant, stage) if name not in tried]
            seconds = {name: took for name in asked if (took := self.untouched(copy, name)) is not None}
            tried.update(asked)
            if seconds:
                (copy / mutant.module).write_bytes(mutant.changed)
                passed, by_time = run_tests(
                    copy, sorted(seconds, key=seconds.__getitem__), 20 + 3 * sum(seconds.values())
                )
                if not passed:
                    return Verdict(stage, by_time)
        return Verdict("survived")


def page(verdicts: Mapping[Mutant, Verdict], left_out: Sequence[str]) -> str:
    """The summary: a table of packages, then every survivor with its place and its two lines."""
    ends = (*STAGES, "survived")
    lines = ["| package | mutants | killed by mirror | by package | by wider | survived |", "|---|--:|--:|--:|--:|--:|"]
    counted = [(mutant.folder.split("/")[0] or "(top)", verdict.end) for mutant, verdict in verdicts.items()]
    for package in [*sorted({package for package, _ in counted}), "all"]:
        its = [end for name, end in counted if package in {name, "all"}]
        lines.append(f"| {package} | {len(its)} | " + " | ".join(str(its.count(end)) for end in ends) + " |")
    lines += ["", f"Killed because time ran out: {sum(verdict.by_time for verdict in verdicts.values())}."]
    lines += [f"Judged nothing (fails or is slow on the untouched tree): {name}" for name in left_out]
    for mutant in sorted(verdicts, key=lambda one: (one.module, one.start)):
        if verdicts[mutant].end == "survived":
            lines += ["", f"{mutant.module}:{mutant.line}", "```diff", mutant.difference(), "```"]
    return "\n".join(lines) + "\n"


def _size(root: Path, files: Sequence[str]) -> float:
    return sum((root / name).stat().st_size for name in files) or float("inf")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, try and tell; the exit code says nothing about survivors."""
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline_tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to change (a copy of it is)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--packages", default="", help="a,b: only these packages")
    parser.add_argument("--out", type=Path, help="write the page here and the journal beside it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--wider", action="store_true", help="survivors meet the quick acceptance tests too")
    parser.add_argument("--quick", action="store_true", help="only the mirror tests judge")
    parser.add_argument("--resume", action="store_true", help="believe the journal of an earlier call")
    asked = parser.parse_args(arguments)
    stages = STAGES[: 1 if asked.quick else 3 if asked.wider else 2]
    mutants = draw(
        asked.root, seed=asked.seed, count=asked.count, packages=[name for name in asked.packages.split(",") if name]
    )
    verdicts: dict[Mutant, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="mutants") as work, ThreadPoolExecutor(asked.jobs) as pool:
        journal = asked.out.with_suffix(".jsonl") if asked.out else Path(work) / "journal.jsonl"
        trials = Trials(asked.root, journal, Path(work), resume=asked.resume, jobs=asked.jobs)
        # Small mirror tests come first, modules without one last: most of the answer in little of the time.
        mutants.sort(key=lambda one: _size(asked.root, judges(asked.root, one, "mirror")))
        begun = time.monotonic()

        def tell(mutant: Mutant) -> None:
            verdicts[mutant] = verdict = trials.judge(mutant, stages)
            rest = (time.monotonic() - begun) / len(verdicts) * (len(mutants) - len(verdicts))
            place = f"{len(verdicts)}/{len(mutants)} {mutant.module}:{mutant.line}"
            print(
                f"{place} {verdict.end}{' (time ran out)' if verdict.by_time else ''}; {rest / 60:.0f} min left",
                flush=True,
            )
            if asked.out:
                asked.out.write_text(page(verdicts.copy(), trials.left_out()), encoding="utf-8")

        list(pool.map(tell, mutants))
        print(page(verdicts, trials.left_out()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
