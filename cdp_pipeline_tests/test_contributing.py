"""CONTRIBUTING.md held up to the code: its map of packages, and its recipes.

What belongs here: the map, which is written from the docstrings of packages and modules, and what the recipes say has
to be touched. What does not: the house rules (test_house_rules.py). Run as a script, it writes the map anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cdp_pipeline"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- the map, written by cdp_pipeline_tests/test_contributing.py -->\n", "<!-- end of the map -->\n"


def mapped() -> Iterator[Path]:
    """Every package inside cdp_pipeline and every module beside them, in the order of their names."""
    packages = [path.parent for path in PACKAGE.glob("**/__init__.py") if path.parent != PACKAGE]
    return iter(sorted([*packages, *(path for path in PACKAGE.glob("*.py") if path.name != "__init__.py")]))


def first_sentence(path: Path) -> str:
    """The first sentence of the docstring of a module, or of a package, on one line; "" where there is none."""
    file = path / "__init__.py" if path.is_dir() else path
    words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return re.split(r"(?<=\.)\s", " ".join(words.split("\n\n")[0].split()))[0]


def map_of_packages() -> str:
    """The map: a line for each package and root module, with a link and what belongs there."""
    lines = [
        f"| [`{path.relative_to(PACKAGE)}{'/' if path.is_dir() else ''}`]({path.relative_to(ROOT)}) | {first_sentence(path)} |"
        for path in mapped()
    ]
    return "\n".join(["| where | what belongs there |", "|---|---|", *lines]) + "\n"


def page() -> tuple[str, str, str]:
    """CONTRIBUTING.md in three parts: before the map, the map, and after it."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    inside, after = rest.split(END)
    return before, inside, after


def test_the_map_is_what_the_packages_say() -> None:
    """Every package and root module stands in the map by its first sentence; `python -m` this module writes it anew."""
    assert not [str(path) for path in mapped() if not first_sentence(path).endswith(".")]
    assert page()[1] == map_of_packages()


if __name__ == "__main__":
    head, _, tail = page()
    PAGE.write_text(f"{head}{BEGIN}{map_of_packages()}{END}{tail}", encoding="utf-8")
