"""Who must be taken out again at a destination: `<audience>.remove.csv`.

What belongs here: comparing the last published file of an audience with this one. What does not:
who is in a file (export.py).

A removal file holds the keys that the last published file had and this one has not: people who left
the audience, took back a permission, or were erased. It has the header of the audience file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdp_pipeline.activation.audience_file import Row, read, write
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.lake import Run
from cdp_pipeline.shapes import Destination

REMOVE = ".remove.csv"
_RECEIPTS = "as_of date"


def removals(
    before: Iterable[Row], now: Sequence[Row], header: Row, keys: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """Rows to take out at the destination: keys in `before` that are in no row of `now`, sorted.

    A row keeps only the columns of its keys that are gone: who changed phone but kept the e-mail
    address is to be removed by the old phone alone.
    """
    places = [tuple(header.index(column) for column in key) for key in keys]
    current = [{tuple(row[i] for i in place) for row in now} for place in places]
    found: set[tuple[str, ...]] = set()
    for row in before:
        gone: set[int] = set()
        for place, present in zip(places, current, strict=True):
            value = tuple(row[i] for i in place)
            if all(value) and value not in present:
                gone.update(place)
        if gone:
            found.add(tuple(cell if i in gone else "" for i, cell in enumerate(row)))
    return sorted(found)


def write_removals(run: Run, name: str, destination: Destination, audiences: Sequence[str]) -> set[str]:
    """Write the removal files of a destination beside its audience files; returns their names.

    `audiences` are those that still go there: of any other the whole last file is to be removed.
    When a day is run again the removals of its first run are kept, for the published file is then of
    the same day. When the transfer has ended nothing is sent, not even removals.
    """
    if run.published is None or transfer_problem(run.project, destination, run.as_of):
        return set()
    last, folder = run.published / "activation" / name, run.folder / "activation" / name
    header = [column.name for column in destination.columns]
    is_same_day = _published_as_of(run) >= str(run.as_of)
    as_it_was = destination.model_copy(update={"guard_formulas": False})
    stems = {path.name.removesuffix(".csv").removesuffix(".remove") for path in last.glob("*.csv")}
    names: set[str] = set()
    for stem in sorted(stems):
        before = read(last / f"{stem}.csv", header, destination)
        if is_same_day:
            before += read(last / f"{stem}{REMOVE}", header, destination)
        now = read(folder / f"{stem}.csv", header, destination) if stem in audiences else []
        path = folder / f"{stem}{REMOVE}"
        if write(path, header, removals(before, now, header, destination.keys), as_it_was):
            names.add(path.name)
    return names


def _published_as_of(run: Run) -> str:
    table = "previous.activation.receipts"
    with run.connect(table, empty={table: _RECEIPTS}) as con:
        found = con.execute(f"select coalesce(max(as_of)::varchar, '') from {table}").fetchall()
    return str(found[0][0])
