"""Classes of bad input that are about lines and columns: ragged, doubled, joined, shifted, ended oddly.

What belongs here: what is done to lines and headers, and what must become of them. What does not: whole
files (bad_input_files.py) and single cells (bad_input_cells.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from cdp_pipeline_tests.trust.bad_input_book import COLUMNS, Case, Rows, joined, json_lines, record, records, text_of

Lines = list[str]


def _line(place: int, change: Callable[[str], str]) -> Callable[[Rows], str]:
    """One record's text changed; 0 is the first row."""

    def make(rows: Rows) -> str:
        lines = records(rows)
        lines[place + 1] = change(lines[place + 1])
        return joined(lines)

    return make


def _after(place: int, *more: str) -> Callable[[Rows], str]:
    """Lines put behind a row."""

    def make(rows: Rows) -> str:
        lines = records(rows)
        return joined([*lines[: place + 2], *more, *lines[place + 2 :]])

    return make


def _columns(columns: Sequence[str]) -> Callable[[Rows], str]:
    return lambda rows: joined(records(rows, columns))


def _head(change: Callable[[str], str]) -> Callable[[Rows], str]:
    return lambda rows: joined([change(records(rows)[0]), *records(rows)[1:]])


def _json(place: int, change: Callable[[str], str]) -> Callable[[Rows], str]:
    def make(rows: Rows) -> str:
        lines = json_lines(rows)
        lines[place] = change(lines[place])
        return joined(lines)

    return make


def _shifted(rows: Rows) -> str:
    """From the ninth row on a cell too many, in the middle."""
    lines = [record(COLUMNS)]
    for place, row in enumerate(rows):
        cells = [row[c] for c in COLUMNS]
        lines.append(record([*cells[:2], "x", *cells[2:]] if place >= 8 else cells))
    return joined(lines)


def _shifted_off_the_end(rows: Rows) -> str:
    """From the ninth row on all cells one to the right, and the last one lost.

    Nobody gets an address, a number or a day by it: these are emptied and listed. Text can be any text.
    """
    lines = [record(COLUMNS)]
    for place, row in enumerate(rows):
        cells = [row[c] for c in COLUMNS]
        lines.append(record([cells[0], "", *cells[1:-1]] if place >= 8 else cells))
        if place >= 8:
            row.update(name="", country=row["day"], note=row["country"])
    return joined(lines)


def _doubled_last(rows: Rows) -> str:
    return joined([*records(rows), records(rows)[-1]])


def _overlap(rows: Rows) -> str:
    """An upload that broke off inside the tenth row and was taken up again before it."""
    lines = records(rows)
    return joined(lines[:10]) + lines[10][:30] + joined(lines[10:])


def _other_delimiter(rows: Rows) -> str:
    return joined(records(rows)[:9]) + joined(records(rows, delimiter=";")[9:])


def _sorted(rows: Rows) -> str:
    rows[:] = sorted(rows, key=lambda row: row["name"])
    return text_of(rows)


def _joined_with_mark(rows: Rows) -> bytes:
    """A second export behind the first, each with a byte order mark and a header."""
    lines = records(rows)
    return b"\xef\xbb\xbf" + joined(lines[:7]).encode() + b"\xef\xbb\xbf" + joined([lines[0], *lines[7:]]).encode()


def _backslashes(rows: Rows) -> str:
    return text_of(rows).replace('says ""hello""', 'says \\"hello\\"')


def _ends(rows: Rows, end: str) -> str:
    """One line ended by another character than the others."""
    lines = records(rows)
    return joined(lines[:5]) + lines[5] + end + joined(lines[6:])


