"""`cdp resolve`: the identity engine on one file, without a project's tables.

What belongs here: reading the file, mapping its columns, writing the ids. What does not: how
records are compared (engine.py); the same function serves the nightly run.
"""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import duckdb

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity import columns
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise import dates
from cdp_pipeline.identity.normalise.normalise import EXTRA, PEOPLE_COLUMNS, Inputs
from cdp_pipeline.project.quoting import literal

PUBLIC_KEY = b"cdp resolve"  # ids of a file are not pseudonyms; pass a key to make them so
NULLS = ("", "NULL", "null", "None", "NaN", "nan", "\\N")
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
CHUNK = 1_000_000  # bytes
TYPES = {"is_email_verified": "boolean", "created_at": "timestamp", "updated_at": "timestamp"}


def resolve_file(
    records: Path,
    out: Path,
    mapping: Mapping[str, str],
    id_column: str | None,
    matching: Matching,
    country: str,
    key: bytes = PUBLIC_KEY,
    as_of: date = date(1970, 1, 1),
) -> dict[str, Any]:
    """Write record_id, person_id, confidence of every row of `records` to `out` (.parquet or .csv).

    Returns: records, persons, id_column, used (column -> people column), not_compared (column -> why),
    not_used (columns), hints (`--map` options that would add a column as evidence), birth_dates
    (words on the format), numbers (of the engine). Raises InputError for a file that
    cannot be read, a record id that is empty or not unique, or a mapping that is impossible.
    """
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.ids import ids

    if out.suffix not in (".parquet", ".csv"):
        raise InputError(f"{out.name}: the output must end in .parquet or .csv")
    con = duckdb.connect()
    with TemporaryDirectory(prefix="cdp_resolve_") as folder:
        headers = _read(con, records, Path(folder))
    unique = _unique(con, headers) if id_column is None else ()
    found_id, mapped = columns.choose(headers, mapping, id_column, unique)
    extra = tuple(target.removeprefix("attributes.") for target in mapped.values() if target.startswith("attributes."))
    if not mapped and not columns.birth_parts(headers, mapped):
        raise InputError(
            f"{records.name}: no column is one of the people columns; map one with --map column=people_column"
        )
    _check_ids(con, records.name, found_id)
    said = _people(con, headers, found_id, mapped, extra)
    inputs = Inputs(people="people", identifiers=None, links=None, extra=extra)
    resolution = engine.resolve(con, inputs, matching, ids.Previous(), None, key, as_of, country)
    out.parent.mkdir(parents=True, exist_ok=True)
    form = "format parquet, compression zstd" if out.suffix == ".parquet" else "format csv, header true"
    temporary = out.with_name(f".{out.name}")
    con.execute(f"""copy (select record_id, person_id, confidence from person_records
        order by person_id, record_id)
                    to {literal(temporary)} ({form})""")
    temporary.replace(out)
    parts = columns.birth_parts(headers, mapped) or ()
    return {
        "records": resolution.numbers["records"],
        "persons": resolution.numbers["persons"],
        "id_column": found_id,
        "used": {**mapped, **dict.fromkeys(parts, "birth_date")},
        "not_compared": columns.not_compared(mapped, str(resolution.numbers["compared"]).split(", ")),
        "not_used": (left := [h for h in headers if h not in mapped and h != found_id and h not in parts]),
        "hints": columns.hints(left, mapped),
        "birth_dates": said,
        "numbers": resolution.numbers,
    }


