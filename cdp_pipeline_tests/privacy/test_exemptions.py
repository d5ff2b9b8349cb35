"""What a contract says of erasure is meant: what has no effect, or would let a refusal end, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.privacy.steps import steps
from cdp_pipeline.project.project import read_project
from cdp_pipeline_tests.profiles.scene import copy_project

STOPS = "rows_kept_when_erased: [denied, withdrawn, complaint, bounced, objected]"


def told(tmp_path: Path, table: str, old: str, new: str) -> list[str]:
    """Problems of the shipped contracts after one change, each with the line that it names."""
    path = copy_project(tmp_path) / "2_staging" / f"{table}.yml"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ProjectError) as error:
        steps(read_project(path.parents[1]))
    lines = ["", *path.read_text("utf-8").splitlines()]
    found = []
    for problem in error.value.problems:
        line, _, words = problem.removeprefix(f"{path}:").partition(": ")
        found.append(f"{lines[int(line)].split(':')[0].strip()} | {words}")
    return found


def test_the_shipped_contracts_are_right(tmp_path: Path) -> None:
    """The contracts as they are delivered have no problem."""
    assert steps(read_project(copy_project(tmp_path)))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("", "columns | rows_kept_when_erased: named on no column; without it a refusal ends with the record"),
        ("rows_kept_when_erased: []", "rows_kept_when_erased | status: rows_kept_when_erased: found []; allowed: granted"),
        ("rows_kept_when_erased: [denied, withdrwan]",
         "rows_kept_when_erased | status: rows_kept_when_erased: found withdrwan (did you mean withdrawn?); allowed: granted"),
    ],
)  # fmt: skip
def test_which_stops_stay_is_said_and_spelt_right(tmp_path: Path, new: str, said: str) -> None:
    """A contract of permissions without the key, with an empty list or a slip of the pen starts nothing."""
    (problem,) = told(tmp_path, "permissions", STOPS, new)
    assert problem.startswith(said)


def test_no_two_columns_say_which_stops_stay(tmp_path: Path) -> None:
    """With two lists it would be a guess whether a row needs one or both."""
    old = "purpose: {type: text, kept_when_erased: true, required: true,"
    (problem,) = told(tmp_path, "permissions", old, f"{old} rows_kept_when_erased: [analytics],")
    assert problem == "columns | rows_kept_when_erased: named on purpose, status; allowed: one column"


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("orders", "discount_code: {type: text,", "discount_code: {rows_kept_when_erased: [a], type: text,",
         "discount_code | discount_code: rows_kept_when_erased: no effect here; allowed in permissions"),
        ("tickets", "subject: {type: text,", "subject: {type: text, kept_when_erased: true,",
         "subject | subject: kept_when_erased: no effect here; allowed in order_lines, orders, permissions"),
        ("orders", "order_id: {type: text,", "order_id: {type: text, kept_when_erased: true,",
         "order_id | order_id: kept_when_erased: no effect here; the erasure writes this column itself"),
        ("orders", "record_id: {type: text,", "record_id: {type: text, kept_when_erased: true,",
         "record_id | record_id: kept_when_erased: found true; allowed: false, for the column is personal"),
        ("permissions", "recipient: {type: text, sensitivity: public, is_id: false, kept_when_erased: true,",
         "recipient: {type: text, sensitivity: public, rows_kept_when_erased: [a],",
         "recipient | recipient: rows_kept_when_erased: the column has no list of values under in"),
        ("orders", "currency: {type: text, kept_when_erased: true,", "currency: {type: text,",
         "currency | currency: required, and emptied when somebody is erased: say kept_when_erased: true"),
        ("orders", "  total_amount: {type: money,", "  total_amount: {type: money, kept_when_erased: false,",
         "total_amount | total_amount: required, and emptied when somebody is erased: say kept_when_erased: true"),
    ],
)  # fmt: skip
def test_what_has_no_effect_or_sets_orders_aside_is_refused(
    tmp_path: Path, table: str, old: str, new: str, said: str
) -> None:
    """Each key stands where it means something; what must be there may not be emptied."""
    assert any(problem.startswith(said) for problem in told(tmp_path, table, old, new))


def test_a_list_is_no_answer_to_whether_a_column_is_kept(tmp_path: Path) -> None:
    """`kept_when_erased` is true or false; anything else is told with file and line."""
    path = copy_project(tmp_path) / "2_staging" / "orders.yml"
    path.write_text(path.read_text("utf-8").replace("kept_when_erased: false", "kept_when_erased: [HELLO]"), "utf-8")
    with pytest.raises(ProjectError, match=r"orders\.yml:\d+: columns\.discount_code\.kept_when_erased: .* boolean"):
        read_project(path.parents[1])