def _all_quoted(rows: Rows) -> str:
    cells = [COLUMNS, *([row[column] for column in COLUMNS] for row in rows)]
    return joined([",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells])


def _json_reordered(rows: Rows) -> str:
    return joined([json.dumps(dict(reversed(json.loads(line).items()))) for line in json_lines(rows)])


def _blank_lines(rows: Rows) -> str:
    return joined(records(rows), "\n\n")


def _rule(rows: Rows) -> str:
    lines = records(rows)
    return joined([lines[0], ",".join("-" * len(c) for c in COLUMNS), *lines[1:]])


def _hole(rows: Rows) -> bytes:
    """A block that was never written: zeros instead of the middle of a row."""
    made = text_of(rows).encode()
    start = made.index(b"mueller")
    return made[:start] + bytes(12) + made[start + 12 :]


NINE = tuple(range(8, 12))
SET_ASIDE = (
    Case("a field too few", "set aside", "too_few_fields", _line(4, lambda x: x.rpartition(",")[0]), (4,)),
    Case("a field too many", "set aside", "too_many_fields", _line(4, lambda x: x + ",more"), (4,)),
    Case("comma in an unquoted cell", "set aside", "too_many_fields",
         _line(4, lambda x: x.replace("zweiter", "links, zweiter")), (4,)),
    Case("quote inside a cell", "set aside", "stray_quote", _line(4, lambda x: x.replace("zweiter", 'zw"eiter')), (4,)),
    Case("text behind a closing quote", "set aside", "stray_quote",
         _line(4, lambda x: x.replace("zweiter Stock", '"zweiter" Stock')), (4,)),
    Case("quote that never closes", "set aside", "unterminated_quote",
         _line(10, lambda x: x.replace("none", '"none')), (10, 11)),
    Case("opening quote lost before line ends", "set aside", "", _line(7, lambda x: x.replace('"line', "line")), (7,)),
    Case("closing quote lost", "set aside", "inside_bad_quote", _line(1, lambda x: x[:-1]), (1, 2, 3)),
    Case("bad quote over several lines", "set aside", "stray_quote",
         _line(7, lambda x: x.replace("one", 'o"ne')), (7, 8)),
    Case("line end in an unquoted cell", "set aside", "beside_broken_line",
         _line(8, lambda x: x.replace("ring the", "ring\nthe")), (8, 9)),
    Case("total line", "set aside", "total_line", _after(11, "TOTAL,,,,1547.21,,,")),
    Case("count of rows in the last line", "set aside", "", _after(11, "12 rows"), (11,)),
    Case("header once more", "set aside", "repeated_header", _after(5, ",".join(COLUMNS))),
    Case("NUL in a cell", "set aside", "nul_byte", _line(4, lambda x: x.replace("zweiter", "zwe\0iter")), (4,)),
    Case("block that was never written", "set aside", "nul_byte", _hole, (4,), own=True),
    Case("zeros behind the last line", "set aside", "nul_byte", lambda r: text_of(r) + "\0" * 512 + "\n", own=True),
    Case("line of four megabytes", "set aside", "too_long", _line(4, lambda x: x + "x" * 4_300_000), (4,)),
    Case("header once more in another order", "refused", "other_header", _after(5, ",".join((*COLUMNS[1:], COLUMNS[0])))),
    Case("two exports joined each with its mark", "set aside", "repeated_header", _joined_with_mark),
    Case("shifted from one line on", "set aside", "too_many_fields", _shifted, NINE),
    Case("shifted and the last cell lost", "set aside", "cell", _shifted_off_the_end, NINE),
    Case("upload taken up again inside a row", "set aside", "", _overlap, (9,), own=True),
    Case("another delimiter from one line on", "set aside", "", _other_delimiter, NINE, own=True),
    Case("quotes escaped by backslash", "set aside", "", _backslashes, (3,)),
    Case("tab where a comma should be", "set aside", "too_few_fields",
         _line(4, lambda x: x.replace(",DE,", "\tDE,")), (4,)),
    Case("warning of a tool in between", "set aside", "",
         _after(3, "WARNING: connection lost, reconnecting"), (3, 4), own=True),
    Case("rule under the header", "set aside", "", _rule, own=True),
    Case("conflict markers", "set aside", "",
         _after(3, "<<<<<<< HEAD", "=======", ">>>>>>> nightly"), (3, 4), own=True),
    Case("footer of a database client", "set aside", "", _after(11, "", "(12 rows affected)"), (11,), own=True),
    Case("end-of-file character", "set aside", "", lambda r: text_of(r) + "\x1a\n", (11,), own=True),
    Case("comment at the end", "set aside", "", _after(11, "# generated by nightly job"), (11,), own=True),
    Case("curly quotes round a comma", "set aside", "too_many_fields",
         _line(1, lambda x: x.replace('"', "”").replace("\n", " ")), (1,), own=True),
    Case("NEL as a line end", "set aside", "", lambda r: _ends(r, "\x85"), (4, 5)),
    Case("LS as a line end", "set aside", "", lambda r: _ends(r, "\u2028"), (4, 5)),
    Case("vertical tab as a line end", "set aside", "", lambda r: _ends(r, "\v"), (4, 5)),
    Case("line ends written as backslash n", "set aside", "", lambda r: _ends(r, "\\n"), (4, 5), own=True),
    Case("JSON line cut off", "set aside", "bad_json", _json(3, lambda x: x[:50]), (3,), "lines", ".jsonl"),
    Case("JSON line that is a list", "set aside", "bad_json", _json(3, lambda x: f"[{x}]"), (3,), "lines", ".jsonl"),
    Case("JSON with NaN", "set aside", "bad_json",
         _json(3, lambda x: x.replace("-3.2", "NaN")), (3,), "lines", ".jsonl", own=True),
    Case("JSON with single quotes", "set aside", "bad_json",
         _json(4, lambda x: x.replace('"', "'")), (4,), "lines", ".jsonl", own=True),
    Case("two JSON objects on a line", "set aside", "bad_json",
         lambda r: "".join(json_lines(r)[:2]) + "\n" + joined(json_lines(r)[2:]), (0, 1), "lines", ".jsonl"),
    Case("JSON key twice", "set aside", "duplicate_key",
         _json(3, lambda x: x[:-1] + ', "mail": "x@mail.example"}'), (3,), "lines", ".jsonl"),
    Case("half a surrogate pair", "set aside", "bad_text",
         _json(3, lambda x: x.replace("O'Brien", "O\\ud83dBrien")), (3,), "lines", ".jsonl"),
    Case("mostly damaged", "refused", "mostly_damaged",
         lambda r: joined([records(r)[0], *(x + ",," for x in records(r)[1:])])),
)  # fmt: skip


def _extra(rows: Rows) -> str:
    return joined([line + (",loyalty" if not place else ",gold") for place, line in enumerate(records(rows))])


def _damaged_characters(rows: Rows) -> str:
    rows[2]["name"] = rows[2]["name"].encode().decode("cp1252")
    return text_of(rows)


def _edited(**cells: str) -> Callable[[Rows], str]:
    def make(rows: Rows) -> str:
        for row in rows:
            row.update(cells)
        return text_of(rows)

    return make


def _no_rows(rows: Rows) -> str:
    rows.clear()
    return ",".join(COLUMNS) + "\n"


def _nested(rows: Rows) -> str:
    return joined([json.dumps(json.loads(line) | {"extra": {"deep": [1, {"mail": "y"}]}}) for line in json_lines(rows)])


def _renamed_phone(rows: Rows) -> str:
    made = _head(lambda x: x.replace("phone", "phones"))(rows)
    for row in rows:
        row["phone"] = ""
    return made


KEPT = (
    Case("columns in another order", "kept", "", _columns(tuple(reversed(COLUMNS)))),
    Case("a column more", "kept", "unmapped loyalty", _extra),
    Case("optional column renamed", "kept", "renamed_column", _renamed_phone),
    Case("two unused columns of one name", "kept", "doubled_column",
         lambda r: joined([x + (",tag,tag" if not n else ",a,b") for n, x in enumerate(records(r))])),
    Case("mixed line ends", "kept", "mixed_line_ends",
         lambda r: joined(records(r)[:6]) + joined(records(r)[6:], "\r\n")),
    Case("characters damaged before", "kept", "damaged_characters", _damaged_characters),
    Case("header and no row", "kept", "no_rows", _no_rows),
    Case("header in capitals", "kept", "", _head(str.upper)),
    Case("header with spaces around", "kept", "", _head(lambda x: x.replace(",", " , "))),
    Case("header with no-break spaces", "kept", "", _head(lambda x: x.replace(",", "\xa0,"))),
    Case("quoted header", "kept", "", _head(lambda x: '"' + x.replace(",", '","') + '"')),
    Case("all cells quoted", "kept", "", _all_quoted),
    Case("last line twice", "kept", "", _doubled_last),
    Case("sorted differently", "kept", "", _sorted),
    Case("blank line after each line", "kept", "", _blank_lines),
    Case("JSON keys in another order", "kept", "", _json_reordered, source="lines", ending=".jsonl"),
    Case("JSON with a nested key of the same name", "kept", "", _nested, source="lines", ending=".jsonl", own=True),
    Case("JSON with an escaped NUL-like text", "kept", "",
         _json(4, lambda x: x.replace("zweiter", "\\u007aweiter")), source="lines", ending=".jsonl", own=True),
)  # fmt: skip


LINES = (*SET_ASIDE, *KEPT)
