"""The rules of dbt_like_sql/README.md, held up to the files of that folder.

What belongs here: rules on how YAML and SQL are written, checked by parsing them. What does not:
what a model gives (models/), and what the engine refuses by itself (test_project.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import sqlglot
import yaml
from sqlglot import exp

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "dbt_like_sql"

LAYERS = ("raw", "staging", "quarantine", "identity", "profiles", "segments", "activation", "reports")
MODEL_FOLDERS = {
    "3_identity": "identity",
    "4_profiles": "profiles",
    "5_segments": "segments",
    "6_activation": "activation",
    "7_reports": "reports",
}


def short(path: Path) -> str:
    """A path as a reader of the repository knows it."""
    return path.relative_to(ROOT).as_posix()


class StrictLoader(yaml.SafeLoader):
    """YAML in which a key that is given twice is a mistake, not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Refuse a repeated key, naming its line; `<<` may be given and its keys overridden, as the product reads it."""
        own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key in own]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def test_every_yaml_file_is_whole() -> None:
    """Every YAML file is a mapping that parses, and gives no key twice."""
    wrong = {}
    files = [
        *PROJECT.rglob("*.yml"),
        *PROJECT.rglob("*.yaml"),
        ROOT / "workspace.yaml",
        ROOT / "data/.dagster/dagster.yaml",
    ]
    for path in sorted(files):
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), StrictLoader)
        except yaml.YAMLError as error:
            wrong[short(path)] = str(error)
            continue
        if not isinstance(content, dict):
            wrong[short(path)] = "not a mapping"
    assert not wrong


def test_the_project_folder_holds_no_python() -> None:
    """dbt_like_sql says what, the package says how: one holds no Python, the other no template for SQL."""
    assert not [short(path) for path in PROJECT.rglob("*.py")]
    assert not [
        short(path) for path in PROJECT.rglob("*.sql") if re.search(r"\{\{|\{%", path.read_text(encoding="utf-8"))
    ]


def models() -> dict[str, tuple[str, exp.Expr]]:
    """File -> (layer, parsed SELECT) of every model."""
    return {
        short(path): (layer, sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb"))
        for folder, layer in MODEL_FOLDERS.items()
        for path in sorted((PROJECT / folder).rglob("*.sql"))
    }


def test_models_read_their_own_or_an_earlier_layer() -> None:
    """Tables are written layer.name, and no model reads a layer that comes after its own."""
    wrong = []
    for name, (layer, select) in models().items():
        steps = {cte.alias for cte in select.find_all(exp.CTE)}
        for table in select.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier) or (table.db, table.name) == ("config", "run"):
                continue
            if table.catalog == "previous" and table.db in LAYERS:
                continue
            if not table.db and table.name in steps:
                continue
            if table.db not in LAYERS or LAYERS.index(table.db) > LAYERS.index(layer):
                wrong.append(f"{name} reads {table.db}.{table.name}")
    assert not wrong


def test_models_name_their_columns() -> None:
    """The last SELECT of a model lists its columns: a table's shape is read, not guessed."""
    assert not [
        name
        for name, (_, select) in models().items()
        if isinstance(select, exp.Query)
        and any(column.is_star and not column.find(exp.Count) for column in select.selects)
    ]


def test_models_know_no_clock_and_no_chance() -> None:
    """The same inputs give the same rows: no clock, no random number, no arbitrary pick."""
    arbitrary = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Rand, exp.AnyValue, exp.First, exp.Last)
    wrong = {
        name: sorted({type(node).__name__ for node in found})
        for name, (_, select) in models().items()
        if (found := [node for node in select.find_all(*arbitrary) if not ordered(node)])
    }
    assert not wrong


def ordered(node: exp.Expr) -> bool:
    """Whether `node` is first or last over an ordered window, which is no arbitrary pick."""
    window = node.find_ancestor(exp.Window)
    return isinstance(node, exp.First | exp.Last) and window is not None and window.args.get("order") is not None
