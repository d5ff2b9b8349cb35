"""`--set` and `--block` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.settings import Blocked, changed_project, names, read_blocks, read_settings
from cdp_pipeline_tests.whole_project import ROOT

PROJECT = ROOT / "dbt_like_sql"


def test_values_are_read_as_yaml() -> None:
    """Numbers, switches and lists are what they look like."""
    assert read_settings(["joining.cut=-2.5", "email_rule.use=false", "veto=[birth_date]"]) == {
        "joining.cut": -2.5,
        "email_rule.use": False,
        "veto": ["birth_date"],
    }


def test_every_mistake_is_told_with_the_nearest_name() -> None:
    """Unknown names, missing values and unreadable ones come together."""
    with pytest.raises(InputError) as caught:
        read_settings(["cut=2", "jonk.records=3", "joining.cut", "veto=[birth_date", "zzz=1"])
    assert caught.value.problems[:4] == (
        "--set cut: no such setting (did you mean joining.cut?)",
        "--set jonk.records: no such setting (did you mean junk.records?)",
        "--set joining.cut: expected NAME=VALUE, such as joining.cut=2",
        "--set veto: [birth_date is no value; lists are written [one, two]",
    )
    assert "joining.cut, joining.largest_group" in caught.value.problems[4]


def test_words_and_tables_are_no_settings() -> None:
    """Who owns the file, and what has a file of its own, cannot be set."""
    assert not {"owner", "description", "nicknames", "placeholders"} & set(names())


def test_identifiers_are_read_and_never_repeated() -> None:
    """Kind and value part at the first colon; a wrong kind is told without the value."""
    assert read_blocks(["email: a@mail.example", "phone:+31 6:1"]) == (
        Blocked("email", "a@mail.example"),
        Blocked("phone", "+31 6:1"),
    )
    with pytest.raises(InputError) as caught:
        read_blocks(["e-mail:canary@mail.example", "canary"])
    assert len(caught.value.problems) == 2
    assert "did you mean email?" in caught.value.problems[0]
    assert "canary" not in str(caught.value)


def test_a_changed_project_is_a_copy(tmp_path: Path) -> None:
    """The copy says the new value, everything else and the original stay."""
    text = (PROJECT / "3_identity" / "matching.yml").read_bytes()
    before, after = changed_project(PROJECT, {"joining.cut": 3, "veto": ["birth_date"]}, tmp_path / "copy")
    assert after.joining.cut == 3
    assert after.veto == ("birth_date",)
    kept = {"joining": before.joining, "veto": before.veto}
    assert after.model_copy(update=kept) == before
    assert (PROJECT / "3_identity" / "matching.yml").read_bytes() == text


def test_a_value_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """The message names the setting as it was typed."""
    with pytest.raises(InputError, match=r"--set joining\.cut: "):
        changed_project(PROJECT, {"joining.cut": "high"}, tmp_path / "copy")
