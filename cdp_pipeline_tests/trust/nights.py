"""Nights that were missed and made up later, held against nights that ran on time.

What belongs here: two histories of the same deliveries, and the tables in which they differ. What
does not: noticing that a night was missed (operations/test_nights.py).

In one history every night runs when it should, and later files have not come yet. In the other a
night is missed; when it is made up, the files of the nights after it lie there already. Beside the
demo's files, which have their day in their path, one file has none: its last change tells.
"""

from __future__ import annotations

import calendar
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from cdp_pipeline.demo.exports import write_exports
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.run_folder import drop_former_tables
from cdp_pipeline.run.steps import perform
from cdp_pipeline_tests.acceptance.published import AS_OF, SHIPPED, copy_data, digests, publish_next, start
from cdp_pipeline_tests.trust.figure import Figure

NEXT = AS_OF + timedelta(days=1)
LAST = AS_OF + timedelta(days=2)
PEOPLE = 300  # as in the acceptance tests
REMEMBERING = ("raw", "staging", "quarantine", "identity", "profiles", "segments")
"""The layers in which a night rests on the night before; the others are made from these alone."""


def measure(folder: Path, long: bool) -> list[Figure]:
    """Make up one night, and, when there is time, publish the night after it in both histories too."""
    exports, data = folder / "exports", folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
    write_exports(exports, people=PEOPLE, days=1, seed=7)
    publish_next(exports, data)
    layers = read_project(SHIPPED).layers if long else REMEMBERING
    return [made_up(exports, data, folder / "histories", [NEXT, LAST] if long else [NEXT], layers)]


def made_up(exports: Path, data: Path, folder: Path, nights: Sequence[date], layers: Collection[str]) -> Figure:
    """Both histories from the published `data`, up to the last of `nights`; tables in which a night differs."""
    folder.mkdir(parents=True)
    on_time, late = copy_data(data, folder / "on_time"), copy_data(data, folder / "late")
    later = nights[-1] + timedelta(days=1)
    every = deliver(exports, folder / "every", later)
    tried, differing = 0, []
    for night in nights:
        with the_clock_at(night):
            publish_layers(there_on(every, folder / f"until_{night}", night), on_time, night, layers)
        with the_clock_at(later):
            publish_layers(every, late, night, layers)
        first, second = digests(on_time), digests(late)
        tried += len(first.keys() | second.keys())
        differing += [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)]
    words = f"{len(nights)} nights made up, table by table" + f": {sorted(set(differing))}" * bool(differing)
    return Figure("Tables of a made-up night that differ from those of the punctual one", tried, len(differing), words)


@contextmanager
def the_clock_at(day: date) -> Iterator[None]:
    """The drop zone is looked at at half past two of a day in summer: half an hour past midnight in UTC."""
    with patch("cdp_pipeline.sources.steps.time.time", return_value=calendar.timegm(day.timetuple()) + 1800.0):
        yield


def publish_layers(exports: Path, data: Path, night: date, layers: Collection[str] = REMEMBERING) -> None:
    """A run for `night` that makes and publishes the tables of some layers, without checks and warehouses."""
    lock = hold(data)
    try:
        run = start(exports, data, as_of=night)
        steps = [step for step in build_pipeline(run.project).steps if step.tables[0].layer in layers]
        for step in steps:
            perform(run, step)
        drop_former_tables(run, [name for step in steps for name in step.names])
        publish(run, [])
    finally:
        lock.release()


def deliver(exports: Path, target: Path, last: date) -> Path:
    """The first delivery and those of each day up to `last`; the products of each in a file without its day."""
    shutil.copytree(exports, target)
    for number in range(1, (last - AS_OF).days + 1):
        day = AS_OF + timedelta(days=number)
        write_exports(target, people=PEOPLE, days=number + 1, seed=7, last_day=day, only_day=day)
    for path in sorted(target.glob("*/shopify/products_export_*.csv")):
        day = date.fromisoformat(path.parts[-3])
        undated = target / f"shop-{(day - AS_OF).days}" / "products_export.csv"
        undated.parent.mkdir()
        path.rename(undated)
        path.with_name(path.name + ".done").unlink()
        came = calendar.timegm(day.timetuple()) - 3600  # an hour past midnight, in summer
        os.utime(undated, (came, came))
    shutil.rmtree(target / "_truth", ignore_errors=True)
    return target


def there_on(every: Path, target: Path, night: date) -> Path:
    """Of `every` delivery those that had come by a night, with their last changes."""
    later = {str(night + timedelta(days=n)) for n in range(1, 9)} | {
        f"shop-{(night - AS_OF).days + n}" for n in range(1, 9)
    }
    shutil.copytree(every, target, ignore=lambda _, names: [name for name in names if name in later])
    return target
