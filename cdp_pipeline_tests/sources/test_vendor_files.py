"""The readers on real vendor files, when CDP_REFERENCE_DATA names a folder with some."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline_tests.sources.reading_files import read_whole

ROOT = Path(os.environ.get("CDP_REFERENCE_DATA", "nowhere"))


@pytest.mark.skipif(not ROOT.is_dir(), reason="CDP_REFERENCE_DATA is not set")
def test_vendor_files_agree_with_another_reader() -> None:
    """Every record that is loaded is what Python's csv reads, and good and rejected make its count."""
    checked = 0
    for path in sorted(ROOT.rglob("*.csv")):
        try:
            found = read_whole(path, FileFormat(encoding="utf-8|cp1252"))
        except RefusedError:
            continue
        text = path.read_bytes().decode(found.shape.encoding).removeprefix("\ufeff")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=found.shape.delimiter)
        other = [row for row in list(reader)[1:] if row]
        if not found.rejects:
            assert found.rows == other
        checked += 1
    assert checked
