"""People to erase, what could give them away, and exports that deliver them again in other spellings.

What belongs here: choosing them, asking for their erasure, searching for them. What does not: the order
of the proof (erasure.py).

Searched for are addresses, numbers, names that nobody else has, record ids, accounts, devices, orders and
tickets: as written, in upper and lower case, as NFC and NFD, as base64 and as SHA-256.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from cdp_pipeline.ledgers.requests import read_requests
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.privacy.request import forget
from cdp_pipeline.project.project import read_project
from cdp_pipeline_tests.acceptance.published import SHIPPED
from cdp_pipeline_tests.trust.everything import texts

_OUTSIDE = ("exports/",)


@dataclass(frozen=True)
class Erased:
    """Somebody to erase: `loose` is searched for anywhere in a text, `whole` only as a whole word."""

    person: str
    names: tuple[str, ...]  # a record, an address, a number: what the person can be named by
    loose: frozenset[str]
    whole: frozenset[str]
    held: frozenset[str]  # addresses and numbers, also those that somebody else has


# ---- who ---------------------------------------------------------------------------------------


def choose(snapshot: Path, people: int) -> list[Erased]:
    """People of many systems, the more the better, and half of them with somebody else in the household."""
    with _open(snapshot) as con:
        ids = con.execute(
            """
            with known as (
                select person_id, count(distinct source) as systems, count(*) as records
                from identity.person_records group by 1),
            ranked as (
                select k.*, h.people > 1 as is_shared,
                    row_number() over (partition by coalesce(h.people > 1, false)
                                       order by systems desc, records desc, person_id) as place
                from known k left join identity.households h using (person_id))
            select person_id from ranked order by place, is_shared, person_id limit ?""",
            [people],
        ).fetchall()
        return [_described(con, str(row[0])) for row in ids]


def _described(con: duckdb.DuckDBPyConnection, person: str) -> Erased:
    own = f"(select source, record_id from identity.person_records where person_id = '{person}')"
    others = "(select p.* from staging.people p join identity.person_records r using (source, record_id) "
    others += f"where r.person_id <> '{person}')"

    def values(sql: str) -> set[str]:
        return {str(row[0]) for row in con.execute(sql).fetchall() if row[0]}

    loose: set[str] = set()
    for column in ("email", "phone"):
        loose |= values(f"""select {column} from staging.people semi join {own} using (source, record_id)
            where {column} not in (select {column} from {others} where {column} is not null)""")
    for name in ("full_name", "first_name || ' ' || last_name"):
        loose |= values(f"""select {name} from staging.people semi join {own} using (source, record_id)
            where lower({name}) not in (select lower({name}) from {others} where {name} is not null
                union select lower(full_name) from {others} where full_name is not null
                union select lower(first_name || ' ' || last_name) from {others} where last_name is not null)""")
    records = values(f"select record_id from {own}")
    whole = {record for record in records if len(record) > 5 and "@" not in record}
    whole |= values(f"select order_id from staging.orders semi join {own} using (source, record_id)")
    whole |= {t for t in values(f"select ticket_id from staging.tickets semi join {own} using (source, record_id)")
              if len(t) > 4}  # fmt: skip
    whole |= values(f"select device_id from identity.device_owners where person_id = '{person}'")
    named = con.execute(f"select source || ':' || record_id from {own} order by 1").fetchall()
    mails = [value for value in sorted(loose) if "@" in value]
    calls = [value for value in sorted(loose) if re.fullmatch(r"\+\d{9,}", value)]
    names = (str(named[0][0]), *mails[:1], *calls[:1], person)
    whole |= {value.partition(":")[2] for value in whole if value.startswith("order:")}
    held = values(f"select value from profiles.permissions where person_id = '{person}'")
    return Erased(person, names, frozenset(v for v in loose if len(v) > 7), frozenset(whole), frozenset(held))


def ask(data: Path, one: Erased, at: int) -> None:
    """`cdp forget` by one of the names of the person, another kind of name for the next."""
    forget(data, one.names[at % len(one.names)], DEMO_KEY, date(2026, 6, 30), read_project(SHIPPED))
    assert read_requests(data)


# ---- what is left of them ------------------------------------------------------------------------


def search(root: Path, people: Sequence[Erased]) -> dict[str, set[str]]:
    """Person → the places under a folder where something of the person was found."""
    owners: dict[tuple[bytes, bool], set[str]] = {}
    for one in people:
        for value in one.loose:
            for form in _forms(value):
                owners.setdefault((form.encode(), False), set()).add(one.person)
        for value in one.whole:
            owners.setdefault((value.casefold().encode(), True), set()).add(one.person)
            for form in _hashed(value):
                owners.setdefault((form.encode(), False), set()).add(one.person)
    found: dict[str, set[str]] = {one.person: set() for one in people}
    for place, needle in _occurrences(root, sorted(owners)):
        for person in owners[needle]:
            found[person].add(place)
    return found


def _occurrences(root: Path, needles: Sequence[tuple[bytes, bool]]) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """Every (place, needle) that is found. The first six bytes of all needles are compared at once."""
    starts = np.array([int.from_bytes(text[:6].ljust(6, b"\0"), "little") for text, _ in needles], np.uint64)
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    is_start = np.zeros(65536, bool)  # by the first two bytes, to look at few positions only
    is_start[(starts & np.uint64(0xFFFF)).astype(np.uint16)] = True
    for place, pieces in groupby(texts(root), key=lambda found: found[0].split(":")[0]):
        if place.startswith(_OUTSIDE):
            continue
        found = list(pieces)
        text = "\n".join(piece for _, piece in found)
        inside = [piece for name, piece in found if name != place] or [text]  # of a database its values, not its pages
        folded = unicodedata.normalize("NFC", "\n".join(inside)).casefold()
        for written in {folded, text}:
            content = written.encode("utf-8", "replace")
            for at, low, high in _candidates(content, starts, is_start):
                for index in order[low:high]:
                    needle, is_word = needles[index]
                    if content.startswith(needle, at) and (not is_word or _stands_alone(content, at, len(needle))):
                        yield place, needles[index]


def _candidates(
    content: bytes, starts: NDArray[np.uint64], is_start: NDArray[np.bool_]
) -> Iterator[tuple[int, int, int]]:
    """Positions whose six bytes begin some needle, with the range of those needles in `starts`."""
    padded = np.frombuffer(content + b"\0" * 16, np.uint8)
    for shift in range(8):
        words = padded[shift : shift + (len(padded) - shift) // 8 * 8].view(np.uint64) & np.uint64(0xFFFFFFFFFFFF)
        hits = np.flatnonzero(is_start[(words & np.uint64(0xFFFF)).astype(np.uint16)])
        low, high = (np.searchsorted(starts, words[hits], side) for side in ("left", "right"))
        for each in np.flatnonzero(low < high):
            yield int(hits[each]) * 8 + shift, int(low[each]), int(high[each])


def _stands_alone(content: bytes, at: int, length: int) -> bool:
    around = content[max(at - 1, 0) : at] + content[at + length : at + length + 1]
    return not any(chr(byte).isalnum() or chr(byte) in "_.-" for byte in around if byte < 128)


def _forms(value: str) -> set[str]:
    """A value as it may lie on disk. Texts are folded to NFC and one case before they are looked at."""
    spelled = {unicodedata.normalize(form, value) for form in ("NFC", "NFD")}
    spelled |= {each.lower() for each in spelled} | {each.upper() for each in spelled}
    encoded = {base64.b64encode(each.encode()).decode().rstrip("=") for each in spelled}
    return {unicodedata.normalize("NFC", value).casefold(), *encoded, *(h for each in spelled for h in _hashed(each))}


def _hashed(value: str) -> set[str]:
    digest = hashlib.sha256(value.encode())
    return {digest.hexdigest(), base64.b64encode(digest.digest()).decode().rstrip("=")}


def rows_of(snapshot: Path, people: Sequence[Erased]) -> int:
    """Published rows that carry the id of an erased person, or a record of one."""
    ids = ", ".join(f"'{one.person}'" for one in people)
    rows = 0
    with duckdb.connect() as con:
        for path in sorted(snapshot.rglob("*.parquet")):
            columns = {row[0] for row in con.execute(f"describe from '{path}'").fetchall()}
            for column in columns & {"person_id", "other_person_id", "to_person_id"}:
                rows += con.execute(f"select count(*) from '{path}' where \"{column}\" in ({ids})").fetchall()[0][0]
    return rows


# ---- everybody else ------------------------------------------------------------------------------


def bystanders(snapshot: Path, people: Sequence[Erased]) -> dict[Hashable, object]:
    """Who has which records, contact data and permissions, of everybody who was not erased.

    Permissions of identifiers that no erased person has: of shared ones some may have been given by the erased.
    """
    ids = ", ".join(f"'{one.person}'" for one in people)
    given = {value for one in people for value in one.held}
    facts: dict[Hashable, object] = {}
    with _open(snapshot) as con:
        for table, key in (
            ("identity.person_records", "person_id, source, record_id"),
            ("profiles.contacts", "person_id"),
            ("profiles.permissions", "person_id, namespace, value, purpose, channel, recipient"),
        ):
            columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
            shown = ", ".join(c for c in columns if c not in ("confidence",))
            rows = con.execute(f"select ({key}), ({shown})::varchar from {table} where person_id not in ({ids})")
            facts |= {
                (table, str(row[0])): row[1]
                for row in rows.fetchall()
                if table != "profiles.permissions" or not any(value in str(row[0]) for value in given)
            }
        sums = con.execute(f"""select person_id, currency, count(*), sum(net_amount) from profiles.order_facts
            where person_id not in ({ids}) group by 1, 2 order by 1, 2""").fetchall()
        facts |= {("profiles.order_facts", row[0], row[1]): row[2:] for row in sums}
    return facts


def permitted(snapshot: Path) -> set[Hashable]:
    """What is permitted: identifier, purpose, channel and recipient."""
    with _open(snapshot) as con:
        columns = "namespace, value, purpose, channel, recipient"
        return set(con.execute(f"select {columns} from profiles.identifier_permissions where is_permitted").fetchall())


def money(snapshot: Path) -> dict[Hashable, object]:
    """Orders and revenue by currency, and pieces sold by product."""
    with _open(snapshot) as con:
        orders = con.execute("""select currency, count(*), sum(gross_amount), sum(refunded_amount), sum(net_amount)
            from profiles.order_facts group by 1 order by 1""").fetchall()
        pieces = con.execute("select sku, sum(quantity) from staging.order_lines group by 1 order by 1").fetchall()
    return {("currency", row[0]): row[1:] for row in orders} | {("sku", row[0]): row[1:] for row in pieces}


def differences(before: Mapping[Hashable, object], after: Mapping[Hashable, object]) -> int:
    """Facts that are not as they were."""
    return sum(after.get(key) != value for key, value in before.items())


# ---- delivered again -----------------------------------------------------------------------------


def deliver_again(exports: Path, people: Sequence[Erased], variant: int, day: date) -> None:
    """Every export of the first night once more, as files of `day`, with the erased in another spelling.

    Variants: addresses in upper case; with a plus-tag, and numbers with blanks; their names and addresses decomposed (NFD).
    """
    first = sorted(path for path in exports.iterdir() if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name))[0]
    values = sorted({value for one in people for value in one.loose}, key=len, reverse=True)
    for path in sorted(first.rglob("*")):
        if not path.is_file() or path.suffix == ".done":
            continue
        name = str(path.relative_to(first)).replace(first.name, str(day)).replace(
            first.name.replace("-", ""), f"{day:%Y%m%d}"
        )  # fmt: skip
        target = exports / str(day) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        packed = path.suffix == ".gz"
        text = (gzip.decompress(path.read_bytes()) if packed else path.read_bytes()).decode("utf-8")
        written = _respelled(text, values, variant).encode()
        target.write_bytes(gzip.compress(written, mtime=0) if packed else written)
        target.with_name(target.name + ".done").touch()


def _respelled(text: str, values: Iterable[str], variant: int) -> str:
    for value in values:
        if "@" in value:
            text = re.sub(re.escape(value), _spellings[variant](value), text, flags=re.IGNORECASE)
        elif variant == 1 and value.startswith("+"):
            text = text.replace(value, f"{value[:3]} {value[3:6]} {value[6:]}")
        elif variant == 2:
            text = text.replace(value, unicodedata.normalize("NFD", value))
    return text


def _tagged(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local}+again@{domain}"


_spellings: tuple[Callable[[str], str], ...] = (
    str.upper,
    _tagged,
    lambda address: unicodedata.normalize("NFD", address),
)


def _open(snapshot: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for layer in ("staging", "identity", "profiles"):
        con.execute(f"create schema {layer}")
        for path in sorted((snapshot / layer).glob("*.parquet")):
            con.execute(f"create view {layer}.{path.stem} as from '{path}'")
    return con
