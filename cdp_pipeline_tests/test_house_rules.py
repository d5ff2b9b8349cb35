"""The house rules of CONTRIBUTING.md, held up to the files of the repository.

What belongs here: rules on how the repository is written, checked by reading it. What does not:
what the code does, and the rules of dbt_like_sql (test_project_folder.py). A failing test lists
every file that breaks its rule.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cdp_pipeline"
PROJECT = ROOT / "dbt_like_sql"

STAGES = ("sources", "staging", "identity", "profiles", "segments", "activation", "reports")
MAY_IMPORT_DAGSTER = ("cdp_pipeline/orchestration/", "cdp_pipeline/cli/", "cdp_pipeline/definitions.py")
ENTRIES = ("definitions", "cli.main")
NEVER_AT_LOAD = ("great_expectations", "splink", "pandera")
HEAVY = (*NEVER_AT_LOAD, "phonenumbers", "scipy", "mimesis")
JUNK_DRAWERS = {"helper", "helpers", "util", "utils", "common", "misc", "base", "core", "tools"}

PARTICIPLES = {
    "added", "asked", "begun", "broken", "brought", "called", "chosen", "claimed", "come", "counted", "done", "found",
    "fresh", "gathered", "given", "gone", "got", "had", "heard", "held", "joined", "judged", "kept", "known", "left_over",
    "listed", "looked", "lost", "made", "meant", "named", "put", "removed", "said", "seen", "sent", "shown", "stood",
    "taken", "thought", "told", "tried", "understood", "used", "wanted", "went", "withheld", "written",
}  # fmt: skip
"""Words that say what happened to a thing and not what it is: no names of variables and parameters."""
OPEN_NAMES = ("identity", "sources")  # fmt: skip
"""Packages that still have such names."""
OPEN_MIRRORS = (
    "activation", "demo", "identity", "privacy", "profiles", "publishing", "quality", "segments", "sources",
    "staging",
)  # fmt: skip
"""Packages with modules that no test file of their own holds up."""
OPEN_CIRCLES: set[str] = set()
"""Packages whose functions import each other's modules in a circle."""
IMPORTED_AS = {
    "phonenumberslite": "phonenumbers", "pyyaml": "yaml", "types-pyyaml": "", "pandas-stubs": "", "pytest-xdist": "",
}  # fmt: skip
"""Packages that are imported under another name than their own, or never."""


# ---- reading the package ---------------------------------------------------------------------


@cache
def modules() -> Mapping[str, Path]:
    """Dotted name -> file, of every module of the package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax tree, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Every dotted name that the import statements among `nodes` may stand for."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def at_load(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported: no function bodies, no `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or for_types(child):
            continue
        yield child
        yield from at_load(child)


def ever(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run at some time: function bodies too, but no `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if not for_types(child):
            yield child
            yield from ever(child)


def for_types(node: ast.AST) -> bool:
    """Whether a statement is there for the type checker only."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def area(name: str) -> str:
    """The package of cdp_pipeline that a module is in; of a root module, its own name."""
    return name.removeprefix("cdp_pipeline").strip(".").split(".")[0]


def reached(start: str) -> Mapping[str, tuple[str, ...]]:
    """Modules of the package that importing `start` loads, each with the chain that led to it."""
    chains: dict[str, tuple[str, ...]] = {start: (start,)}
    queue = [start]
    while queue:
        name = queue.pop(0)
        for target in sorted(imported(at_load(tree(modules()[name]))) & set(modules())):
            if target not in chains:
                chains[target] = (*chains[name], target)
                queue.append(target)
    return chains


def top_level(names: set[str]) -> set[str]:
    """The packages that dotted names are in."""
    return {name.split(".")[0] for name in names}


def short(path: Path) -> str:
    """A path as a reader of the repository knows it."""
    return path.relative_to(ROOT).as_posix()


# ---- the Python side -------------------------------------------------------------------------


def test_files_stay_short() -> None:
    """No file of the package has more than 300 lines."""
    lines = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values()}
    assert not {name: count for name, count in lines.items() if count > 300}


def test_every_module_says_what_belongs_in_it() -> None:
    """Every module that is not empty has a docstring."""
    silent = [short(path) for path in modules().values() if tree(path).body and not ast.get_docstring(tree(path))]
    assert not silent


def test_no_module_is_a_junk_drawer() -> None:
    """A module is named after what it holds, so none is called helpers, utils or common."""
    assert not [name for name in modules() if name.split(".")[-1].strip("_") in JUNK_DRAWERS]


def test_sql_is_quoted_in_one_way() -> None:
    """Names and texts inside SQL go through project/quoting.py; nobody doubles quotes by hand."""
    by_hand = re.compile(r"""replace\((?:"'", "\'\'"|'"', '""'|chr\(3[49]\))""")
    wrong = [
        f"{short(path)}:{number}"
        for name, path in modules().items()
        if name != "cdp_pipeline.project.quoting"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if by_hand.search(line)
    ]
    assert not wrong


