"""Audience files on disk, formulas in cells, and removals."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_pipeline.activation.audience_file import clear, read, write
from cdp_pipeline.activation.removals import removals
from cdp_pipeline.ledgers.spreadsheet import guard
from cdp_pipeline.project.shapes import Destination
from cdp_pipeline.run.failpoints import VARIABLE, FaultError, forget

Make = Callable[..., Destination]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1 2", "-2+3", "@sum", "\t=1", "\r=1", "  =1", "\u200b=1", "\uff1d1", "\x00=1", "\n=1"]
)
def test_formulas_get_an_apostrophe(cell: str) -> None:
    """Whatever a spreadsheet could run, also behind blanks and in full-width form, becomes text."""
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Anna", "12", "-12.5000", "a=b", "x@example.org", "2026-01-01"])
def test_plain_cells_stay(cell: str) -> None:
    """Names, numbers, addresses and dates are left as they are."""
    assert guard(cell) == cell


@given(st.text(max_size=12))
def test_no_guarded_cell_starts_a_formula(cell: str) -> None:
    """A guarded cell starts with a sign of a formula only when it is a number."""
    found = guard(cell).lstrip()
    assert not found.startswith(("=", "+", "@"))
    assert not found.startswith("-") or found[1:2].isdigit()


def test_a_file_is_whole_or_not_there(tmp_path: Path, make_destination: Make) -> None:
    """When rows fail half-way, the earlier file stays."""
    path = tmp_path / "a.csv"
    write(path, ["email"], [["a"]], make_destination())

    def failing() -> object:
        yield ["b"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(path, ["email"], failing(), make_destination())  # type: ignore[arg-type]
    assert path.read_bytes() == b"email\na\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_rows_no_file(tmp_path: Path, make_destination: Make) -> None:
    """An audience of nobody has no file, and takes away the one that was there."""
    path = tmp_path / "a.csv"
    write(path, ["email"], [["a"]], make_destination())
    assert write(path, ["email"], [], make_destination()) is None
    assert not path.exists()


@pytest.mark.parametrize("point", ["audience.none", "audience.clear"])
def test_a_night_may_die_before_a_file_is_taken_away(
    tmp_path: Path, make_destination: Make, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Both ways of taking a file away stop at their fault point with the file still there."""
    path = tmp_path / "a.csv"
    write(path, ["email"], [["a"]], make_destination())
    monkeypatch.setenv(VARIABLE, f"raise@{point}")
    forget()
    with pytest.raises(FaultError):
        write(path, ["email"], [], make_destination()) if point == "audience.none" else clear(tmp_path, set())
    assert path.exists()


def test_a_file_reads_back(tmp_path: Path, make_destination: Make) -> None:
    """Quotes, delimiters and line ends inside cells survive, and a column that is missing is empty."""
    path = tmp_path / "a.csv"
    rows = [["a,b", 'say "x"'], ["c\nd", "é"]]
    write(path, ["one", "two"], rows, make_destination())
    assert read(path, ["two", "one", "three"], make_destination()) == [('say "x"', "a,b", ""), ("é", "c\nd", "")]


def test_a_removal_keeps_what_is_still_in_use() -> None:
    """Who changed phone is removed by the old phone, not by the e-mail address that stayed."""
    header, keys = ["email", "phone", "name"], [["email"], ["phone"]]
    before = [("a@x", "1", "Anna"), ("b@x", "2", "Bert"), ("c@x", "3", "Chloe")]
    now = [("a@x", "9", "Anna"), ("b@x", "2", "Bert")]
    assert removals(before, now, header, keys) == [("", "1", ""), ("c@x", "3", "")]


keys_only = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", ""])), max_size=5)


@given(before=keys_only, now=keys_only)
def test_removals_take_out_exactly_what_is_gone(before: list[tuple[str, str]], now: list[tuple[str, str]]) -> None:
    """No key that is still in the file is removed, and no key that is gone is forgotten."""
    found = removals(before, now, ["k", "l"], [["k"], ["l"]])
    for place in (0, 1):
        gone = {row[place] for row in before} - {row[place] for row in now} - {""}
        assert {row[place] for row in found} - {""} == gone
