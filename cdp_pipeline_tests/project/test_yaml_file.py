"""A YAML file checked against its shape: every message has the file, the line and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.project.yaml_file import read_shape

CONTRACT = """\
description: Orders
owner: shop
grain: [order_id]
columns:
  order_id: {type: text, description: number}
  total: {type: money, description: what was paid}
"""
SOURCE = """\
description: Orders
owner: shop
files: "*.csv"
legal_basis: contract
into:
  orders:
    columns: {order_id: Name}
"""


def told(folder: Path, text: str | bytes, shape: type = Contract) -> list[str]:
    """The problems of a file with this content, without the folder it lies in."""
    path = folder / "orders.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems: list[str] = []
    assert (read_shape(path, shape, problems) is None) == bool(problems)
    return [problem.removeprefix(f"{folder}/") for problem in problems]


def test_a_right_file_has_no_problems(tmp_path: Path) -> None:
    """What the shape allows is read without a word."""
    assert told(tmp_path, CONTRACT) == []
    assert told(tmp_path, SOURCE, Source) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("owner:", "ownr:", "orders.yml:2: unknown key 'ownr' (did you mean owner?)"),
        ("type: money", "tipe: money", "orders.yml:6: unknown key 'columns.total.tipe' (did you mean type?)"),
        ("type: money", "type: mony", "(did you mean money?)"),
        ("owner: shop\n", "", "key 'owner' is missing"),
        ("grain: [order_id]", "grain: 3", "orders.yml:3: grain:"),
        ("owner: shop\n", "owner: shop\nmax_bad_share: 7\n", "orders.yml:3: max_bad_share:"),
        ("owner: shop\n", "owner: shop\nowner: crm\n", "orders.yml:3: key 'owner' is given twice"),
        ("  total:", "  order_id:", "orders.yml:6: key 'order_id' is given twice"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """An unknown key, a wrong value, a missing or repeated key: where it stands, and what was meant."""
    assert said in "\n".join(told(tmp_path, CONTRACT.replace(old, new, 1)))


def test_all_mistakes_of_a_file_are_told(tmp_path: Path) -> None:
    """Two mistakes are two messages, so that one look is enough; a key that is only misspelt is not missing as well."""
    problems = told(tmp_path, CONTRACT.replace("owner:", "ownr:").replace("type: money", "type: mony"))
    assert len(problems) == 2


def test_mistakes_of_several_files_are_told_together(tmp_path: Path) -> None:
    """The list of problems grows from file to file."""
    problems: list[str] = []
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(CONTRACT.replace("owner:", "ownr:"))
        read_shape(tmp_path / name, Contract, problems)
    read_shape(tmp_path / "c.yml", Settings, problems)
    assert {Path(problem.split(":")[0]).name for problem in problems} == {"a.yml", "b.yml", "c.yml"}


def test_a_mistake_deep_in_a_mapping_names_its_way(tmp_path: Path) -> None:
    """A wrong value in a list of mappings is told with the keys that lead to it."""
    problems = told(tmp_path, SOURCE.replace("columns: {order_id: Name}", "colums: {order_id: Name}"), Source)
    assert any("into.orders" in p and "colums" in p and "did you mean columns" in p for p in problems)


@pytest.mark.parametrize(
    "content", [b"a: [1", b"\xff\xfea", b"", b"- a\n- b\n", b"just words", b"a: b: c", b"\x00", b"? [a]\n: b"]
)
def test_no_content_ends_in_a_traceback(tmp_path: Path, content: bytes) -> None:
    """Whatever a file holds, the answer is a message that names the file."""
    problems = told(tmp_path, content)
    assert problems
    assert all(problem.startswith("orders.yml") for problem in problems)
