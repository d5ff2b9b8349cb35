"""README.md and docs/: what they say exists, and what exists is said.

What belongs here: holding the pages up to the code. What does not: the rules of single files
(test_house_rules.py). Run as a script, it writes docs/error-codes.md anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest
import yaml

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import CdpError
from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.shapes import Audience, Segmentation
from cdp_pipeline.project.sql_model import read_model
from cdp_pipeline.sources.codes import CODES
from cdp_pipeline.staging.contract import CURES
from cdp_pipeline_tests.acceptance.conftest import shared

__all__ = ["shared"]  # the published demo, made once for every test that looks at one

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))
COMMANDS = DOCS / "commands.md"
ANALYSTS = DOCS / "analysts.md"
ERROR_CODES = DOCS / "error-codes.md"


# ---- reading pages -------------------------------------------------------------------------------


def text(path: Path) -> str:
    """A page as it is written."""
    return path.read_text(encoding="utf-8")


def sections(page: Path) -> dict[str, str]:
    """Heading of the second level -> the text below it."""
    parts = re.split(r"^## (.+)$", text(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures, outside of code."""
    prose = re.sub(r"^```.*?^```$|`[^`]*`", "", text(page), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page offers, as hosts of repositories make them."""
    headings = re.findall(r"^#+ (.+)$", text(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def short(path: Path) -> str:
    """A path as a reader of the repository knows it."""
    return path.relative_to(ROOT).as_posix()


# ---- links and pictures --------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository, and to a heading in it, finds its target."""
    wrong = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"https?:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            wrong.append(link)
    assert not wrong


def test_every_page_and_picture_is_reached() -> None:
    """No page and no picture of docs/ is left without a link to it."""
    reached = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page) if link}
    kept = {*DOCS.glob("*.md"), *(DOCS / "pictures").iterdir()}
    assert not {short(path) for path in kept - reached if path.name != "README.md"}


def test_pictures_are_light_and_load_nothing() -> None:
    """A picture is at most 300 kB, and a drawing fetches nothing and runs nothing."""
    pictures = sorted((DOCS / "pictures").iterdir())
    assert not {short(path) for path in pictures if path.stat().st_size > 300_000}
    drawings = {short(path): text(path) for path in pictures if path.suffix == ".svg"}
    assert not {name for name, svg in drawings.items() if re.search(r"<script|href=|url\(|@import", svg)}


# ---- commands ------------------------------------------------------------------------------------


def every_command() -> dict[str, click.Command]:
    """Words behind `cdp` -> command, those inside a group too."""
    found: dict[str, click.Command] = {}
    for name, command in main.commands.items():
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": part for inner, part in command.commands.items()}
    return found


@pytest.mark.parametrize("name", sorted(every_command()))
def test_every_command_and_option_is_documented(name: str) -> None:
    """docs/commands.md has a section for each command, and names each of its options in it."""
    section = sections(COMMANDS).get(f"cdp {name}", "")
    assert section.strip(), f"docs/commands.md has no section: cdp {name}"
    command = every_command()[name]
    wanted = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
    wanted = {option for option in wanted if option.startswith("--")}
    assert wanted <= set(re.findall(r"--[a-z-]+", section))


def test_no_command_or_option_is_invented() -> None:
    """A page names no command and no option that does not exist, but for those said to be missing."""
    wrong = set()
    for page in PAGES:
        prose = text(page)
        wrong |= {
            f"{short(page)}: cdp {name}"
            for name in re.findall(r"(?<![\w/])cdp ([a-z]+)\b", "\n".join(code(prose)))
            if name not in main.commands and name != "forget"
        }
    for heading, section in sections(COMMANDS).items():
        name = heading.removeprefix("cdp ")
        if name in every_command():
            real = {option for p in every_command()[name].params for option in p.opts}
            shown = re.findall(r"^\|([^|]+)\|", section, flags=re.MULTILINE)
            found = {option for cell in shown for option in re.findall(r"--[a-z-]+", cell)} - {"---"}
            wrong |= {f"{name}: {option}" for option in found if option.strip("-") and option not in real}
    assert not wrong


