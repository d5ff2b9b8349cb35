"""The tables of words in 2_staging: what stands for yes, no and a permission, and what stands for an empty cell.

What belongs here: reading `words.csv` and `empty_cells.csv`, and the SQL macros made of them. What does not: the
words themselves, and how other values are parsed (staging/parsing.py).

    words.csv        word, languages, boolean (true, false or empty), status (a status of staging.permissions)
    empty_cells.csv  text, stands_in (any, typed, id or date), origin
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.project.quoting import literal

_BOOLEANS = {"true": True, "false": False, "": None}
PLACES = ("any", "typed", "id", "date")
"""Where a text stands for an empty cell: anywhere, in cells that are no free text, in ids, in dates."""
_INVISIBLE = (
    r"[\p{Cf}\x{034f}\x{115f}\x{1160}\x{3164}\x{ffa0}]+"  # format characters, and fillers that look like nothing
)
_EDGES = r"^[\s\p{Z}\x{00a0}''\x{2018}\x{2019}\x{201c}\x{201d}`\"]+|[\s\p{Z}\x{00a0}''\x{2018}\x{2019}\x{201c}\x{201d}`\".;,!:]+$"

# What any spreadsheet writes in place of a value: #REF!, #WERT!, #¿NOMBRE?, a cell too narrow (####), Err:502.
_SHEET_ERROR = r"#[¡¿]?\p{Lu}[\p{Lu}/_0-9 ]*[!?]|#{2,}|Err:\d+"
# What a spreadsheet or program makes of a long number: 7E+12, 7.00001e12, 7000007919317.0, 7,000,000,800,012.
# 12E45 is an article number: without a sign or a mark only one digit before the E is a number's.
_SHEET_NUMBER = (
    r"[+-]?\d+(?:[.,]\d+)?[eE][+-]\d+|[+-]?\d[.,]\d+[eE]\d+|[+-]?\d[eE]\d{2,}"
    r"|\d+[.,]0+|\d{1,3}(?:[., \x{00a0}\x{202f}''\x{2019}]\d{3}){2,}"
)


@dataclass(frozen=True)
class Words:
    """booleans and statuses: a word in lower case and its meaning; empty_cells: text in lower case and its place."""

    booleans: tuple[tuple[str, bool], ...] = (("true", True), ("false", False))  # as SQL itself writes them
    statuses: tuple[tuple[str, str], ...] = ()
    empty_cells: tuple[tuple[str, str], ...] = ()


def read_words(folder: Path) -> Words:
    """The words of a folder 2_staging; none where a file is not there. ProjectError lists every mistake."""
    problems: list[str] = []
    booleans: dict[str, bool] = {}
    statuses: dict[str, str] = {}
    for place, row in _rows(folder / "words.csv", ("word", "languages", "boolean", "status"), problems):
        word = row["word"].strip().lower()
        if row["boolean"] not in _BOOLEANS:
            problems.append(f"{place}: boolean {row['boolean']!r} is not true, false or empty")
        elif word in statuses or word in booleans:
            problems.append(f"{place}: {word!r} stands here twice; a word has one meaning")
        elif not row["status"]:
            problems.append(f"{place}: {word!r} has no status")
        else:
            statuses[word] = row["status"]
            if (boolean := _BOOLEANS[row["boolean"]]) is not None:
                booleans[word] = boolean
    empty: dict[tuple[str, str], None] = {}
    for place, row in _rows(folder / "empty_cells.csv", ("text", "stands_in", "origin"), problems):
        if row["stands_in"] not in PLACES:
            hint = nearest(row["stands_in"], PLACES)
            problems.append(f"{place}: stands_in {row['stands_in']!r} is not one of {', '.join(PLACES)}{hint}")
        empty.setdefault((row["text"].strip().lower(), row["stands_in"]))
    if problems:
        raise ProjectError(problems)
    return Words(tuple(booleans.items()), tuple(statuses.items()), tuple(empty))


def macros(words: Words) -> tuple[str, ...]:
    """SQL macros over a text: `answer(x)` yes, no or null; `permission_status(x)` a status, the text itself when no
    word is known, null when it is blank; `as_boolean(x)`; `is_empty_any(x)`, `…_typed`, `…_id`, `…_date`;
    `visible(x)`: without characters that nobody sees, full-width letters and digits as plain ones; of an id, whatever
    system stands before it: `is_no_id(x)`, nobody's, and `is_whole_id(x)`, not what a spreadsheet made of one.
    """
    yes = [word for word, meaning in words.booleans if meaning]
    no = [word for word, meaning in words.booleans if not meaning]
    statuses = sorted({status for _, status in words.statuses})
    cases = " ".join(
        f"when {_is_one('plain_word(x)', [word for word, its in words.statuses if its == status])} then '{status}'"
        for status in statuses
    )
    empties = (
        f"create or replace macro is_empty_{place}(x) as "
        f"coalesce({_is_one('lower(x)', [text for text, p in words.empty_cells if p == place])}, false)"
        for place in PLACES
    )
    wide = "".join(chr(0xFF01 + at) for at in range(94))
    plain = "".join(chr(0x21 + at) for at in range(94))
    return (
        (
            f"create or replace macro visible(x) as regexp_replace(translate(x, {literal(wide + '﹫﹣﹢。．')}, "
            f"{literal(plain + '@-+..')}), '{_INVISIBLE}', '', 'g')"
        ),
        (
            f"create or replace macro plain_word(x) as "
            f"regexp_replace(regexp_replace(lower(visible(nfc_normalize(x))), '{_EDGES}', '', 'g'), '[\\s_]+', ' ', 'g')"
        ),
        (
            f"create or replace macro answer(x) as case when {_is_one('plain_word(x)', yes)} then 'yes' "
            f"when {_is_one('plain_word(x)', no)} then 'no' end"
        ),
        "create or replace macro as_boolean(x) as case answer(x) when 'yes' then true when 'no' then false end",
        f"create or replace macro permission_status(x) as case {cases} when plain_word(x) <> '' then x end",
        *empties,
        # Nearly no cell begins like an error: the pattern is asked of those that do.
        (
            "create or replace macro is_sheet_error(x) as is_empty_any(x) or "
            f"(left(x, 1) in ('#', 'E') and regexp_full_match(x, '{_SHEET_ERROR}'))"
        ),
        (
            "create or replace macro bare_id(x) as "
            "case when contains(x, ':') then regexp_replace(x, '^(?:[a-z][a-z0-9_]*:)+', '') else x end"
        ),
        "create or replace macro is_no_id(x) as is_empty_typed(bare_id(x)) or is_empty_id(bare_id(x))",
        (
            "create or replace macro is_whole_id(x) as coalesce(not (is_sheet_error(bare_id(x)) or "
            f"regexp_full_match(bare_id(x), '{_SHEET_NUMBER}')), true)"
        ),
    )


def _rows(path: Path, header: Sequence[str], problems: list[str]) -> list[tuple[str, dict[str, str]]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != tuple(header):
            problems.append(f"{path}:1: the columns are {', '.join(header)}")
            return []
        lines = [(f"{path}:{reader.line_num}", row) for row in reader]
    whole = [(place, row) for place, row in lines if None not in row and None not in row.values()]
    problems += [f"{place}: not {len(header)} cells" for place, row in lines if (place, row) not in whole]
    return whole


def _is_one(text: str, values: Sequence[str]) -> str:
    """SQL: whether a text is one of the values. By a pattern, for DuckDB plans a join for every list it is compared with."""
    pattern = "|".join(map(re.escape, values)) or r"[^\s\S]"
    return f"regexp_full_match({text}, {literal(pattern)})"
