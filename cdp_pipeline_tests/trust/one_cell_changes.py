"""What happens to a cell: it is emptied, garbled, written in another way, or changes places with another.

What belongs here: the ways, and which cell of which copy gets which. What does not: the table of spellings
(one_cell_spellings.py), the deliveries (one_cell_deliveries.py), and what must stay true (one_cell.py).

`is_another` is the oracle of chance: a garbled address may be a plain other address, and nobody can see that.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import count
from random import Random
from typing import Any

from cdp_pipeline_tests.trust.one_cell_deliveries import Cell, Change, Copy, deliveries
from cdp_pipeline_tests.trust.one_cell_spellings import DATE, kind_of, respelled

SEED = 20_260_930
HABIT = 33  # changes of a source in one run: so many may be of one spreadsheet
KINDS = ("blank", "garble", "respell", "respell", "swap")
YES = frozenset(
    {
        "yes",
        "true",
        "1",
        "on",
        "y",
        "t",
        "ja",
        "j",
        "si",
        "da",
        "subscribed",
        "allow_all",
        "freely given consent from contact",
    }
)
_ADDRESS = re.compile(r"""[^\s@,;:<>()\[\]"]+@[\w-]+(\.[\w-]+)+""")
_NO_ID = re.compile(r"|#+|[#=].*|\d([.,]\d+)?e\+?\d+|none|null|nan|undefined|0|n/a|na|nil|-|\?", re.IGNORECASE)
Draw = Callable[[Random, str], str]


def garbled(chance: Random, text: str) -> str:
    """One to three slips of a hand or a cable: a sign lost, doubled, changed, or two exchanged."""
    made = list(text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(made)) if made else 0
        sign = chance.choice("abcxyzABZ0123456789 .,;:-_/@+#'\"()<>=\u00e9\u00a0\u200b\ufffd?")
        match chance.randrange(5):
            case 0:
                del made[place : place + 1]
            case 1:
                made.insert(place, sign)
            case 2:
                made[place : place + 1] = [sign]
            case 3:
                made[place : place + 2] = made[place : place + 2][::-1]
            case _:
                made[place : place + 1] = made[place : place + 1] * 2
    return "".join(made)


def blank(chance: Random, text: str) -> str:
    return chance.choice(("", "", "", " ", "\u00a0"))


# ---- which cell gets what ----------------------------------------------------------------------


def changed(source: str, draw: int, number: int) -> Copy:
    """The copy of a source with this number, changed by the draw with that one; always the same."""
    respell = partial(respelled, habit=f"{SEED} {source} {draw // HABIT}")
    draws: dict[str, Draw] = {"blank": blank, "garble": garbled, "respell": respell}
    kind = KINDS[draw % len(KINDS)]
    for attempt in count():
        chance = Random(f"{SEED} {source} {draw} {attempt}")
        cell, again = _cell(chance, source)
        person, row = Copy(source, number, again).row(cell.file, cell.night, cell.row)
        cells = _swapped(chance, row, cell.column) if kind == "swap" else _one(chance, row, cell.column, draws[kind])
        if cells:
            return Copy(source, number, again, Change(kind, cell, person, cells, again))
    raise AssertionError("the attempts never end")


def _cell(chance: Random, source: str) -> tuple[Cell, bool]:
    """A filled cell; a refusal is likelier than a grant, and half of the second nights come again."""
    own, _ = deliveries()[source]
    places = [
        (at, row, column)
        for at, file in enumerate(own)
        for row, (_, cells) in enumerate(file.rows(2))
        for column, text in cells.items()
        if text
    ]
    columns = sorted({(at, column) for at, _, column in places})
    at, column = chance.choice(columns)
    row = chance.choice([row for file, row, name in places if (file, name) == (at, column)])
    night = 2 if 1 not in own[at].nights or chance.random() < 0.75 else 1
    return Cell(at, night, row, column), night == 2 and chance.random() < 0.45


def _one(chance: Random, row: dict[str, str], column: str, draw: Draw) -> dict[str, tuple[str, str]]:
    before = row[column]
    is_part = kind_of(before) == "json" and chance.random() < 0.6
    after = _inside(chance, before, draw) if is_part else draw(chance, before)
    return {} if after == before else {column: (before, after)}


def _swapped(chance: Random, row: dict[str, str], column: str) -> dict[str, tuple[str, str]]:
    others = [name for name, text in row.items() if text != row[column]]
    if not others:
        return {}
    other = chance.choice(others)
    return {column: (row[column], row[other]), other: (row[other], row[column])}


def _inside(chance: Random, text: str, draw: Draw) -> str:
    """One text inside a cell of JSON is changed."""
    try:
        whole = json.loads(text)
    except ValueError:
        return draw(chance, text)
    leaves = list(_leaves(whole))
    holder, key = chance.choice(leaves)
    holder[key] = draw(chance, str(holder[key]))
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, dict | list):
            yield from _leaves(inner)
        else:
            yield value, key


# ---- another valid value ------------------------------------------------------------------------


def is_another(change: Change) -> bool:
    """A plain value of the same kind that says something else: nobody can see that it was changed."""
    return any(_is_plain(before, after) for before, after in change.cells.values())


def _is_plain(before: str, after: str) -> bool:
    kind, text = kind_of(before), _bare(after)
    if kind == "json":
        return _other_leaves(before, after)
    if kind == "mail":
        return bool(_ADDRESS.fullmatch(text)) and _bare(before).casefold() not in text.casefold()
    if kind == "phone":
        digits = re.sub(r"[ ()-]", "", text)
        return bool(re.fullmatch(r"\+?\d{9,}", digits)) and digits[-8:] != before[-8:]
    if kind == "id":  # of a text nobody can say that it is no id, but of these
        return not _NO_ID.fullmatch(text) and _signs(text) != _signs(before)
    if kind == "date":
        return bool(DATE.fullmatch(text)) and _is_day(text)
    return text.casefold() in YES and text.casefold() != before.casefold()


def _bare(text: str) -> str:
    """Without what nobody sees, and without what vendors put before a value."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return re.sub("^('|[pl]:)", "", seen.strip())


def _signs(text: str) -> str:
    return re.sub(r"[.,]0+$|\W", "", text)


def _is_day(text: str) -> bool:
    try:
        return len(text) == 16 or datetime.fromisoformat(text[:10]) < datetime(2026, 7, 1)  # noqa: DTZ001 - days only
    except ValueError:
        return False


def _other_leaves(before: str, after: str) -> bool:
    try:
        one = [str(holder[key]) for holder, key in _leaves(json.loads(before))]
        other = [str(holder[key]) for holder, key in _leaves(json.loads(after))]
    except (ValueError, TypeError, AttributeError):
        return False
    return len(one) == len(other) and any(_is_plain(a, b) for a, b in zip(one, other, strict=True) if a != b)
