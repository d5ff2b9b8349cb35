"""What stewards decide: the file, which verdict holds, and that it binds every later run."""

from __future__ import annotations

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers import verdicts
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.nights import night
from cdp_pipeline_tests.identity.people import PERSON

KOEN = {**PERSON, "first_name": "Koen", "email": "koen@mail.example", "phone": "0687654321"}
COPIES = [{**PERSON, "record_id": "1"}, {**PERSON, "record_id": "2", "source": "shop"}]


def _file(tmp_path, *lines: str):
    path = tmp_path / "verdicts.csv"
    path.write_text("\n".join(("record_l,record_r,verdict,decided_at,reviewer,note", *lines)) + "\n", "utf-8")
    return path


def test_a_missing_file_is_no_verdicts(tmp_path):
    """Most projects have none."""
    assert verdicts.read_verdicts(tmp_path / "verdicts.csv").num_rows == 0


def test_the_smaller_key_comes_first(tmp_path):
    """The two records of a line may stand in any order."""
    read = verdicts.read_verdicts(_file(tmp_path, "9,4,Same,2026-01-31,kim,", "4,9,different,2026-02-01 09:30,kim,x"))
    assert read.select(["record_key_l", "record_key_r", "verdict", "line"]).to_pylist() == [
        {"record_key_l": 4, "record_key_r": 9, "verdict": "same", "line": 2},
        {"record_key_l": 4, "record_key_r": 9, "verdict": "different", "line": 3},
    ]


def test_every_mistake_is_told_at_once(tmp_path):
    """Line by line, in one error, without the values."""
    path = _file(
        tmp_path, "a1,4,same,2026-01-31,,", "4,4,same,2026-01-31,,", "4,5,diferent,soon,,", "4,5,same,2026-01-31,,,z"
    )
    with pytest.raises(InputError) as error:
        verdicts.read_verdicts(path)
    assert [problem.split(": ")[0] for problem in error.value.problems] == [
        f"verdicts.csv:{line}" for line in (2, 3, 4, 4, 5)
    ]
    assert "did you mean different" in str(error.value)


def test_a_file_without_its_columns_is_one_clear_error(tmp_path):
    """A missing column is named, and one with a typo too."""
    path = tmp_path / "verdicts.csv"
    path.write_text("record_l,record_r,verdct,decided_at\n", "utf-8")
    with pytest.raises(InputError, match="column verdict is missing"):
        verdicts.read_verdicts(path)


def test_the_newest_verdict_holds():
    """A chain of newer `same` sets an older `different` aside, and the other way round."""
    newest_first = [
        (5, 1, 2, "same"),
        (4, 2, 3, "same"),
        (3, 1, 3, "different"),
        (2, 1, 4, "different"),
        (1, 4, 1, "same"),
    ]
    assert [(line, holds) for line, holds, _ in verdicts._weighed(newest_first)] == [
        (5, True), (4, True), (3, False), (2, True), (1, False),
    ]  # fmt: skip


def test_same_joins_and_different_parts():
    """Two strangers become one person, two copies become two, and the next run forgets neither."""
    rows = [*COPIES, {**KOEN, "record_id": "3"}]
    plain = night(rows)
    assert plain.groups == {frozenset({"1", "2"}), frozenset({"3"})}
    said = [(plain.key("1"), plain.key("3"), "same"), (plain.key("1"), plain.key("2"), "different")]
    decided = night(rows, plain, verdicts=said)
    assert decided.groups == {frozenset({"1", "3"}), frozenset({"2"})}
    later = night([*rows, {**KOEN, "record_id": "4", "source": "shop"}], decided, verdicts=said)
    assert later.groups == {frozenset({"1", "3", "4"}), frozenset({"2"})}
    assert {row[0] for row in later.rows("select status from verdicts")} == {"applied"}
    assert night(rows, later).groups == plain.groups, "taken back, it binds no more"


def test_different_wins_over_an_account():
    """One login on two records is overruled by a steward, and the contradiction is reported."""
    rows = [{**PERSON, "record_id": "1", "login_id": "7"}, {**KOEN, "record_id": "2", "login_id": "7"}]
    plain = night(rows)
    assert len(plain.groups) == 1
    decided = night(rows, plain, verdicts=[(plain.key("1"), plain.key("2"), "different")])
    assert len(decided.groups) == 2
    assert decided.rows("select status, is_in_force from verdicts") == [("conflicting", True)]
    assert decided.rows("select affected from guards where guard = 'broken_links'") == [(1,)]
    assert decided.rows("select change, split_part(cause, ':', 2) from changes where change = 'split'") == [
        ("split", " a steward calls them different persons")
    ]


def test_no_average_outvotes_a_verdict():
    """Six near copies agree with both records that a steward keeps apart: they never meet in one person."""
    rows: list[invented.Row] = [
        {**PERSON, "record_id": str(n), "street": f"Kerkstraat {n}", "birth_date": "1980-02-03"} for n in range(8)
    ]
    plain = night(rows)
    assert len(plain.groups) == 1
    decided = night(rows, plain, verdicts=[(plain.key("0"), plain.key("7"), "different")])
    assert decided.persons["0"] != decided.persons["7"]
    assert len(decided.groups) == 2


def test_an_unknown_record_is_told():
    """A verdict on a record that is no longer delivered does nothing."""
    state = night(COPIES, verdicts=[(1, 2, "same")])
    assert state.rows("select status, is_in_force from verdicts") == [("unknown_record", False)]


def test_a_clean_source_keeps_its_records_apart():
    """Copies in a source that is declared clean are two persons; what that source merged itself is one."""
    clean = invented.MATCHING.model_copy(update={"clean_sources": ("crm",)})
    rows = [{**PERSON, "record_id": "1"}, {**PERSON, "record_id": "2"}, {**PERSON, "record_id": "3", "source": "shop"}]
    state = night(rows, matching=clean)
    assert state.persons["1"] != state.persons["2"]
    assert len(state.groups) == 2
    merged = night(rows, links=[("crm", "1", "crm", "2", "merge")], matching=clean)
    assert len(merged.groups) == 1
    logins = night([{**row, "login_id": "7"} for row in rows], matching=clean)
    assert logins.persons["1"] != logins.persons["2"]