def code(prose: str) -> list[str]:
    """What a page shows as code: fenced blocks and spans."""
    return re.findall(r"^```.*?^```$|`[^`\n]+`", prose, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_names_every_command() -> None:
    """The table of commands in README.md is complete."""
    table = sections(ROOT / "README.md")["Commands"]
    assert set(re.findall(r"^\| `cdp ([a-z]+)` \|", table, flags=re.MULTILINE)) == set(main.commands)


def test_make_targets_exist() -> None:
    """Every `make` that a page tells to type is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), flags=re.MULTILINE))
    told = {
        target
        for page in PAGES
        for block in code(text(page))
        for target in re.findall(r"(?:^|`)make ([a-z]+)", block, flags=re.MULTILINE)
    }
    assert told
    assert told <= targets


def test_exit_codes_are_documented() -> None:
    """docs/commands.md gives the exit code of each error the user can meet."""
    section = sections(COMMANDS)["Exit codes"]
    errors: list[type[CdpError]] = [CdpError, *CdpError.__subclasses__()]
    wrong = [
        error.__name__
        for error in errors
        if error.__module__ == CdpError.__module__
        and not re.search(rf"^\| {error.exit_code} \| {error.__name__} \|", section, flags=re.MULTILINE)
    ]
    assert not wrong


# ---- what the pages show --------------------------------------------------------------------------


def test_the_readme_shows_the_flow_from_the_folders() -> None:
    """The listing in README.md has every folder of dbt_like_sql, in order, and real packages beside them."""
    listing = re.findall(r"^  (\S+)/ .*?  (\S+)/ ", text(ROOT / "README.md"), flags=re.MULTILINE)
    folders = sorted(path.name for path in (ROOT / "dbt_like_sql").iterdir() if path.is_dir())
    assert [folder for folder, _ in listing] == folders
    assert all((ROOT / "cdp_pipeline" / package).is_dir() for _, package in listing)
    assert not [
        layer
        for layer in read_project(ROOT / "dbt_like_sql").layers
        if f"| `{layer}` |" not in text(ROOT / "README.md")
    ]


def test_the_examples_of_rules_are_valid() -> None:
    """The YAML examples for marketers have the shape that the engine takes."""
    segmentation, audience = [yaml.safe_load(block) for block in blocks(DOCS / "marketers.md", "yaml")]
    Segmentation(**segmentation)
    Audience(**audience)


def test_every_destination_is_explained() -> None:
    """docs/marketers.md says what each destination of the repository is for."""
    names = {path.stem for path in (ROOT / "dbt_like_sql" / "6_activation").glob("*.yml")}
    assert not {name for name in names if f"`{name}`" not in text(DOCS / "marketers.md")}


def test_the_example_of_a_model_is_valid(tmp_path: Path) -> None:
    """The model in docs/analysts.md reads as a model, with its grain and every column documented."""
    problems: list[str] = []
    path = tmp_path / "returns.sql"
    path.write_text(blocks(ANALYSTS, "sql")[-1], encoding="utf-8")
    model = read_model(path, "profiles", problems)
    assert not problems
    assert model is not None
    assert model.grain == ("person_id",)
    assert all(model.columns.values())


@pytest.mark.parametrize("number", range(len(blocks(ANALYSTS, "sql"))))
def test_the_examples_for_analysts_run(shared: Path, number: int) -> None:
    """Each SQL example of docs/analysts.md runs on the masked warehouse of the demo and gives rows."""
    with duckdb.connect(str((shared / "data" / "warehouse.duckdb").resolve()), read_only=True) as con:
        assert con.execute(blocks(ANALYSTS, "sql")[number]).fetchall()


# ---- error codes ---------------------------------------------------------------------------------


def error_codes_page() -> str:
    """docs/error-codes.md, from the tables in cdp_pipeline/sources/codes.py and staging/contract.py."""
    lines = [
        "# Error codes",
        "",
        "Why a file, a line or a row of an export was not used. `raw.files` gives the code of a file,",
        "`quarantine.lines` that of a line. No message quotes a value of a person.",
        "",
        "Written from `cdp_pipeline/sources/codes.py` and `cdp_pipeline/staging/contract.py`; a test keeps them equal.",
    ]
    headings = {
        "file": ("Files", "Nothing of the file is loaded. What was published before stays."),
        "line": ("Lines", "The line is set aside with its text; the others of the file are loaded."),
        "nothing": (
            "Notes",
            "The file is loaded; `raw.files` has the note, beside the columns it lacks or has too many.",
        ),
    }
    for stops, (heading, words) in headings.items():
        lines += ["", f"## {heading}", "", words, "", "| code | meaning | what to do |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {cell(found.meaning)} | {cell(found.cure)} |"
            for name, found in CODES.items()
            if found.stops == stops
        ]
    words = (
        "The row stands in `quarantine.<table>`, each column that fails with its reason: `quarantined` when it was not used, "
        "`mended` when it was, with the cell emptied or the row taken for a refusal. `cdp quarantine` replays both."
    )
    lines += ["", "## Cells", "", words, "", "| reason | what to do |", "|---|---|"]
    lines += [f"| {cell(reason)} | {cell(cure)} |" for reason, cure in CURES.items()]
    lines.append("| the name of a rule | see the rule of that name in `2_staging/<table>.yml` |")
    return "\n".join(lines) + "\n"


def cell(words: str) -> str:
    """Words as they may stand in a table of Markdown."""
    return words.replace("|", r"\|")


def test_error_codes_are_up_to_date() -> None:
    """docs/error-codes.md is what the code says; `python -m cdp_pipeline_tests.test_docs` writes it anew."""
    assert text(ERROR_CODES) == error_codes_page()


if __name__ == "__main__":
    ERROR_CODES.write_text(error_codes_page(), encoding="utf-8")
