"""Lines of corrections.csv: what they hold, in their order, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.corrections import Correction, read_corrections, write_corrections
from cdp_pipeline.ledgers.ledger import CORRECTIONS

ANN = Correction("crm", "1", "city", "Gouda", "2026-06-01", "officer", "Ede")
BART = Correction("crm", "2", "email", "", "2026-06-02")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """In the order of the file, with empty values; a folder without the file has none."""
    assert read_corrections(tmp_path) == []
    write_corrections(tmp_path, [BART, ANN])
    assert read_corrections(tmp_path) == [BART, ANN]


def test_a_file_from_before_old_values_were_kept_is_read(tmp_path: Path) -> None:
    """Without the column `replaced` nothing was."""
    (tmp_path / CORRECTIONS.file).write_text(
        "source,record_id,column,value,decided_at,reviewer\ncrm,1,city,Gouda,2026-06-01,officer\n"
    )
    assert read_corrections(tmp_path) == [Correction("crm", "1", "city", "Gouda", "2026-06-01", "officer", "")]


def test_a_day_that_is_none_is_told_without_the_value(tmp_path: Path) -> None:
    """Every such line, by its number."""
    header = "source,record_id,column,value,decided_at,reviewer\n"
    (tmp_path / CORRECTIONS.file).write_text(
        f"{header}crm,1,city,Gouda,1 June,x\ncrm,1,city,Ede,2026-06-01,x\ncrm,2,city,Ede,,x\n"
    )
    with pytest.raises(InputError) as error:
        read_corrections(tmp_path)
    words = "decided_at must be a day as YYYY-MM-DD"
    assert error.value.problems == (f"corrections.csv:2: {words}", f"corrections.csv:4: {words}")
