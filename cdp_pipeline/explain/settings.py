"""Settings of matching.yml as somebody changes them on the command line, for a what-if only.

What belongs here: `--set joining.cut=2` and `--block email:VALUE` as values, and a copy of the
project folder that says so. What does not: what follows from them (whatif.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_pipeline.errors import InputError, ProjectError, nearest
from cdp_pipeline.identity.matching import Matching, load_matching
from cdp_pipeline.project.shapes import Shape

NO_SETTINGS = {"description", "owner", "nicknames", "placeholders"}  # words, and what has a file of its own
KINDS = ("email", "phone")


@dataclass(frozen=True)
class Blocked:
    """An identifier that is taken to identify nobody."""

    kind: str
    value: str


def names() -> tuple[str, ...]:
    """Every setting, a dot before what is inside a group."""
    options = []
    for name, field in Matching.model_fields.items():
        if name in NO_SETTINGS:
            continue
        if isinstance(field.default, Shape):
            options += [f"{name}.{inner}" for inner in type(field.default).model_fields]
        else:
            options.append(name)
    return tuple(options)


def read_settings(texts: Sequence[str]) -> dict[str, Any]:
    """`["joining.cut=2"]` -> {"joining.cut": 2}; InputError names every mistake, with the nearest name."""
    options, values, problems = names(), {}, []
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not value:
            problems.append(f"--set {text}: expected NAME=VALUE, such as joining.cut=2")
        elif name not in options:
            ends = {option.rpartition(".")[2]: option for option in options}
            hint = f" (did you mean {ends[name]}?)" if name in ends else nearest(name, options)
            problems.append(f"--set {name}: no such setting{hint or '; there are: ' + ', '.join(options)}")
        else:
            try:
                values[name] = yaml.safe_load(value)
            except yaml.YAMLError:
                problems.append(f"--set {name}: {value} is no value; lists are written [one, two]")
    if problems:
        raise InputError(problems)
    return values


def read_blocks(texts: Sequence[str]) -> tuple[Blocked, ...]:
    """`["email:info@shop.example"]` as values; InputError for another kind. No value is repeated in a message."""
    problems, blocks = [], []
    for text in texts:
        kind, _, value = (part.strip() for part in text.partition(":"))
        if kind not in KINDS or not value:
            hint = nearest(kind, KINDS)
            problems.append(f"--block: expected email:VALUE or phone:VALUE{hint}")
        else:
            blocks.append(Blocked(kind, value))
    if problems:
        raise InputError(problems)
    return tuple(blocks)


def changed_project(folder: Path, changes: dict[str, Any], into: Path) -> tuple[Matching, Matching]:
    """Copy the project to `into` with the changes in its matching.yml; returns both settings, old and new.

    Raises InputError when a value does not fit.
    """
    before = load_matching(folder / "3_identity")
    shutil.copytree(folder, into)
    path = into / "3_identity" / "matching.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for name, value in changes.items():
        group, _, inner = name.rpartition(".")
        (settings.setdefault(group, {}) if group else settings)[inner] = value
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    try:
        return before, load_matching(into / "3_identity")
    except ProjectError as error:
        place = rf"^{re.escape(str(path))}:\d+: "
        raise InputError([re.sub(place, "--set ", problem) for problem in error.problems]) from None
