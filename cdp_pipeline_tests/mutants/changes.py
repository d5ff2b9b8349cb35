"""Small wrong changes of a package: where a module can be changed and how, and which changes are drawn.

What belongs here: the places, their turned text, and the draw. What does not: whether a test notices (__main__.py).

A change is one place of one file: a comparison turned, a `not` dropped, `and` for `or`, a number one too big, True
for False, the first two arguments of a call swapped, a call dropped, nothing returned, or one word of a SQL text.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

PACKAGE = "cdp_pipeline"
Change = tuple[int, int, str]  # the bytes from … to … become …

TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "in": "not in", "not in": "in"}
TURNED |= {"is": "is not", "is not": "is"}
TURNED_SQL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "and": "or", "or": "and"}
TURNED_SQL |= {"asc": "desc", "desc": "asc", "is null": "is not null", "is not null": "is null", "left join": "join"}
TURNED_SQL |= {"not in": "in", "not exists": "exists", "union all": "union", "select distinct": "select"}
SQL = re.compile(
    r"\bselect\b[\s\S]*\bfrom\b|\border by\b|\bis (not )?null\b|\b(join|where)\b[\s\S]* [=<>]+ |\bcase when\b"
)
SQL_WORD = re.compile(r"(?<=\s)(" + "|".join(sorted(TURNED_SQL, key=len, reverse=True)) + r")(?=[\s,)\"])")
BETWEEN = re.compile(r"between\s+\S+\s+$")


@dataclass(frozen=True)
class Mutant:
    """One change: in `module` (a path below the root) the bytes from `start` to `end` become `text`."""

    module: str
    source: bytes = field(repr=False)
    start: int
    end: int
    text: str

    @cached_property
    def changed(self) -> bytes:
        return self.source[: self.start] + self.text.encode() + self.source[self.end :]

    @cached_property
    def digest(self) -> str:
        return sha256(self.module.encode() + b"\0" + self.source + b"\0" + self.changed).hexdigest()[:16]

    @property
    def folder(self) -> str:
        """The folder of the module below the package; empty for a module at its top."""
        return Path(self.module).parent.relative_to(PACKAGE).as_posix().removeprefix(".")

    @property
    def line(self) -> int:
        return self.source.count(b"\n", 0, self.start) + 1

    def difference(self) -> str:
        """The changed lines as they were and as they are."""
        first = self.source.rfind(b"\n", 0, self.start) + 1
        last = self.source.find(b"\n", self.end)
        before = self.source[first:last].decode()
        after = self.changed[first : last + len(self.changed) - len(self.source)].decode()
        return "\n".join(f"{sign} {' '.join(text.split())}" for sign, text in (("-", before), ("+", after)))


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose change can be felt: no hints, decorators, asserts, log lines or docstrings."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Assert) or not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if isinstance(child, ast.Expr) and (
                isinstance(child.value, ast.Constant) or re.match(r"_?log(ger)?\.", ast.unparse(child).lower())
            ):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            yield child


class _Places:
    """Where the expressions and statements of a source stand, as byte positions."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0),
        )

    def text(self, node: ast.expr) -> bytes:
        return self.source[slice(*self.of(node))]

    def operators(self, operands: Sequence[ast.expr], words: Mapping[str, str]) -> Iterator[Change]:
        """The operator between each two operands, turned."""
        for left, right in pairwise(operands):
            start = self.of(left)[1]
            match = re.search(r"not\s+in|is\s+not|[<>=!]+|\w+", self.source[start : self.of(right)[0]].decode())
            assert match
            yield start + match.start(), start + match.end(), words[" ".join(match.group().split())]

    def swapped(self, call: ast.Call) -> Iterator[Change]:
        """The first two arguments of a call, the other way round."""
        if len(call.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in call.args[:2]):
            first, second = call.args[:2]
            comma = self.source[self.of(first)[1] : self.of(second)[0]]
            if self.text(first) != self.text(second):
                yield self.of(first)[0], self.of(second)[1], (self.text(second) + comma + self.text(first)).decode()

    def sql(self, node: ast.expr) -> Iterator[Change]:
        """The words of a text that reads as SQL, turned; other texts are words for people."""
        text = self.text(node).decode()
        for match in SQL_WORD.finditer(text) if SQL.search(text) else ():
            if not (match.group() == "and" and BETWEEN.search(text[: match.start()])):
                start = self.of(node)[0] + len(text[: match.start()].encode())
                yield start, start + len(match.group()), TURNED_SQL[match.group()]

    def changes(self, node: ast.AST) -> Iterator[Change]:
        """The changes of one node, not of the nodes in it."""
        match node:
            case ast.Compare():
                yield from self.operators([node.left, *node.comparators], TURNED)
            case ast.BoolOp():
                yield from self.operators(node.values, {"and": "or", "or": "and"})
            case ast.UnaryOp(op=ast.Not()):
                yield self.of(node)[0], self.of(node)[0] + len("not "), ""
            case ast.Constant(value=bool()):
                yield *self.of(node), repr(not node.value)
            case ast.Constant(value=int() | float() as number):
                yield *self.of(node), repr(number + 1)
            case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
                yield *self.of(node), "return None"
            case ast.Expr(value=ast.Call()):
                yield *self.of(node), "pass"
            case ast.Call():
                yield from self.swapped(node)
            case ast.JoinedStr() | ast.Constant(value=str()):
                yield from self.sql(node)


def changes(source: bytes, node: ast.AST) -> Iterator[Change]:
    """Every change inside `node`, a part of the syntax tree of `source`."""
    places, waiting = _Places(source), [node]
    while waiting:
        inner = waiting.pop()
        yield from places.changes(inner)
        if not isinstance(inner, ast.JoinedStr):  # Python 3.11 does not tell where its parts stand
            waiting += _inside(inner)


def _functions(node: ast.AST) -> Iterator[ast.AST]:
    """The functions and methods of a module, and each of its other statements."""
    for child in _inside(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child)
        elif isinstance(child, ast.stmt):
            yield child


def draw(root: Path, *, seed: int, count: int, packages: Sequence[str] = ()) -> list[Mutant]:
    """`count` mutants of the tree, at most two a function, spread over the packages as their functions are."""
    chance = random.Random(seed)
    drawn: list[Mutant] = []
    modules = sorted((root / PACKAGE).rglob("*.py"), key=lambda path: path.relative_to(root).parts[:-1])
    for package in dict.fromkeys(path.relative_to(root / PACKAGE).parts[0] for path in modules):
        if packages and package not in packages:
            continue
        pool: list[Mutant] = []
        for path in sorted(path for path in modules if path.relative_to(root / PACKAGE).parts[0] == package):
            source = path.read_bytes()
            for function in _functions(ast.parse(source)):
                places = list(changes(source, function))
                for start, end, text in chance.sample(places, min(2, len(places))):
                    pool.append(Mutant(path.relative_to(root).as_posix(), source, start, end, text))
        chance.shuffle(pool)
        drawn += pool
    count = min(count, len(drawn))
    return [drawn[position * len(drawn) // count] for position in range(count)]