def _read(con: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> list[str]:
    """Table `file` with every column as text; returns its headers. `folder` is for a decoded copy."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".parquet":
        scan = f"read_parquet({literal(path)})"
    else:
        readable, encoding, delimiter = _csv_form(path, folder)
        scan = (
            f"read_csv({literal(readable)}, delim = '{delimiter}', header = true, all_varchar = true, "
            "quote = '\"', "
            f"encoding = '{encoding}', strict_mode = false, null_padding = true)"
        )
    nulls = ", ".join(f"'{word}'" for word in NULLS)
    try:
        headers = [str(row[0]) for row in con.execute(f"describe select * from {scan}").fetchall()]
        if problems := [f"{path.name}: column {h!r} has a quote in its name" for h in headers if '"' in h]:
            raise InputError(problems)
        kept = ", ".join(
            f'case when trim("{h}"::varchar) not in ({nulls}) then trim("{h}"::varchar) end as "{h.strip()}"'
            for h in headers
        )
        con.execute(f"create table file as select {kept} from {scan}")
    except duckdb.Error as error:
        raise InputError(f"{path.name}: not readable as {path.suffix[1:] or 'CSV'} ({type(error).__name__})") from None
    return [h.strip() for h in headers]


def _csv_form(path: Path, folder: Path) -> tuple[Path, str, str]:
    """(file to read, encoding, delimiter) of a CSV file, from all its bytes and its header line.

    A byte order mark names the encoding; without one it is UTF-8, else Latin-1. UTF-16 is copied as
    UTF-8 into `folder`. InputError for NUL bytes and for bytes that are not what the mark says.
    """
    with _open(path) as file:
        start = file.read(4)
    marked = next((name for mark, name in MARKS if start.startswith(mark)), None)
    copy = folder / "records.csv" if marked and marked.startswith("utf-16") else None
    try:
        encoding, head = _decoded(path, marked or "utf-8", copy)
    except UnicodeDecodeError:
        if marked:
            raise InputError(
                f"{path.name}: its first bytes say {marked}, its content is not; save it as UTF-8"
            ) from None
        encoding, head = _decoded(path, "latin-1", None)
    header = head.removeprefix("\ufeff").split("\n", 1)[0]
    try:
        delimiter = csv.Sniffer().sniff(header, delimiters=",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    return copy or path, "utf-8" if copy else encoding, delimiter


def _decoded(path: Path, encoding: str, copy: Path | None) -> tuple[str, str]:
    """(encoding, first part of the text); reads the whole file, and writes it to `copy` as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()
    head = ""
    with _open(path) as file, copy.open("wb") if copy else nullcontext() as out:
        while True:
            chunk = file.read(CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                raise InputError(
                    f"{path.name}: has NUL bytes, so it is no text, or UTF-16 without its mark; save it as UTF-8"
                )
            head = head or text
            if out:
                out.write(text.encode())
            if not chunk:
                return encoding, head


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _unique(con: duckdb.DuckDBPyConnection, headers: list[str]) -> list[str]:
    """Columns that name every row once."""
    counted = ", ".join(f'count("{h}"), count(distinct "{h}")' for h in headers)
    rows, *counts = con.execute(f"select count(*), {counted} from file").fetchall()[0]
    return [h for h, filled, kinds in zip(headers, counts[::2], counts[1::2], strict=True) if filled == kinds == rows]


def _check_ids(con: duckdb.DuckDBPyConnection, name: str, found_id: str) -> None:
    rows, filled, distinct = con.execute(
        f'select count(*), count("{found_id}"), count(distinct "{found_id}") from file'
    ).fetchall()[0]
    if not rows:
        raise InputError(f"{name}: no rows")
    if filled < rows or distinct < filled:
        raise InputError(
            f"{name}: column {found_id} must name every row once: {rows - filled} rows without a value, "
            f"{filled - distinct} repeated; choose another with --id COLUMN"
        )


def _people(
    con: duckdb.DuckDBPyConnection, headers: list[str], found_id: str, mapped: Mapping[str, str], extra: tuple[str, ...]
) -> str:
    """Table `people` from `file`; returns what was understood of the birth dates."""
    by_target = {target: header for header, target in mapped.items()}
    said, birth = "no birth dates", "null::varchar"
    if header := by_target.get("birth_date"):
        form = dates.detect(con, "file", header)
        if form is None:
            said = f"{header}: no date format reads half of the values; not used"
        else:
            birth = form.sql
            said = f"{header}: {form.words}, {form.read:,} of {form.values:,} values read"
            said += f"; {form.impossible:,} that no calendar has are compared as written" if form.impossible else ""
            said += "; day and month could be swapped" if form.is_ambiguous else ""
    elif parts := columns.birth_parts(headers, mapped):
        birth = dates.layout(*(f"""regexp_replace("{part}", '\\.0$', '')""" for part in parts))
        said = f"{', '.join(parts)}: year, month and day"
    chosen = []
    for column in PEOPLE_COLUMNS:
        if column == "source":
            value = "'file'"
        elif column == "record_id":
            value = f'"{found_id}"'
        elif column == "birth_date":
            value = birth
        elif column in by_target:
            value = f'try_cast("{by_target[column]}" as {TYPES.get(column, "varchar")})'
        else:
            value = f"null::{TYPES.get(column, 'varchar')}"
        chosen.append(f'{value} as "{column}"')
    chosen += [f'"{by_target[f"attributes.{name}"]}" as "{EXTRA}{name}"' for name in extra]
    con.execute(f"create table people as select {', '.join(chosen)} from file")
    return said
