"""Fault points: asleep unless asked for, exact when asked, and beside every change of a file."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_pipeline.run import failpoints as faults
from cdp_pipeline.run.failpoints import EXIT_CODE, FaultError, fault, forget

PACKAGE = Path(faults.__file__).parents[1]
CHANGES = {
    "os.link", "os.open", "pq.write_table", "rename", "rmdir", "shutil.copytree", "shutil.rmtree", "symlink_to", "unlink",
    "write_bytes", "write_text",
}  # fmt: skip
GUARDS = {"fault", "replaced", "write_whole", "append_line"}
NOT_OF_A_RUN = ("api.py", "demo/", "explain/", "cli/", "run/whole_file.py", "run/failpoints.py", "identity/resolve.py")
"""Scratch, invented exports, pages and files for whoever asked, and the two modules that do it for all others."""


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    forget()
    yield
    forget()


def test_nothing_happens_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable, or with it empty, a point is passed."""
    monkeypatch.delenv(faults.VARIABLE, raising=False)
    fault("table.written")
    monkeypatch.setenv(faults.VARIABLE, "")
    fault("table.written")


def test_the_nth_time_of_a_point_is_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    """`raise@a#2` passes other points, and the first time of its own; it strikes once."""
    monkeypatch.setenv(faults.VARIABLE, "raise@a#2")
    fault("a")
    fault("b")
    with pytest.raises(FaultError, match="at a"):
        fault("a")
    fault("a")


def test_the_nth_point_of_any_name_is_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    """`full@#3` is a disk without space at the third point of the run."""
    monkeypatch.setenv(faults.VARIABLE, "full@#3")
    fault("a")
    fault("b")
    with pytest.raises(OSError, match="No space") as full:
        fault("a")
    assert full.value.errno == errno.ENOSPC


def test_a_process_is_gone_without_cleaning_up() -> None:
    """`exit` runs no `finally`: nothing is tidied by a process that was killed."""
    code = (
        "from cdp_pipeline.run.failpoints import fault\ntry:\n    fault('a')\nfinally:\n    print('tidied', flush=True)"
    )
    environment = {**os.environ, faults.VARIABLE: "exit@a"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (EXIT_CODE, "")


def test_points_can_be_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`list` writes down what is reached, in order, so that each can be hit in turn."""
    monkeypatch.setenv(faults.VARIABLE, f"list@{tmp_path / 'points'}")
    for point in ("a", "b", "a"):
        fault(point)
    assert (tmp_path / "points").read_text().split() == ["a", "b", "a"]


def test_every_change_of_a_file_has_a_fault_point() -> None:
    """A function of the engine that makes, moves or deletes files calls `fault`, or a writer that does."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(NOT_OF_A_RUN):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                called = {_name(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                if called & CHANGES and not called & GUARDS:
                    wrong.append(f"{name}:{node.lineno} {node.name}: {', '.join(sorted(called & CHANGES))}")
    assert not wrong


def _name(function: ast.expr) -> str:
    """`path.unlink` → unlink, `os.link` → os.link: functions of these modules are named with them."""
    if isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        return f"{owner}.{function.attr}" if owner in {"os", "shutil", "pq"} else function.attr
    return function.id if isinstance(function, ast.Name) and function.id in GUARDS else ""
