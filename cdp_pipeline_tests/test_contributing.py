"""CONTRIBUTING.md held up to the code: its map of packages, and its recipes.

What belongs here: the map, which is written from the docstrings of packages and modules, and what the recipes say has
to be touched. What does not: the house rules (test_house_rules.py). Run as a script, it writes the map anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from cdp_pipeline.cli.main import main
from cdp_pipeline.ledgers import ledger as ledgers
from cdp_pipeline.ledgers.ledger import LEDGERS, Ledger
from cdp_pipeline.ledgers.requests import KINDS
from cdp_pipeline.ledgers.tombstones import hashed
from cdp_pipeline.privacy import kept_files, replica
from cdp_pipeline_tests.privacy.test_door import test_every_command_is_held_up_to_the_door as tried_at_the_door
from cdp_pipeline_tests.test_docs import sections, text
from cdp_pipeline_tests.test_docs import test_every_command_and_option_is_documented as documented
from cdp_pipeline_tests.test_docs import test_the_readme_names_every_command as in_the_readme

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cdp_pipeline"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- the map, written by cdp_pipeline_tests/test_contributing.py -->\n", "<!-- end of the map -->\n"

RIGHTS = {
    "access": "cdp access SUBJECT", "correct": "cdp correct SUBJECT", "restrict": "cdp restrict SUBJECT`",
    "object": "cdp restrict SUBJECT --object", "erase": "cdp forget SUBJECT",
}  # fmt: skip
"""Kind of a request -> how docs/privacy-officers.md says to ask for it."""


# ---- the map ---------------------------------------------------------------------------------


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


# ---- the recipes -----------------------------------------------------------------------------


def test_the_files_of_the_recipes_exist() -> None:
    """Every path that a recipe names is in the repository, up to where the newcomer chooses the name."""
    paths = re.findall(r"`((?:\w+/)+[^` ]*|\w+\.md)`", sections(PAGE)["Recipes"])
    assert len(paths) > 20
    assert not [path for path in paths if not (ROOT / path.partition("<")[0]).exists()]


@pytest.mark.parametrize("told", [in_the_readme, tried_at_the_door, lambda: documented("wave")])
def test_a_command_without_its_pages_is_noticed(told: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """README, docs/commands.md and the tests of the door each ask for a command that is only in the code."""
    told_of_all = {**main.commands, "wave": click.Command("wave", callback=lambda: None)}
    monkeypatch.setattr(main, "commands", told_of_all)
    with pytest.raises(AssertionError, match="wave"):
        told()


def test_every_right_is_taken_down_and_explained() -> None:
    """Each kind of request is written by a module outside the register, and privacy officers read how to ask for it."""
    assert set(RIGHTS) == set(KINDS)
    constants = {
        node.value
        for folder in ("cli", "privacy")
        for path in (PACKAGE / folder).glob("*.py")
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(KINDS) <= constants
    asked = sections(ROOT / "docs" / "privacy-officers.md")["Requests of people"]
    assert not [words for words in RIGHTS.values() if f"| `{words}" not in asked]


def test_every_kept_file_is_one_of_the_ledgers_and_explained() -> None:
    """No ledger is left out of what erasure, restore and copies go through, of the backups or of the glossary."""
    assert {value for value in vars(ledgers).values() if isinstance(value, Ledger)} == set(LEDGERS)
    backups = sections(ROOT / "docs" / "operators.md")["Backup and restore"]
    (line,) = re.findall(r"^\| ledger \|.*$", text(ROOT / "docs" / "glossary.md"), flags=re.MULTILINE)
    assert not [each.file for each in LEDGERS if f"`{each.file}`" not in backups or f"`DATA/{each.file}`" not in line]


def test_an_added_kept_file_is_copied_and_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger in `LEDGERS` reaches the second copy by itself, and its lines about the erased go."""
    notes = Ledger("notes.csv", ("source", "record_id", "note"), record=("source", "record_id"), is_copied=True)
    monkeypatch.setattr(replica, "LEDGERS", (*LEDGERS, notes))
    (tmp_path / notes.file).write_text("source,record_id,note\ncrm,5,called\n")
    replica.keep_copy(tmp_path, str(tmp_path / "copy"))
    assert (tmp_path / "copy" / notes.file).read_bytes() == (tmp_path / notes.file).read_bytes()
    dead, secrets = {hashed("a key", "record_id", "crm:5")}, ["a key"]
    ann, bart = ({"source": "crm", "record_id": record, "note": ""} for record in ("5", "6"))
    assert kept_files._without_erased(notes, (), dead, secrets, ann) is None
    assert kept_files._without_erased(notes, (), dead, secrets, bart) == bart


def test_every_page_of_the_report_is_filled_and_explained() -> None:
    """Each template is filled by a module, and each page that is written is named in README.md or docs/."""
    code = "".join(text(path) for path in (PACKAGE / "reports").glob("*.py"))
    assert not [path.name for path in (PACKAGE / "reports").glob("*.html.j2") if f'"{path.name}"' not in code]
    pages = "".join(text(path) for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert not [name for name in re.findall(r'"(\w+\.html)"', code) if name not in pages]


if __name__ == "__main__":
    head, _, tail = page()
    PAGE.write_text(f"{head}{BEGIN}{map_of_packages()}{END}{tail}", encoding="utf-8")
