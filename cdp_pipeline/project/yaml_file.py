"""One YAML file checked against its shape, with the line of every mistake.

What belongs here: turning a file into a frozen shape, or into messages "file:line: …". What does
not: which files there are (project.py) and what the shapes say (shapes.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cdp_pipeline.errors import nearest

ShapeT = TypeVar("ShapeT", bound=BaseModel)


def read_shape(path: Path, shape: type[ShapeT], problems: list[str]) -> ShapeT | None:
    """The file as `shape`, or None after adding every problem found in it to `problems`."""
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        repeated = _repeated(node)  # before keys of `<<` are merged in
        raw = None if node is None else loader.construct_document(node)
    except FileNotFoundError:
        problems.append(f"{path}: file not found")
        return None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "wrong encoding, or nested too deep"
        problems.append(f"{path}{where}: not readable as YAML: {reason}")
        return None
    if repeated:
        problems.extend(f"{path}:{line}: key '{name}' is given twice" for line, name in repeated)
        return None
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        messages = [_message(path, node, shape, item) for item in error.errors()]
        near = {message.rpartition(" (did you mean ")[2].removesuffix("?)") for message in messages}
        problems.extend(m for m in messages if not any(m.endswith(f"key '{name}' is missing") for name in near))
        return None


def line_of(path: Path, *keys: str | int) -> int:
    """The line (from 1) of a key of a file that could be read, or of the deepest one above it that is there.

    A number is a place in a list; where no list stands, since one item may be written without, it is passed over.
    """
    return _line(yaml.SafeLoader(path.read_text(encoding="utf-8")).get_single_node(), list(keys))[0]


def place(path: Path, *keys: str | int) -> str:
    """`file:line` of a key, for a message; the file alone when it cannot be read."""
    try:
        return f"{path}:{line_of(path, *keys)}"
    except (OSError, yaml.YAMLError):
        return str(path)


def _message(path: Path, node: Any, shape: type[BaseModel], error: Any) -> str:
    loc = [part for part in error["loc"] if not str(part).startswith(("function-", "union", "tagged"))]
    line, depth = _line(node, loc)
    name = ".".join(str(part) for part in loc)
    hint = ""
    if error["type"] == "extra_forbidden":
        hint = nearest(str(loc[-1]), _known_keys(shape))
        return f"{path}:{line}: unknown key '{name}'{hint}"
    if not loc:
        return f"{path}:{line}: must be a mapping of keys, found {type(error['input']).__name__}"
    if error["type"] == "missing":
        return f"{path}:{line}: key '{name}' is missing"
    if error["type"] == "literal_error":
        hint = nearest(
            str(error["input"]),
            [word.strip(" '") for word in str(error["ctx"]["expected"]).replace(" or ", ",").split(",")],
        )
    value = f", found {error['input']!r}" if isinstance(error["input"], str | int | float) and depth == len(loc) else ""
    return f"{path}:{line}: {name}: {error['msg'][0].lower()}{error['msg'][1:]}{value}{hint}"


def _repeated(node: Any, nodes: set[int] | None = None) -> list[tuple[int, str]]:
    """Line and name of every key that its mapping has had before; YAML would keep the last in silence.

    What aliases repeat is looked at once: they can make a tree of a few lines endless.
    """
    nodes = set() if nodes is None else nodes
    if id(node) in nodes:
        return []
    nodes.add(id(node))
    repeated: list[tuple[int, str]] = []
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        repeated = [
            (key.start_mark.line + 1, key.value)
            for number, (key, _) in enumerate(node.value)
            if key.value in names[:number] and key.tag != "tag:yaml.org,2002:merge"
        ]
    children = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else []
    children += node.value if isinstance(node, yaml.SequenceNode) else []
    return sorted([*repeated, *(item for child in children for item in _repeated(child, nodes))])


def _line(node: Any, loc: list[Any]) -> tuple[int, int]:
    """Line (from 1) of the deepest node on the way to `loc`, and how far it went."""
    line, depth = node.start_mark.line + 1 if node else 1, 0
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            if isinstance(part, int):
                continue
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode | yaml.MappingNode):
            break
        depth += 1
    return line, depth


def _known_keys(shape: Any) -> list[str]:
    """Every key that any shape in the tree below knows: enough to find a near name."""
    keys: set[str] = set()
    keys_before: set[Any] = set()
    queue = [shape]
    while queue:
        current = queue.pop()
        if current in keys_before:
            continue
        keys_before.add(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            for name, field in current.model_fields.items():
                keys.add(field.alias or name)
                queue.append(field.annotation)
        else:
            queue.extend(getattr(current, "__args__", ()))
    return sorted(keys)
