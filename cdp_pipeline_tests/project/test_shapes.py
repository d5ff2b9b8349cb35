"""The shapes of the YAML files: strict, frozen, and hashed alike in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from cdp_pipeline.project.shapes import Column, Contract, FileFormat, Settings, Source

SOURCE: dict[str, Any] = {
    "description": "a",
    "owner": "a",
    "files": "*.csv",
    "legal_basis": "contract",
    "into": {"orders": {"columns": {"order_id": "Name", "total": {"sql": "a + b"}, "email": ["a", "b"]}}},
}


def test_one_value_stands_for_a_list_of_one() -> None:
    """`files: x` and a single mapping are read as lists, so that the engine knows one form."""
    source = Source.model_validate(SOURCE)
    assert source.files == ("*.csv",)
    assert [sorted(mapping.columns) for mapping in source.into["orders"]] == [["email", "order_id", "total"]]


def test_unknown_keys_and_later_changes_are_refused() -> None:
    """A key nobody knows is a mistake, and what was read is never changed afterwards."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings.model_validate({"name": "x", "zones": "UTC"})
    settings = Settings(name="x")
    with pytest.raises(ValidationError, match="frozen"):
        settings.name = "y"


@pytest.mark.parametrize(
    ("key", "value"), [("keep_snapshots", 0), ("churn_budget", 1.5), ("churn_budget", -0.1), ("report_floor", 0)]
)
def test_numbers_out_of_range_are_refused(key: str, value: float) -> None:
    """A setting that could not be obeyed is refused when it is read."""
    with pytest.raises(ValidationError):
        Settings.model_validate({"name": "x", key: value})


def test_in_is_written_as_in() -> None:
    """The YAML key is `in`, a word Python keeps for itself."""
    column = Column.model_validate({"type": "text", "description": "a", "in": ["b", "c"]})
    assert column.is_in == ("b", "c")


def test_equal_shapes_have_equal_hashes_in_every_process() -> None:
    """The hash is made from the content, whatever PYTHONHASHSEED says."""
    code = "from cdp_pipeline.project.shapes import FileFormat; print(FileFormat(zone='UTC').__hash__())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {str(FileFormat(zone="UTC").__hash__())}
    assert FileFormat(zone="UTC").__hash__() != FileFormat(zone="Europe/Paris").__hash__()


def test_a_contract_bounds_its_share_of_bad_rows() -> None:
    """A share lies between none and all."""
    with pytest.raises(ValidationError):
        Contract(description="a", owner="a", grain=("a",), columns={}, max_bad_share=2)
