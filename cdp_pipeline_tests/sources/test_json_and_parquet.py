"""JSON lines and Parquet become text exactly, or are set aside by line, or refused."""

# ruff: noqa: DTZ001  (times without offset are what is tested)

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline_tests.sources.reading_files import read_whole, written

JSON = FileFormat(type="jsonl")
PARQUET = FileFormat(type="parquet")


def test_json_values_keep_their_text(tmp_path: Path) -> None:
    """Numbers are exact as written, strings unescaped, nested values JSON, null and absent are NULL."""
    line = (
        r'{"a": 1.10, "b": 123456789012345678901234, "c": "z\u00eb\n", '
        r'"d": {"x": [1.0, 2]}, "e": null, "f": true}'
    )
    found = read_whole(written(tmp_path / "x.jsonl", line + "\n{}\n"), JSON, "abcdefg")
    assert found.rows[0] == ["1.10", "123456789012345678901234", "zë\n", '{"x": [1.0, 2]}', None, "true", None]
    assert found.rows[1] == [None] * 7
    assert found.shape.names == list("abcdef")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1', "bad_json"),
        ('{"a": 1}}', "bad_json"),
        ('{"a": NaN}', "bad_json"),
        ('{"a": 1,}', "bad_json"),
        ("[1]", "bad_json"),
        ("12", "bad_json"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        (r'{"a": "\ud800"}', "bad_text"),
        (r'{"a": "x\u0000"}', "nul_byte"),
        ('{"b": ' + "[" * 100_000, "bad_json"),
    ],
)
def test_a_bad_json_line_is_set_aside(tmp_path: Path, line: str, code: str) -> None:
    """The lines around it are loaded, with their own numbers; blank lines are counted."""
    data = '\ufeff{"a": "x"}\r\n\n' + line + '\n{"a": "y", "b": 1, "b": 2}'
    found = read_whole(written(tmp_path / "x.jsonl", data), JSON, ("a",))
    assert (found.rows, found.lines, found.blank) == ([["x"], ["y"]], [1, 4], 1)
    assert found.rejected == [(3, code)]


def test_a_json_array_is_refused(tmp_path: Path) -> None:
    """A file with one array, on one line or on many, is not JSON lines."""
    for data in ('[{"a": 1}, {"a": 2}]', '[\n{"a": 1},\n{"a": 2}\n]\n'):
        with pytest.raises(RefusedError) as refusal:
            read_whole(written(tmp_path / "x.json", data), JSON, ("a",))
        assert refusal.value.code == "json_array"


def test_a_file_that_is_mostly_damaged_is_refused(tmp_path: Path) -> None:
    """One object over many lines, as an interface prints it, holds no line that is an object; a few bad lines are few."""
    document = '{\n  "a": "x",\n  "b": 1\n}\n'
    with pytest.raises(RefusedError) as refusal:
        read_whole(written(tmp_path / "x.json", document), JSON, ("a",))
    assert refusal.value.code == "mostly_damaged"
    some = read_whole(written(tmp_path / "y.json", 'torn\ntorn\n{"a": "x"}\n'), JSON, ("a",))
    assert (some.rows, len(some.rejected)) == ([["x"]], 2)


def test_parquet_values_become_text(tmp_path: Path) -> None:
    """Integers, decimals, floats, times, nested and binary values are exact text; NULL stays NULL."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 600000)
    table = pa.table(
        {
            "i": pa.array([2**62, None]),
            "d": pa.array([Decimal("1.10"), None], pa.decimal128(9, 2)),
            "f": pa.array([1026454.4271112503, None]),
            "t": pa.array([moment, None], pa.timestamp("us")),
            "z": pa.array([moment.replace(tzinfo=UTC), None], pa.timestamp("us", "Europe/Amsterdam")),
            "day": pa.array([date(2026, 1, 2), None]),
            "n": pa.array([{"x": [1, 2]}, None]),
            "b": pa.array([b"caf\xc3\xa9", b"\xff\x00"]),
            "s": pa.array(["0611", ""]),
        }
    )
    path = tmp_path / "it's [1].parquet"
    pq.write_table(table, path)
    found = read_whole(path, PARQUET, [*table.column_names, "absent"])
    assert found.rows[0] == [
        "4611686018427387904", "1.10", "1026454.4271112503", "2026-01-02T03:04:05.6",
        "2026-01-02T03:04:05.6+00", "2026-01-02", '{"x":[1,2]}', "café", "0611", None,
    ]  # fmt: skip
    assert found.rows[1] == [None] * 7 + ["\\xff00", "", None]
    assert found.lines == [1, 2]


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    """A cut, an empty and a false Parquet file load nothing."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": list(range(5000))}), path)
    data = path.read_bytes()
    for content, code in ((data[:-30], "damaged_parquet"), (b"", "empty_file"), (b"a,b\n", "not_this_format")):
        with pytest.raises(RefusedError) as refusal:
            read_whole(written(path, content), PARQUET, ("a",))
        assert refusal.value.code == code
