"""Random damage to valid files: what is staged is the truth, or somebody is told.

What belongs here: the seeded mutations, and how their outcome is judged by Python's csv module. What does
not: classes of bad input that were thought of (bad_input_*.py), and how files are staged (bad_input.py).

A mutation may make another valid value: a letter of a name, a digit of an amount. Nobody can see that. It
counts as such, and not as silent harm, only when Python's csv module, in its strict mode, finds exactly the
staged values in a record of the damaged bytes. A row that is swallowed by a cell of another is silent harm.
"""

from __future__ import annotations

import csv
import io
import os
import random
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from cdp_pipeline_tests.trust.bad_input import AMOUNT, PERSON, Seen, Values, deliver, is_as, other_than, readers
from cdp_pipeline_tests.trust.bad_input_book import COLUMNS, Rows, joined, people, records, text_of
from cdp_pipeline_tests.trust.figure import Figure
from cdp_pipeline_tests.trust.laws import DELIVERED

BATCH = 400
SEED = 20_260_531
BLANK = " \t\r\n"  # what is taken from the ends of a cell; other white space stays
Mutation = Callable[[random.Random, bytes, Rows], bytes]


def flip(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """One bit of one byte."""
    place = chance.randrange(len(made))
    return made[:place] + bytes([made[place] ^ 1 << chance.randrange(8)]) + made[place + 1 :]


def random_byte(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    place = chance.randrange(len(made))
    return made[:place] + chance.randbytes(1) + made[place + 1 :]


def delete(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    place = chance.randrange(len(made))
    return made[:place] + made[place + chance.choice((1, 1, 2, 5, 40)) :]


def insert(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    place = chance.randrange(len(made))
    return made[:place] + chance.randbytes(chance.choice((1, 1, 3))) + made[place:]


def sign(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """A quote, delimiter or line end where it was not."""
    place = chance.randrange(len(made))
    return (
        made[:place] + chance.choice((b'"', b'"', b",", b";", b"\t", b"\n", b"\r", b"\\", b'""', b"\0")) + made[place:]
    )


def lost_sign(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """A quote, delimiter or line end gone."""
    place = chance.choice([found.start() for found in re.finditer(rb'[",\n]', made)])
    return made[:place] + made[place + 1 :]


def double_line(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    lines = made.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    return b"".join([*lines[: place + 1], *lines[place:]])


def lost_line(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    lines = made.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def swapped_cells(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """Two columns exchanged in one line."""
    written = [dict(row) for row in rows]
    row, (one, other) = chance.choice(written), chance.sample(COLUMNS, 2)
    row[one], row[other] = row[other], row[one]
    return text_of(written).encode()


def shifted_cells(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """From one line on every cell one to the right, the last one lost."""
    written, start = [dict(row) for row in rows], chance.randrange(12)
    for row in written[start:]:
        row.update(zip(COLUMNS[1:], [row[column] for column in COLUMNS[:-1]], strict=True))
    return text_of(written).encode()


def truncate(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    return made[: chance.randrange(1, len(made))]


def splice(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """The start of this file and the end of another."""
    other = text_of(people(f"other {chance.random()}")).encode()
    return made[: chance.randrange(len(made))] + other[chance.randrange(len(other)) :]


def other_encoding(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """Some lines in another encoding."""
    lines = joined(records(rows)).splitlines(keepends=True)
    start = chance.randrange(len(lines))
    end = chance.randrange(start, len(lines)) + 1
    encoding = chance.choice(("cp1252", "utf-16-le", "cp437", "utf-8-sig"))
    there = "".join(lines[start:end]).encode(encoding, "replace")
    return "".join(lines[:start]).encode() + there + "".join(lines[end:]).encode()


def twice_encoded(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """A slice that was read in another encoding and written again."""
    start = chance.randrange(len(made))
    return made[:start] + made[start : start + 200].decode("latin-1").encode() + made[start + 200 :]


def number(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """One amount written in another way."""
    written = [dict(row) for row in rows]
    row = chance.choice(written)
    amount = row["amount"]
    row["amount"] = chance.choice((
        amount.replace(".", ","), f"{amount}-", f"€ {amount}", f"{amount} USD", f"({amount})", f"{float(amount):e}",
        amount.replace(".", ""), f"1.234,{amount[-2:]}", f"{amount}%", amount.replace("1", "١"), f" {amount} ",
    ))  # fmt: skip
    return text_of(written).encode()


def day(chance: random.Random, made: bytes, rows: Rows) -> bytes:
    """One day written in another way."""
    written = [dict(row) for row in rows]
    row = chance.choice(written)
    at = datetime.fromisoformat(row["day"])
    forms = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y", "%Y%m%d", "%Y/%m/%d", "%d %b %Y", "%Y-%d-%m", "%Y-%m", "%Y-%j")
    row["day"] = chance.choice((
        at.strftime(chance.choice(forms)), f"{at.timestamp():.0f}", str((at - datetime(1899, 12, 30)).days),  # noqa: DTZ001
    ))  # fmt: skip
    return text_of(written).encode()


MUTATIONS: tuple[Mutation, ...] = (
    flip, random_byte, delete, insert, sign, lost_sign, double_line, lost_line, swapped_cells, shifted_cells, truncate,
    splice, other_encoding, twice_encoded, number, day, flip, sign,
)  # fmt: skip


# ---- an oracle: what a strict reader of the same bytes finds -----------------------------------

Found = list[dict[str, str]]


def oracle(made: bytes) -> Found:
    """Records that Python's csv module finds in the bytes; after an error it starts again on the next line."""
    lines = io.StringIO(made.decode("utf-8-sig", "replace"), newline="").readlines()
    header, start = [name.strip().lower() for name in lines[0].split(",")] if lines else [], 1
    rows: Found = []
    while start < len(lines):
        reader, done = csv.reader(lines[start:], strict=True), 0
        try:
            for cells in reader:
                done = reader.line_num
                if len(cells) == len(header):
                    rows.append(dict(zip(header, cells, strict=True)))
            break
        except csv.Error:
            start += done + 1
    return rows


def values_of(row: dict[str, str]) -> tuple[Values, Values]:
    """What a record says, in the plain forms only: no other number, and no other day."""
    nothing = ("", "NULL", "null", "\\N")
    cells = tuple(None if row.get(c, "").strip(BLANK) in nothing else row[c].strip(BLANK) for c in COLUMNS)
    _, name, mail, phone, amount, at, country, note = cells
    number_of = Decimal(amount) if re.fullmatch(r"-?\d+(\.\d+)?", amount or "", re.ASCII) else None
    try:
        moment = datetime.fromisoformat(at) if re.fullmatch(r"\d{4}-\d\d-\d\d", at or "", re.ASCII) else None
    except ValueError:
        moment = None
    return (name, address(mail), phone, country, note, moment), (number_of, moment, "EUR")


def address(text: str | None) -> str | None:
    """The first address of a cell, without what nobody sees, when every @ of it belongs to one."""
    seen = "".join(sign for sign in (text or "").lower() if unicodedata.category(sign) != "Cf")
    found = re.findall(r"[^\s@<>()\[\],;:\"'`|\\/]+@[\w.-]+\.\w+", seen)
    return found[0] if found and len(found) == seen.count("@") else None


def verdict(made: bytes, seen: Seen, rows: Rows) -> str:
    """Harmless, said, another valid value, or silent."""
    wrong, gone = other_than(seen, rows)
    if not wrong and not gone:
        return "said" if seen.is_loud else "harmless"
    if seen.status != "loaded":
        return "said"
    found: dict[str, list[tuple[Values, Values]]] = {}
    for row in oracle(made):
        found.setdefault(row.get("id", "").strip(BLANK), []).append(values_of(row))
    untrue = any(
        key in staged
        and not any(is_as(seen, columns, key, staged[key], values[table]) for values in found.get(key, ()))
        for key in wrong
        for table, (columns, staged) in enumerate(((PERSON, seen.people), (AMOUNT, seen.amounts)))
    )
    texts = [str(cell) for values in seen.people.values() for cell in values]
    lost = bool(gone & found.keys()) or any(key in text and key != text for key in gone for text in texts)
    if (untrue and not seen.notes) or (lost and not seen.is_loud):
        return "silent"
    if untrue or lost:
        return "said"
    return "another valid value" if wrong or not seen.is_loud else "said"


def bound(broken: int, tried: int) -> float:
    """The 95 % upper bound of a rate, after Clopper and Pearson."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, broken + 1, tried - broken)) if broken < tried else 1.0


def mutated(folder: Path, count: int) -> tuple[Counter[str], list[str]]:
    """How many mutations ended how, and each silent one by kind and number."""
    ends: Counter[str] = Counter()
    silent = []
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "exports").mkdir(parents=True)
        made = {place: write(folder / "exports", place) for place in numbers}
        seen = deliver(folder, *readers())
        for place, damaged in made.items():
            end = verdict(damaged, seen.get(f"book-{place}.csv", Seen()), people(f"mutation {place}"))
            ends[end] += 1
            if end == "silent":
                silent.append(f"{MUTATIONS[place % len(MUTATIONS)].__name__} {place}")
    return ends, silent


def write(exports: Path, place: int) -> bytes:
    """The file of one mutation, always the same for its number."""
    rows = people(f"mutation {place}")
    mutate = MUTATIONS[place % len(MUTATIONS)]
    made = mutate(random.Random(SEED + place), text_of(rows).encode(), rows)
    path = exports / f"book-{place}.csv"
    path.write_bytes(made)
    os.utime(path, (DELIVERED, DELIVERED))
    return made


def mutations(folder: Path, count: int) -> list[Figure]:
    """No mutation of a valid file changes or loses a row in silence."""
    ends, silent = mutated(folder / "mutations", count)
    words = ", ".join(f"{ends[end]} {end}" for end in ("said", "harmless", "another valid value"))
    rate = f"silent rate {len(silent) / count:.2%}, 95 % bound {bound(len(silent), count):.2%}"
    return [Figure("Mutations of valid files, none changes or loses a row in silence", count, len(silent),
                   f"{rate}; {words}" + "".join(f"; {one}" for one in silent[:20]))]  # fmt: skip
