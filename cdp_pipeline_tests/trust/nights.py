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
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from cdp_pipeline.demo.exports import write_exports
from cdp_pipeline_tests.acceptance.published import AS_OF, copy_data, digests, publish_next
from cdp_pipeline_tests.trust.figure import Figure

NEXT = AS_OF + timedelta(days=1)
LAST = AS_OF + timedelta(days=2)
LATER = LAST + timedelta(days=1)
PEOPLE = 300  # as in the acceptance tests


def measure(folder: Path, long: bool) -> list[Figure]:
    """Make up one night, and, when there is time, publish the night after it in both histories too."""
    exports, data = folder / "exports", folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
    write_exports(exports, people=PEOPLE, days=1, seed=7)
    publish_next(exports, data)
    return [made_up(exports, data, folder / "histories", [NEXT, LAST] if long else [NEXT])]


def made_up(exports: Path, data: Path, folder: Path, nights: Sequence[date]) -> Figure:
    """Both histories from the published `data`, up to the last of `nights`; tables in which a night differs."""
    folder.mkdir(parents=True)
    on_time, late = copy_data(data, folder / "on_time"), copy_data(data, folder / "late")
    every = deliver(exports, folder / "every", LATER)
    tried, differing = 0, []
    for night in nights:
        run_at(there_on(every, folder / f"until_{night}", night), on_time, night, at=half_past_two(night))
        run_at(every, late, night, at=half_past_two(LATER))
        first, second = digests(on_time), digests(late)
        tried += len(first.keys() | second.keys())
        differing += [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)]
    words = f"{len(nights)} nights made up, table by table" + f": {sorted(set(differing))}" * bool(differing)
    return Figure("Tables of a made-up night that differ from those of the punctual one", tried, len(differing), words)


def half_past_two(day: date) -> float:
    """When the nightly run begins, in seconds since 1970: local time, two hours before UTC in summer."""
    return calendar.timegm(day.timetuple()) + 30 * 60.0


def run_at(exports: Path, data: Path, night: date, at: float) -> None:
    """A run for `night` while the clock of the drop zone stands at `at`."""
    with patch("cdp_pipeline.sources.steps.time.time", return_value=at):
        publish_next(exports, data, as_of=night)


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