def test_only_the_orchestration_modules_import_dagster() -> None:
    """Stages are plain Python: Dagster is imported only where the graph, its jobs and `cdp` are made."""
    wrong = [
        short(path)
        for path in modules().values()
        if not short(path).startswith(MAY_IMPORT_DAGSTER)
        and top_level(imported(ast.walk(tree(path)))) & {"dagster", "dagster_webserver", "dagster_shared"}
    ]
    assert not wrong


def test_asset_modules_keep_their_annotations() -> None:
    """Dagster reads the annotations of assets, so a module that makes some does not postpone them."""
    wrong = [
        short(path)
        for path in modules().values()
        if "AssetExecutionContext" in path.read_text(encoding="utf-8")
        and "__future__.annotations" in imported(ast.walk(tree(path)))
    ]
    assert not wrong


@pytest.mark.parametrize("entry", ENTRIES)
def test_heavy_packages_are_imported_where_they_are_used(entry: str) -> None:
    """No module that the graph or the command loads imports a slow package at its top."""
    wrong = {
        " > ".join(chain): heavy
        for module, chain in reached(f"cdp_pipeline.{entry}").items()
        if (heavy := top_level(imported(at_load(tree(modules()[module])))) & set(HEAVY))
    }
    assert not wrong


def test_loading_the_graph_imports_no_slow_package() -> None:
    """A fresh interpreter that has loaded the graph has loaded none of the slowest packages."""
    code = f"import sys, cdp_pipeline.definitions; print(*(set(sys.modules) & set({NEVER_AT_LOAD!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == []


@pytest.mark.parametrize("stage", STAGES)
def test_stages_meet_in_tables_only(stage: str) -> None:
    """No module of a stage imports another stage, not even through a shared module."""
    own = f"cdp_pipeline.{stage}"
    others = tuple(f"cdp_pipeline.{other}" for other in STAGES if other != stage)
    wrong = set()
    for name, path in modules().items():
        if name != own and not name.startswith(own + "."):
            continue
        direct = imported(ast.walk(tree(path))) & set(modules())
        through = {chain for target in direct for chain in reached(target).values()}
        wrong |= {
            " > ".join((name, *chain))
            for chain in through
            if any(chain[-1] == other or chain[-1].startswith(other + ".") for other in others)
        }
    assert not wrong


def test_a_command_goes_down_only() -> None:
    """A command knows operations, operations know orchestration, all know the rest; nothing looks back up."""
    levels = ("cli", "operations", "orchestration")
    wrong = set()
    for name, path in modules().items():
        room = name.split(".")[1] if "." in name else ""
        above = levels[: levels.index(room)] if room in levels else () if room in ("definitions", "api") else levels
        targets = imported(ast.walk(tree(path))) & set(modules())
        wrong |= {
            f"{name} > {target}" for target in targets if target.split(".")[1:2] and target.split(".")[1] in above
        }
    assert not wrong


def test_nothing_but_the_command_knows_the_demo() -> None:
    """The demo's generator makes exports; the pipeline cannot tell them from anybody's."""
    wrong = [
        name
        for name, path in modules().items()
        if not name.startswith(("cdp_pipeline.demo", "cdp_pipeline.cli.main"))
        and any(target.startswith("cdp_pipeline.demo") for target in imported(ast.walk(tree(path))))
    ]
    assert not wrong


def test_ids_do_not_depend_on_the_process() -> None:
    """Python's hash() differs from process to process, so nothing calls it."""
    wrong = [
        f"{short(path)}:{node.lineno}"
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"
    ]
    assert not wrong


def test_variables_say_what_they_hold() -> None:
    """No variable or parameter is called by a bare participle: `found` says what happened to it, not what it is."""
    wrong = [
        f"{short(path)}:{node.lineno} {word}"
        for name, path in modules().items()
        if area(name) not in OPEN_NAMES
        for node in ast.walk(tree(path))
        for word in [node.arg if isinstance(node, ast.arg) else node.id if is_stored(node) else ""]
        if word.strip("_") in PARTICIPLES
    ]
    assert not wrong


def is_stored(node: ast.AST) -> bool:
    """Whether a node gives a variable its value."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def prose(path: Path) -> Iterator[str]:
    """Docstrings and comments of a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    yield from (ast.get_docstring(node) or "" for node in ast.walk(tree(path)) if isinstance(node, documented))
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)


def test_modules_that_are_spoken_of_exist() -> None:
    """Every `*.py` that a docstring or a comment names is a file of the repository."""
    files = {f"/{short(path)}" for folder in (PACKAGE, ROOT / "cdp_pipeline_tests") for path in folder.rglob("*.py")}
    wrong = {
        f"{short(path)}: {name}"
        for path in modules().values()
        for words in prose(path)
        for name in re.findall(r"[\w/]+\.py\b", words)
        if not any(file.endswith(f"/{name}") for file in files)
    }
    assert not wrong


