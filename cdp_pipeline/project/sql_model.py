"""One .sql file of dbt_like_sql: its header, the tables it reads, its columns and their lineage.

What belongs here: reading a model or a check file. What does not: running it (steps.py, assets.py).

A model is one SELECT in DuckDB's dialect. Its first comment lines describe it; `-- key: value`
lines among them are fields: `grain`, `owner`, `check` (a condition every row must meet), `no profiling`
(columns of an attribute theme that tell nothing of what a person is like), and `empty <table>` (columns of a
previously published table that may not exist yet). A trailing comment on an output column documents it;
`[personal]` in front marks it as personal data, `[special]` as personal data of Article 9 GDPR (health, belief,
sex life …), which no rule may use by default. `[zero]` marks a count of a theme: 0 for who has none, empty when not known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlglot
from sqlglot import exp

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.sql_reach import outside

_FIELD = re.compile(r"^(grain|owner|check|(?:no )?profiling|asset|severity|fix|empty [\w.]+):\s*(.*)$")


@dataclass(frozen=True)
class Model:
    """A SELECT that makes `layer.name`; `columns` documents each output column in order."""

    name: str
    path: Path
    sql: str
    description: str
    owner: str
    grain: tuple[str, ...]
    conditions: tuple[str, ...]
    reads: tuple[str, ...]
    columns: dict[str, str]
    personal: frozenset[str]
    special: frozenset[str] = frozenset()
    empty: dict[str, str] = field(default_factory=dict)
    no_profiling: frozenset[str] = frozenset()

    @property
    def layer(self) -> str:
        return self.name.split(".")[0]

    @property
    def counts(self) -> frozenset[str]:
        """Columns that are 0 for who has none: an empty one is not known."""
        return frozenset(name for name, words in self.columns.items() if words.startswith("[zero]"))

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(name for name in self.reads if name != "config.run")

    @property
    def uses_as_of(self) -> bool:
        return "config.run" in self.reads

    @property
    def version(self) -> str:
        """Changes when the SQL does, not when only its layout or comments do."""
        tree = sqlglot.parse_one(self.sql, dialect="duckdb")
        return hashlib.sha256(tree.sql(dialect="duckdb", comments=False).encode()).hexdigest()


@dataclass(frozen=True)
class Check:
    """A SELECT of the rows that break a rule; none may come back.

    `severity` error blocks publication, warn is only shown. `asset` is the table that carries it.
    Without `sql` it is about what is to be published as a whole (quality/candidate.py).
    """

    name: str
    asset: str
    description: str
    sql: str = ""
    reads: tuple[str, ...] = ()
    severity: str = "error"
    owner: str = "data team"
    fix: str = ""


def read_model(path: Path, layer: str, problems: list[str]) -> Model | None:
    """The model in `path`, or None after adding every problem to `problems`."""
    text, tree = _select(path, problems)
    if tree is None:
        return None
    description, fields = _header(text)
    columns, personal, special = _columns(tree)
    for header, present in (
        ("a description in the first comment lines", description),
        ("-- grain:", fields.get("grain")),
    ):
        if not present:
            problems.append(f"{path}:1: missing {header}")
    grain = tuple(part.strip() for part in (fields.get("grain") or [""])[0].split(",") if part.strip())
    facts = [column for column in columns if column not in grain]
    if layer != "identity" and any(isinstance(c, exp.Star) for c in tree.selects):
        problems.append(f"{path}: the last SELECT names its columns, found *")
    return Model(
        name=f"{layer}.{path.stem}",
        path=path,
        sql=text,
        description=description,
        owner=(fields.get("owner") or ["data team"])[0],
        grain=grain,
        conditions=tuple(fields.get("check", ())),
        reads=tables_read(tree),
        columns=columns,
        personal=personal,
        special=special,
        empty={key.removeprefix("empty "): value[0] for key, value in fields.items() if key.startswith("empty ")},
        no_profiling=_no_profiling(path, text, facts, problems),
    )


def is_theme(path: Path) -> bool:
    """Whether the model gives columns of profiles.customers."""
    return path.parent.name == "attributes"


def read_check(path: Path, problems: list[str]) -> Check | None:
    """The check in `path`, or None after adding every problem to `problems`."""
    text, tree = _select(path, problems)
    if tree is None:
        return None
    description, fields = _header(text)
    severity = (fields.get("severity") or ["error"])[0]
    if severity not in {"error", "warn"}:
        problems.append(f"{path}: severity is error or warn, found {severity}")
    _no_profiling(path, text, (), problems)
    if "asset" not in fields:
        problems.append(f"{path}: missing -- asset: layer.table")
        return None
    return Check(
        name=path.stem,
        asset=fields["asset"][0],
        description=description,
        sql=text,
        reads=tables_read(tree),
        severity=severity,
        owner=(fields.get("owner") or ["data team"])[0],
        fix=(fields.get("fix") or [""])[0],
    )


def tables_read(tree: exp.Expr) -> tuple[str, ...]:
    """`layer.table` and `previous.layer.table` names in a query, in order of first use."""
    tables: dict[str, None] = {}
    for table in tree.find_all(exp.Table):
        if table.db:
            tables[".".join(part for part in (table.catalog, table.db, table.name) if part)] = None
    return tuple(tables)


def _select(path: Path, problems: list[str]) -> tuple[str, exp.Query | None]:
    text = path.read_bytes().decode("utf-8", errors="replace")
    if "\ufffd" in text:
        problems.append(f"{path}: not written in UTF-8")
        return text, None
    try:
        statements = [tree for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0]
        problems.append(f"{path}:{first['line']}: {first['description']} near {first['highlight']!r}")
        return text, None
    except sqlglot.errors.SqlglotError:
        problems.append(f"{path}: a quote or a comment is opened and never closed")
        return text, None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        problems.append(f"{path}: a file holds exactly one SELECT, found {len(statements)} statements")
        return text, None
    if wrong := outside(statements[0], ()):
        problems.extend(f"{path}: {problem}" for problem in wrong)
        return text, None
    return text, statements[0]


def _header(text: str) -> tuple[str, dict[str, list[str]]]:
    words: list[str] = []
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        content = line.removeprefix("--").strip()
        match = _FIELD.match(content)
        if match:
            fields.setdefault(match[1], []).append(match[2].strip())
        elif content:
            words.append(content)
    return " ".join(words), fields


def _no_profiling(path: Path, text: str, columns: Sequence[str], problems: list[str]) -> frozenset[str]:
    """Columns of a theme that its header names as no profiling; a name without effect is a problem."""
    columns_named: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = _FIELD.match(line.removeprefix("--").strip()) if line.startswith("--") else None
        if not match or not match[1].endswith("profiling"):
            continue
        where = f"{path}:{number}: no profiling"
        if match[1] == "profiling":
            problems.append(f"{path}:{number}: profiling: found {match[2]}; name the columns under `-- no profiling:`")
            continue
        names = [name.strip() for name in match[2].split(",") if name.strip()]
        if not is_theme(path):
            problems.append(f"{where}: only a theme in 4_profiles/attributes has such columns")
            continue
        allowed = f"allowed: {', '.join(columns)}"
        problems += [f"{where}: unknown column {c}{nearest(c, columns)}; {allowed}" for c in names if c not in columns]
        problems += [] if names else [f"{where}: names no column; {allowed}"]
        columns_named |= set(names)
    return frozenset(columns_named)


def _columns(tree: exp.Query) -> tuple[dict[str, str], frozenset[str], frozenset[str]]:
    columns: dict[str, str] = {}
    personal: set[str] = set()
    special: set[str] = set()
    for select in tree.selects:
        comments = [c for node in select.walk() for c in (node.comments or [])]
        comment = " ".join(part.strip() for part in comments)
        if comment.startswith("[special]"):
            special.add(select.alias_or_name)
        if comment.startswith(("[personal]", "[special]")):
            personal.add(select.alias_or_name)
        columns[select.alias_or_name] = comment.removeprefix("[personal]").removeprefix("[special]").strip()
    return columns, frozenset(personal), frozenset(special)
