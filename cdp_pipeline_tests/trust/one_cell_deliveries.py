"""Small valid deliveries of every shipped source, many copies of each, whose people never meet.

What belongs here: the rows of one_cell.yml as files, in copies that share no name, address, number or town, and
telling again whose a value is. What does not: what is done to a cell (one_cell_changes.py), and the law
(one_cell.py).

A copy is a folder of its own, so that a file tells whose it is. `Copy.fold` writes what is the copy's own as the
name of its token again, so that two copies of a source can be held against each other.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any

import yaml

from cdp_pipeline_tests.trust.laws import DELIVERED

PEOPLE = "abc"
NIGHTS = {1: "2026-05-01", 2: "2026-06-01", 3: "2026-06-15"}
"""The third is the second again; in rows `{n}` is 1 or 2."""
_CONSONANTS, _VOWELS = "bdfgklmnprstvwz", "aeiou"
IDENTIFIERS = ("mail", "other_mail", "phone", "other_phone", "device", "id", "account", "order")
Row = dict[str, str]


@dataclass(frozen=True)
class File:
    """One file of a source: where it lies, and what it says of each person."""

    source: str
    path: str
    first: Mapping[str, str]
    then: Mapping[str, str] = field(default_factory=dict)
    below: Mapping[str, str] = field(default_factory=dict)
    nights: Sequence[int] = (1, 2)
    only: str = PEOPLE
    trailing: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.first, *self.then, *self.below)))

    def rows(self, night: int, *, untouched: bool = False) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Person and row, in the order of the file; `untouched`: nobody has refused yet."""
        for person in self.only:
            refused = not untouched and (person == "b" or (person == "a" and night == 2))
            yield person, {**dict.fromkeys(self.columns, ""), **self.first, **(self.then if refused else {})}
            if self.below:
                yield person, {**dict.fromkeys(self.columns, ""), **self.below}


@cache
def columns_that(key: str) -> Mapping[str, frozenset[str]]:
    """Source -> its columns of a kind that one_cell.yml explains: `lists` or `names`."""
    return {name: frozenset(spec.get(key, ())) for name, spec in _told().items()}


@cache
def deliveries() -> Mapping[str, tuple[tuple[File, ...], tuple[File, ...]]]:
    """Source -> its own files, and those that are delivered beside them on the first night."""
    own = {name: tuple(File(name, **given) for given in spec["files"]) for name, spec in _told().items()}
    return {name: (own[name], own.get(spec.get("beside"), ())) for name, spec in _told().items()}


@cache
def _told() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("one_cell.yml").read_text("utf-8"))
    return told


@dataclass(frozen=True)
class Cell:
    """Where a cell stands: the file among those of the source, the night, the row in the file, the column."""

    file: int
    night: int
    row: int
    column: str