@pytest.mark.parametrize("statements", [at_load, ever])
def test_no_modules_import_each_other(statements: Callable[[ast.AST], Iterator[ast.AST]]) -> None:
    """Imports of modules make no circle: none when they are loaded, and none by what their functions import."""
    is_open = OPEN_CIRCLES if statements is ever else set()
    graph = {
        name: {
            target
            for target in imported(statements(tree(path))) & set(modules())
            if target != name and not (area(name) == area(target) and area(name) in is_open)
        }
        for name, path in modules().items()
    }
    assert list(TopologicalSorter(graph).static_order())


# ---- the tests -------------------------------------------------------------------------------


def test_every_test_says_what_must_be_true() -> None:
    """Every test has a docstring: the sentence that is false when it fails."""
    silent = [
        f"{short(path)}:{node.lineno}"
        for path in sorted((ROOT / "cdp_pipeline_tests").rglob("test_*.py"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent


def statements_of(function: ast.FunctionDef) -> int:
    """How many statements a function has, its docstring left out."""
    return len(function.body) - (ast.get_docstring(function) is not None)


def test_every_module_with_logic_has_its_tests() -> None:
    """A module with a function of more than one statement has its own test file, at the same place under the tests."""
    wrong = [
        short(path)
        for name, path in modules().items()
        if area(name) not in OPEN_MIRRORS
        and any(isinstance(node, ast.FunctionDef) and statements_of(node) > 1 for node in ast.walk(tree(path)))
        and not (ROOT / "cdp_pipeline_tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}").exists()
    ]
    assert not wrong


# ---- the repository --------------------------------------------------------------------------


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file that git keeps or would keep; where there is no git, the files of known folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        return tuple(path for folder in (PACKAGE, PROJECT) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(path for name in listed if name and (path := ROOT / name).is_file()))


def test_no_file_names_a_machine_or_a_registry() -> None:
    """A file that names a folder of one machine, or a package host, works only there."""
    machine = re.compile(r"(?<![\w.~\-])/(?:work|root|home/[a-z_][\w-]*)/\w")
    registry = re.compile(r"(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com)|\bfile:/{3}\w|index-url\s*=", re.IGNORECASE)
    wrong = []
    for path in kept_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        wrong += [
            f"{short(path)}:{number}"
            for number, line in enumerate(lines, 1)
            if machine.search(line) or registry.search(line)
        ]
    assert not wrong


def test_the_lock_is_whole() -> None:
    """Every dependency is locked once, by hash, and the lock names no address."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]
    assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    locked = [plain(re.split(r"==", entry)[0]) for entry in entries]
    assert len(locked) == len(set(locked))
    assert set().union(*depended_on()) <= set(locked)


def plain(requirement: str) -> str:
    """The normalised name of a requirement: no extras, no version, dashes only."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement.strip())[0]).lower()


@cache
def depended_on() -> tuple[set[str], set[str]]:
    """Normalised names of what the product depends on, and of what its tests do besides."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = (project["dependencies"], project["optional-dependencies"]["test"])
    product, tests = ({plain(name) for name in group} for group in names)
    return product, tests


@cache
def reasons() -> Mapping[str, str]:
    """Dependency -> its row in DECISIONS.md; a row may be of several, and brackets name what it is taken with."""
    text = (ROOT / "DECISIONS.md").read_text(encoding="utf-8")
    table = text.split("\n## Dependencies\n")[1].split("\nTests: ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return {plain(name): row for row in rows for name in re.sub(r"\(.*?\)", "", row.split("|")[1]).split(",")}


@cache
def importers() -> Mapping[str, int]:
    """Package of others that cdp_pipeline imports -> how many of its modules do."""
    ours = {"cdp_pipeline", *sys.stdlib_module_names}
    return Counter(name for path in modules().values() for name in top_level(imported(ast.walk(tree(path)))) - ours)


def import_name(dependency: str) -> str:
    """What a dependency is imported as."""
    return IMPORTED_AS.get(dependency, dependency.replace("-", "_"))


def test_dependencies_have_their_reasons() -> None:
    """DECISIONS.md has one row for each package the product depends on, none for another, and names those of the tests."""
    product, tests = depended_on()
    assert set(reasons()) == product
    text = (ROOT / "DECISIONS.md").read_text(encoding="utf-8")
    assert not tests - {plain(name) for name in re.findall(r"[\w-]+", text.split("\nTests: ")[1].split("\n\n")[0])}


def test_what_is_imported_is_depended_on() -> None:
    """Every package of others that cdp_pipeline imports is a dependency of its own, not only one of a dependency."""
    assert not set(importers()) - {import_name(dependency) for dependency in depended_on()[0]}


def test_dependencies_are_used_as_their_rows_say() -> None:
    """A dependency is imported, by one module where its row says so, or its row says that it is not and why it is there."""
    wrong = {}
    for dependency, row in reasons().items():
        count, is_said_not = importers().get(import_name(dependency), 0), "not imported" in row
        if is_said_not == bool(count) or ("in one module" in row and count != 1):
            wrong[dependency] = f"imported by {count} modules: {row}"
    assert not wrong
