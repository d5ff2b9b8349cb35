"""The exception boundary: what the machine said goes through in our words, and a signal ends the run.

What belongs here: machine and signals. What does not: errors of the product and of libraries (test_assets.py).
"""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from cdp_pipeline.errors import MachineError
from cdp_pipeline.orchestration.boundary import boundary

CANARY = "canary@mail.example"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """With the folder, the cure and an exit code of its own; never with the text of the error."""
    with pytest.raises(dg.Failure) as failure, boundary("publish.warehouse_candidate", tmp_path):
        raise duckdb.IOException(f"Could not write {CANARY}: No space left on device")
    assert failure.value.description is not None
    assert failure.value.description.startswith(f"no space left on the disk ({tmp_path}): free some")
    assert failure.value.metadata["exit_code"].value == MachineError.exit_code
    assert failure.value.__suppress_context__


def test_a_real_write_that_the_system_refuses_is_told(tmp_path: Path) -> None:
    """DuckDB wraps the refusal in words of its own, which this version has: a file larger than it may be."""
    script = f"""
import resource, signal
import dagster as dg, duckdb
from cdp_pipeline.orchestration.boundary import boundary
con = duckdb.connect()
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with boundary("a table"):
        con.execute("copy (select random() as r from range(100000)) to '{tmp_path}/a.parquet' (format parquet)")
except dg.Failure as failure:
    print(failure.description)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("a file grew larger than the system allows")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 10_000


def test_a_signal_within_a_query_ends_the_run() -> None:
    """DuckDB makes a RuntimeError of it, which a run would take for the failure of one step, and go on."""
    with pytest.raises(DagsterExecutionInterruptedError), boundary("anything"):
        raise RuntimeError("Query interrupted")


def test_an_error_without_the_systems_words_stays_inside() -> None:
    """Class and place only, whatever its text says."""
    with pytest.raises(dg.Failure) as failure, boundary("anything"):
        raise duckdb.ConversionException(f"Could not convert '{CANARY}': {errno.ENOSPC}")
    assert CANARY not in str(failure.value.description)
    assert "ConversionException at" in str(failure.value.description)