@dataclass(frozen=True)
class Change:
    """What is done to a row: the new text of one cell, or of two that changed places."""

    kind: str
    cell: Cell
    person: str
    cells: Mapping[str, tuple[str, str]]  # column -> before and after, as they stand in the file
    again: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a file that was written."""

    file: str
    line: int
    person: str
    night: int
    place: tuple[int, int]  # file of the source (negative: beside it), row of that file


@dataclass(frozen=True)
class Copy:
    """One copy of the deliveries of a source: its people are nobody else's."""

    source: str
    number: int
    again: bool
    change: Change | None = None

    @cached_property
    def code(self) -> str:
        syllables = [c + v for c in _CONSONANTS for v in _VOWELS]
        return "".join(syllables[self.number // len(syllables) ** i % len(syllables)] for i in range(3)) + "x"

    @cached_property
    def tokens(self) -> Mapping[str, Mapping[str, str]]:
        """Person -> what is theirs."""
        return {person: self._person(Random(f"{self.code} {person}")) for person in PEOPLE}

    def _person(self, chance: Random) -> dict[str, str]:
        def word(length: int) -> str:
            return "".join(chance.choice((_CONSONANTS, _VOWELS)[i % 2]) for i in range(length))

        def digits(length: int, start: str = "") -> str:
            return start + "".join(chance.choice("0123456789") for _ in range(length))

        first, last, other = word(6), word(8), f"zz{word(7)}"  # sorts behind the first address, as the phones do
        return {
            "first": first.title(), "last": last.title(), "mail": f"{first}.{last}@{self.code}.example",
            "other": other, "other_mail": f"{other}@{self.code}.example", "word": word(7).title(),
            "street": word(9).title() + "kade", "city": word(8).title(),
            "zip": f"{digits(3, chance.choice('123456789'))} {word(2).upper()}",
            "born": f"{chance.randint(1945, 2001)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "phone": f"+316{digits(7, chance.choice('12'))}", "other_phone": f"+316{digits(7, chance.choice('34'))}",
            "id": digits(10, "7") + chance.choice("123456789"), "account": digits(11, "8") + chance.choice("123456789"),
            "order": digits(7, chance.choice("123456789")), "number": digits(8, "5"),
            "device": f"{digits(9, '1')}.{digits(9, '4')}",
        }  # fmt: skip

    # ---- files ---------------------------------------------------------------------------

    def write(self, exports: Path) -> list[Line]:
        """Write its files, long ago; returns whose every line is."""
        own, beside = deliveries()[self.source]
        lines: list[Line] = []
        for at, file in enumerate(beside, 1):
            lines += self._write(exports, file, -at, 1)
        for at, file in enumerate(own):
            for night in file.nights:
                lines += self._write(exports, file, at, night)
            if self.again:
                lines += self._write(exports, file, at, 3)
        return lines

    def row(self, file: int, night: int, place: int) -> tuple[str, Row]:
        """Person and row of an own file as it is before any change."""
        person, given = list(deliveries()[self.source][0][file].rows(min(night, 2)))[place]
        return person, self._filled(given, person, night)

    def _filled(self, given: Mapping[str, str], person: str, night: int) -> Row:
        own = {**self.tokens[person], "n": str(min(night, 2))}
        return {column: text.format_map(own) for column, text in given.items()}

    def _write(self, exports: Path, file: File, at: int, night: int) -> list[Line]:
        name = f"{self.code}/{file.path.format(day=NIGHTS[night])}"
        records: list[tuple[str, Row]] = []
        for place, (person, given) in enumerate(file.rows(min(night, 2), untouched=at < 0)):
            row = self._filled(given, person, night)
            if self.change and (self.change.cell.file, self.change.cell.row) == (at, place):
                changed = 3 if self.change.again else self.change.cell.night
                if night == changed:
                    row |= {column: after for column, (_, after) in self.change.cells.items()}
            records.append((person, row | {"Remark": str(night)}))  # nobody maps it; it makes the file another one
        path = exports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text, lines = (_json if name.endswith(".jsonl") else _csv)(records, file)
        path.write_text(text, encoding="utf-8", newline="")
        os.utime(path, (DELIVERED, DELIVERED))
        return [
            Line(name, line, person, night, (at, place))
            for place, (line, (person, _)) in enumerate(zip(lines, records, strict=True))
        ]

    # ---- whose a value is ----------------------------------------------------------------

    @cached_property
    def identifiers(self) -> Mapping[str, tuple[str, str]]:
        """Addresses, numbers and ids as published tables write them -> person and token."""
        return {self.tokens[person][name]: (person, name) for person in PEOPLE for name in IDENTIFIERS}

    @cached_property
    def _folding(self) -> tuple[re.Pattern[str], Mapping[str, str]]:
        names = {self.code: "{code}"}
        for person, values in self.tokens.items():
            for token, value in values.items():
                if not token.endswith("mail"):
                    names[value.removeprefix("+316").casefold()] = f"{{{token} {person}}}"
        longest = sorted(names, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest)), re.IGNORECASE), names

    def fold(self, value: object) -> str | None:
        """A value of a table with the tokens of this copy by their names; a digest as a digest."""
        if value is None:
            return None
        pattern, names = self._folding
        text = pattern.sub(lambda found: names[found[0].casefold()], str(value))
        return re.sub(r"\b[0-9a-f]{32}\b", "{digest}", text)


def _csv(records: Sequence[tuple[str, Row]], file: File) -> tuple[str, list[int]]:
    delimiter = ";" if file.source.startswith("prestashop") else ","
    end = (delimiter if file.trailing else "") + "\n"
    text, lines = _record((*file.columns, "Remark"), delimiter) + end, []
    for _, row in records:
        lines.append(1 + text.count("\n"))
        text += _record([row[column] for column in (*file.columns, "Remark")], delimiter) + end
    return text, lines


def _record(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def _json(records: Sequence[tuple[str, Row]], file: File) -> tuple[str, list[int]]:
    made = [json.dumps({c: _value(v) for c, v in row.items()}, ensure_ascii=False) for _, row in records]
    return "".join(f"{text}\n" for text in made), list(range(1, len(made) + 1))


def _value(text: str) -> object:
    """What looks like an object is one; damaged, it is a text."""
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
