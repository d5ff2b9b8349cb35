"""The script that tries whether tests bite, on a package of two functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cdp_pipeline_tests.mutants.__main__ import main
from cdp_pipeline_tests.mutants.changes import changes, draw

MODULES = {
    "cdp_pipeline/__init__.py": "",
    "cdp_pipeline/shop/__init__.py": "",
    "cdp_pipeline/shop/grown.py": "def is_grown(age: int) -> bool:\n    return age >= 18\n",
    "cdp_pipeline/shop/free.py": "def is_free(price: int) -> bool:\n    return price < 1\n",
    "cdp_pipeline_tests/shop/test_grown.py": (
        "from cdp_pipeline.shop.grown import is_grown\n\n\n"
        "def test_grown():\n    assert [is_grown(age) for age in (17, 18)] == [False, True]\n"
    ),
    "cdp_pipeline_tests/shop/test_free.py": (
        "from cdp_pipeline.shop.free import is_free\n\n\ndef test_free():\n    is_free(0)\n"
    ),
}


def changed(source: str) -> list[str]:
    """What `source` becomes, once for each change."""
    return sorted(
        (source.encode()[:start] + text.encode() + source.encode()[end:]).decode()
        for start, end, text in changes(source.encode(), ast.parse(source))
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a good and a weak test."""
    for name, text in MODULES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tree"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("é = a not in b", ["é = a in b"]),
        ("a = b < c != d", ["a = b < c == d", "a = b <= c != d"]),
        ("a = not b", ["a = b"]),
        ("a = (b) or (c)", ["a = (b) and (c)"]),
        ("a = [1, True]", ["a = [1, False]", "a = [2, True]"]),
        ("f('é', b, c)", ["f(b, 'é', c)", "pass"]),
        ("a = f(*b, c)", []),
        ("a: f(1) = b", []),
        ("def f():\n    'a < b'\n    log.info(1, 2)\n    return", []),
        ("def f():\n    return a", ["def f():\n    return None"]),
        ("a = 'older and wiser'", []),
        ("a = 'from t where a < b and c between d and e'", ["a = 'from t where a < b or c between d and e'"]),
        ("a = f'select {b} from t left join u using (id)'", ["a = f'select {b} from t join u using (id)'"]),
    ],
)
def test_changes_are_one_place_each(source: str, wanted: list[str]) -> None:
    """Each rule changes its one place, by bytes, and leaves hints, words for people and log lines alone."""
    assert set(wanted) <= set(changed(source))
    assert bool(wanted) == bool(changed(source))


def test_the_draw_is_the_same_again(root: Path) -> None:
    """A seed draws the same mutants of a tree, at most two of a function, and only of the packages asked for."""
    drawn = draw(root, seed=3, count=9)
    assert drawn == draw(root, seed=3, count=9)
    assert [mutant.module.split("/")[-1] for mutant in drawn].count("grown.py") == 2
    assert len(drawn) == 4
    assert draw(root, seed=3, count=9, packages=["other"]) == []


def test_a_good_test_kills_and_a_weak_one_does_not(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two changes die by their mirror test, two survive a test that asserts nothing; a journal is believed."""
    asked = ["--root", str(root), "--jobs", "1", "--out", str(root.parent / "page.md")]
    assert main(asked) == 0
    page = (root.parent / "page.md").read_text(encoding="utf-8")
    assert "| shop | 4 | 2 | 0 | 0 | 2 |" in page
    assert page.count("\ncdp_pipeline/shop/free.py:2\n") == 2
    assert "-     return price < 1" not in page
    assert "- return price < 1\n" in page
    journal = (root.parent / "page.jsonl").read_text(encoding="utf-8")
    assert main([*asked, "--resume"]) == 0
    assert (root.parent / "page.jsonl").read_text(encoding="utf-8") == journal
    assert "4/4 cdp_pipeline/shop/" in capsys.readouterr().out


def test_a_test_that_fails_anyway_judges_nothing(root: Path) -> None:
    """A file that fails on the untouched tree is named and left out, so its failing proves nothing."""
    broken = root / "cdp_pipeline_tests/shop/test_grown.py"
    broken.write_text("def test_grown():\n    assert False\n", encoding="utf-8")
    main(["--root", str(root), "--jobs", "1", "--out", str(root.parent / "page.md"), "--count", "4"])
    page = (root.parent / "page.md").read_text(encoding="utf-8")
    assert "untouched tree): cdp_pipeline_tests/shop/test_grown.py" in page
    assert "| all | 4 | 0 | 0 | 0 | 4 |" in page
