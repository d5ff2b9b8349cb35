"""The product in a process of its own: one file through `cdp resolve`'s function, or staged people by a night.

What belongs here: calling public functions with untouched defaults, and saying what each stage took.
What does not: choosing data, scoring, words.

    python -m cdp_pipeline_tests.benchmarks.identity.product ASKED.json

ASKED: {"file", "out", "mapping", "id_column", "country"}, or {"staged", "night", "published", "as_of",
"train"}: the identity steps of a nightly run into the folder `night`. A line `<stage>.done` is printed
when a stage ends, and JSON at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
KEY = b"a key of these measurements"
STAGED = ("people", "identifiers", "links")
STAGES = {"identity.records": "prepare", "identity.pairs": "link", "identity.person_records": "ids"}


@dataclass
class Clock:
    """Seconds and processor seconds of named stages; a stage inside another is taken out of it."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    inner: list[list[float]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started, used = time.perf_counter(), time.process_time()
        self.inner.append([0.0, 0.0])
        yield
        spent = [time.perf_counter() - started, time.process_time() - used]
        inside = self.inner.pop()
        self.seconds[name] = self.seconds.get(name, 0.0) + spent[0] - inside[0]
        self.cpu[name] = self.cpu.get(name, 0.0) + spent[1] - inside[1]
        if self.inner:
            self.inner[-1] = [a + b for a, b in zip(self.inner[-1], spent, strict=True)]
        print(f"{name}.done", flush=True)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time counted for a stage."""

        def run(*args: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*args, **named)

        return run


def resolve_one(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`cdp resolve` on one file; what it says about it."""
    from cdp_pipeline.identity.matching import load_matching
    from cdp_pipeline.identity.resolve import resolve_file

    matching = load_matching(ROOT / "dbt_like_sql" / "3_identity")
    said = resolve_file(
        Path(asked["file"]), Path(asked["out"]), asked["mapping"], asked["id_column"], matching, asked["country"]
    )
    return {"used": said["used"], "numbers": said["numbers"]}


def solve_night(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The steps of the identity layer on staged people, with the cost of each stage.

    `published` is the folder `night` of an earlier call, or null; `train` asks for a new model.
    """
    from cdp_pipeline.identity import steps
    from cdp_pipeline.identity.model import model
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import Run

    clock = Clock()
    model.train = clock.timed("train", model.train)
    project = read_project(ROOT / "dbt_like_sql")
    night = Path(asked["night"])
    shutil.rmtree(night, ignore_errors=True)
    (night / "staging").mkdir(parents=True)
    for table in STAGED:
        os.link(Path(asked["staged"]) / f"{table}.parquet", night / "staging" / f"{table}.parquet")
    if asked.get("train"):
        from cdp_pipeline.identity.model.saved_model import ask_for_training

        (night / "current").symlink_to(asked["published"])
        ask_for_training(night)
    published = Path(asked["published"]) if asked.get("published") else None
    as_of = date.fromisoformat(asked["as_of"])
    run = Run(project, night / "exports", night, as_of, "bench", KEY, published=published, at=night)
    if published and (published / "identity").is_dir():  # as a run starts: from a clone of what is published
        shutil.copytree(published / "identity", night / "identity", copy_function=os.link)
    numbers: dict[str, Any] = {}
    for step in steps.steps(project):
        name = next((STAGES[table] for table in step.names if table in STAGES), "other")
        if name == "other" and any(read.startswith("identity.") for read in step.reads):  # reports on persons
            continue
        with clock.stage(name):
            outcome = step.run(run)
        for said in outcome.values():
            numbers |= said
    return {"numbers": numbers, "seconds": clock.seconds, "cpu": clock.cpu}


if __name__ == "__main__":
    wanted = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps((resolve_one if "file" in wanted else solve_night)(wanted), default=str))
