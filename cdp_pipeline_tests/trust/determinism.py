"""The same exports give the same rows in the same order, whatever the machine does.

What belongs here: nights run again with other numbers of threads, with files found in another order, in processes
with another hash seed. What does not: one table's order (test_lake.py), a night made up later (operations/).

Equal digests are equal rows in equal order; every published table is compared, after a first night and after a
second one that builds on it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from cdp_pipeline_tests.trust.figure import Figure

FIRST = date(2026, 6, 29)


@dataclass(frozen=True)
class Way:
    """One way of running the same nights. `order` seeds the order in which files are written and listed."""

    threads: int
    order: int
    hash_seed: int

    @property
    def words(self) -> str:
        return f"{self.threads} threads, files in order {self.order}, hash seed {self.hash_seed}"


LONG = tuple(Way(threads, order, order * 7 + threads) for order in range(4) for threads in (1, 2, 4))[:10]
SHORT = (Way(4, 1, 3),)
TWO = 4  # of the runs go on to a second night: threads 1, 2, 4, and one with files in another order


def measure(folder: Path, long: bool) -> list[Figure]:
    """Ten runs of two nights when `long`; else one run of the exports in `folder`, compared with its data."""
    exports, data = folder / "exports", folder / "data"
    if long or not (data / "current").exists():
        _make(exports, 200 if long else 60)
        found = {
            way: run_way(folder, exports, way, 2 if at < TWO else 1)
            for at, way in enumerate(LONG if long else (Way(1, 0, 0), *SHORT))
        }
    else:
        from cdp_pipeline_tests.acceptance.published import digests

        found = {Way(0, 0, 0): [dict(digests(data))]} | {way: run_way(folder, exports, way, 1) for way in SHORT}
    (_first, wanted), *others = found.items()
    wrong = [f"{way.words}: {name}" for way, nights in others for name in _differences(wanted, nights)]
    compared = sum(len(night) for nights in found.values() for night in nights)
    return [
        Figure(
            "Another run of the same exports gives every table the same digest",
            compared,
            len(wrong),
            f"{len(found)} runs, {sum(len(n) for n in found.values())} nights; threads "
            f"{sorted({way.threads for way in found})}, files found in {len({way.order for way in found})} orders. "
            + "; ".join(wrong[:5]),
        )
    ]


def _differences(wanted: list[dict[str, str]], found: list[dict[str, str]]) -> Iterator[str]:
    for night, (a, b) in enumerate(zip(wanted, found, strict=False), 1):
        yield from (f"{name} of night {night}" for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name))


def _make(exports: Path, people: int) -> None:
    from cdp_pipeline_tests.acceptance.published import cdp

    made = cdp("demo", "--people", str(people), "--days", "2", "--out", exports)
    if made.returncode:
        raise RuntimeError(made.stderr)


def run_way(folder: Path, exports: Path, way: Way, nights: int) -> list[dict[str, str]]:
    """Digests of every table after each night, from a process of its own that works in a new folder."""
    work = folder / f"threads{way.threads}-order{way.order}"
    command = [sys.executable, "-m", __name__, str(work), str(exports), str(way.threads), str(way.order), str(nights)]
    settings = {"PYTHONHASHSEED": str(way.hash_seed), "POLARS_MAX_THREADS": str(way.threads)}
    done = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{way.words}: {done.stderr[-2000:]}")
    shutil.rmtree(work)
    found: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- in a process of its own -------------------------------------------------------------------------


def _bound_threads(threads: int) -> None:
    """Every DuckDB connection gets so many threads, unless it asks for a number itself."""
    import duckdb
    import pyarrow as pa

    pa.set_cpu_count(threads)
    connect = duckdb.connect

    def bounded(*words: Any, config: Mapping[str, Any] | None = None, **more: Any) -> Any:
        return connect(*words, config={"threads": threads, **(config or {})}, **more)

    duckdb.connect = bounded  # type: ignore[assignment]


def _shuffle_listings(order: int) -> None:
    """Folders are listed in an order of their own, as on another file system."""
    chance, scandir, listdir = random.Random(order), os.scandir, os.listdir

    class Listing:
        def __init__(self, *words: Any) -> None:
            with scandir(*words) as found:
                self.entries = sorted(found, key=lambda entry: str(entry.name))
            chance.shuffle(self.entries)

        def __iter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __next__(self) -> os.DirEntry[str]:
            if not self.entries:
                raise StopIteration
            return self.entries.pop()

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    def listed(*words: Any) -> list[str]:
        found = sorted(listdir(*words))
        chance.shuffle(found)
        return found

    os.scandir, os.listdir = Listing, listed  # type: ignore[assignment, misc]


def _deliver(exports: Path, target: Path, order: int) -> None:
    """The same files with the same times, written in another order."""
    files = sorted(path for path in exports.rglob("*") if path.is_file() and "_truth" not in path.parts)
    random.Random(order).shuffle(files)
    for path in files:
        (target / path.relative_to(exports)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.relative_to(exports))


def main(work: Path, exports: Path, threads: int, order: int, nights: int) -> None:
    """Prints the digests of every night as JSON."""
    _bound_threads(threads)
    from cdp_pipeline_tests.acceptance.published import digests, publish_next

    _deliver(exports, work / "exports", order)
    waiting, second = work / "waiting", FIRST + timedelta(days=1)
    is_first = (work / "exports" / str(FIRST)).exists()  # exports of two nights, else those of the one night
    days = [FIRST, second][:nights] if is_first else [second]
    if is_first:
        (work / "exports" / str(second)).rename(waiting)
    if order:
        _shuffle_listings(order)
    found = []
    for day in days:
        if waiting.exists() and day != days[0]:
            waiting.rename(work / "exports" / str(day))
        publish_next(work / "exports", work / "data", as_of=day)
        found.append(dict(digests(work / "data")))
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:6]))
