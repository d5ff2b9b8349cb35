"""Who must be taken out again at a destination: `<audience>.remove.csv`.

What belongs here: comparing what was delivered of an audience with this night's file. What does not:
who is in a file (export.py), and going back (publishing/).

A removal file holds the keys that the last published file had and this one has not: people who left
the audience, took back a permission, or were erased. It has the header of the audience file.

A state that is gone back to has no files, but destinations have those of the state that was left. Their
keys wait in the hidden folder `.delivered/<destination>/<audience>.csv` of the state gone back to, until the next
publication: it has them in its removal files, and deletes the folder. While the transfer to a destination has
ended, nothing is sent there, not even removals: its keys wait in the same place of every night's state until it is
renewed. The erased do not wait: a night that erases hands on only keys of people who are known.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cdp_pipeline.activation.audience_file import Row, read, write
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import DELIVERED, Run
from cdp_pipeline.run.whole_file import flush

REMOVE = ".remove.csv"
_RECEIPTS = "as_of date"


def removals(
    before: Iterable[Row], now: Sequence[Row], header: Row, keys: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """Rows to take out at the destination: keys in `before` that are in no row of `now`, sorted.

    A row keeps only the columns of its keys that are gone: who changed phone but kept the e-mail
    address is to be removed by the old phone alone.
    """
    return _keys_of(before, now, header, keys, are_there=False)


def write_removals(
    run: Run, name: str, destination: Destination, audiences: Sequence[str], everybody: Callable[[], Sequence[Row]]
) -> set[str]:
    """Write the removal files of a destination beside its audience files; returns their names.

    `audiences` are those that still go there: of any other the whole last file is to be removed.
    When a day is run again the removals of its first run are kept, for the published file is then of
    the same day. When the transfer has ended nothing is sent, and the keys wait; `known` gives a row of
    the destination for everybody in profiles.customers, whatever they permit.
    """
    if run.published is None:
        return set()
    last, place_of_files = _places(run.published, name)
    folder, waiting = _places(run.folder, name)
    header = _header(destination)
    is_same_day = _published_as_of(run) >= str(run.as_of)
    has_ended = transfer_problem(run.project, destination, run.as_of) is not None
    people = everybody() if has_ended and run.manifest().erased_now else None
    names: set[str] = set()
    if not has_ended:
        fault("removals.drop_waiting")
        shutil.rmtree(waiting, ignore_errors=True)
        with suppress(OSError):
            waiting.parent.rmdir()
    for stem in _stems([last, place_of_files]):
        before = [row for place in (last, place_of_files) for row in read(place / f"{stem}.csv", header, destination)]
        if is_same_day:
            before += read(last / f"{stem}{REMOVE}", header, destination)
        now = read(folder / f"{stem}.csv", header, destination) if stem in audiences else []
        rows = removals(before, now, header, destination.keys)
        path = folder / f"{stem}{REMOVE}"
        if has_ended:
            left = rows if people is None else _keys_of(rows, people, header, destination.keys, are_there=True)
            _keep(waiting / f"{stem}.csv", left, destination)
        elif write(path, header, rows, _as_it_was(destination)):
            names.add(path.name)
    return names


def keep_delivered(project: Project, states: Sequence[Path], at: Path) -> None:
    """Keep in the snapshot `at`, which loses its files, the keys in all files of it and of the snapshots `states`.

    Nothing but what removal files need: the columns of the keys. What these snapshots had kept is handed on.
    """
    for name, destination in sorted(project.destinations.items()):
        header = _header(destination)
        places = [place for state in (*states, at) for place in _places(state, name)]
        for stem in _stems(places):
            files = [
                row
                for place in places
                for file in (f"{stem}.csv", f"{stem}{REMOVE}")
                for row in read(place / file, header, destination)
            ]
            _keep(at / DELIVERED / name / f"{stem}.csv", removals(files, [], header, destination.keys), destination)


def _keep(path: Path, rows: Sequence[Row], destination: Destination) -> None:
    for folder in (path.parents[1], path.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    if write(path, _header(destination), rows, _as_it_was(destination)):
        for each in (path, *path.parents[:3]):
            flush(each)


def _keys_of(
    rows: Iterable[Row], others: Sequence[Row], header: Row, keys: Sequence[Sequence[str]], are_there: bool
) -> list[tuple[str, ...]]:
    """The rows with only those of their keys that a row of `others` has, or that none has; sorted, without empty ones."""
    places = [tuple(header.index(column) for column in key) for key in keys]
    present = [{tuple(row[i] for i in place) for row in others} for place in places]
    identities: set[tuple[str, ...]] = set()
    for row in rows:
        columns: set[int] = set()
        for place, values in zip(places, present, strict=True):
            value = tuple(row[i] for i in place)
            if all(value) and (value in values) == are_there:
                columns.update(place)
        if columns:
            identities.add(tuple(cell if i in columns else "" for i, cell in enumerate(row)))
    return sorted(identities)


def _places(state: Path, name: str) -> tuple[Path, Path]:
    """Where a snapshot has its files of a destination, and what it keeps of states that were left."""
    return state / "activation" / name, state / DELIVERED / name


def _stems(places: Sequence[Path]) -> list[str]:
    """The audiences that files in `places` are of."""
    files = [path.name for place in places for path in place.glob("*.csv")]
    return sorted({name.removesuffix(".csv").removesuffix(".remove") for name in files})


def _header(destination: Destination) -> list[str]:
    return [column.name for column in destination.columns]


def _as_it_was(destination: Destination) -> Destination:
    """The same, for cells that are guarded already."""
    return destination.model_copy(update={"guard_formulas": False})


def _published_as_of(run: Run) -> str:
    table = "previous.activation.receipts"
    with run.connect(table, empty={table: _RECEIPTS}) as con:
        rows = con.execute(f"select coalesce(max(as_of)::varchar, '') from {table}").fetchall()
    return str(rows[0][0])
