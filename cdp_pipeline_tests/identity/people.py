"""Small invented people for the identity tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.ids import ids
from cdp_pipeline.identity.matching import Matching, load_matching
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.identity.normalise.normalise import PEOPLE_COLUMNS, Inputs

KEY = b"a key for tests"
DAY = date(2026, 1, 31)
TYPES = {"birth_date": "date", "is_email_verified": "boolean", "created_at": "timestamp", "updated_at": "timestamp"}
Row = Mapping[str, str | None]
MATCHING = load_matching(Path(__file__).parents[2] / "dbt_like_sql" / "3_identity")
BASE = {"country": "NL", "city": "Utrecht", "postcode": "3511 AB", "street": "Kerkstraat 7"}
PERSON = {**BASE, "first_name": "Anna", "last_name": "Bakker", "email": "anna.b@mail.example", "phone": "0612345670"}


def con_with(
    people: Sequence[Row], identifiers: Sequence[Sequence[str]] = (), links: Sequence[Sequence[str]] = ()
) -> duckdb.DuckDBPyConnection:
    """A connection with people, identifiers (source, record_id, namespace, value) and links."""
    con = duckdb.connect(config={"threads": 1})
    con.execute("create schema staging")
    columns = ", ".join(f'"{c}" {TYPES.get(c, "varchar")}' for c in PEOPLE_COLUMNS)
    con.execute(f"create table staging.people ({columns})")
    marks = ", ".join("?" for _ in PEOPLE_COLUMNS)
    rows = [[row.get(c, "crm" if c == "source" else None) for c in PEOPLE_COLUMNS] for row in people]
    if rows:
        con.executemany(f"insert into staging.people values ({marks})", rows)
    con.execute(
        "create table staging.identifiers (source varchar, record_id varchar, namespace varchar, value varchar)"
    )
    if identifiers:
        con.executemany("insert into staging.identifiers values (?, ?, ?, ?)", [list(row) for row in identifiers])
    con.execute("""create table staging.links (source varchar, record_id varchar, other_source varchar,
                   other_record_id varchar, kind varchar)""")
    if links:
        con.executemany("insert into staging.links values (?, ?, ?, ?, ?)", [list(row) for row in links])
    return con


def resolve(
    con: duckdb.DuckDBPyConnection,
    previous: ids.Previous | None = None,
    saved: Model | None = None,
    matching: Matching = MATCHING,
    day: date = DAY,
) -> engine.Resolution:
    return engine.resolve(con, Inputs(), matching, previous or ids.Previous(), saved, KEY, day, "NL")


def persons(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """record_id -> person_id (record ids of the tests are unique over sources)."""
    return dict(con.execute("select record_id, person_id from person_records order by 1").fetchall())


def groups(con: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, person in persons(con).items():
        found.setdefault(person, set()).add(record)
    return {frozenset(group) for group in found.values()}


FIRST = (
    "anna bram carla daan elsa femke gijs hanna ivo jolanda koen lotte maud niels olga pien quinten roos sjoerd tess"
).split()
LAST = (
    "bakker visser smit meijer mulder bos vos peters hendriks dekker brouwer koster prins kuipers scholten veenstra"
).split()


def crowd(count: int) -> tuple[list[dict[str, str | None]], dict[str, int]]:
    """Two records a person in two systems, with noise that depends on the number; and the truth."""
    rows: list[dict[str, str | None]] = []
    truth: dict[str, int] = {}
    for n in range(count):
        first, last = (
            FIRST[n * 7 % len(FIRST)],
            LAST[(n * 5 + n // 16) % len(LAST)] + ("" if n % 3 else "a" * (n % 4)),
        )
        birth = f"{1950 + n * 13 % 50}-{1 + n * 7 % 12:02d}-{1 + n * 11 % 28:02d}"
        crm: dict[str, str | None] = {
            "source": "crm", "record_id": f"c{n}", "first_name": first.title(), "last_name": last.title(),
            "email": f"{first}.{last}{n}@mail.example", "phone": f"06{10000000 + n * 9177 % 89999999:08d}",
            "birth_date": birth, "postcode": f"{1000 + n % 800} AB", "street": "Kerkstraat",
            "house_number": str(n % 90 + 1),
            "city": "Utrecht", "country": "NL",
        }  # fmt: skip
        shop = {**crm, "source": "shop", "record_id": f"s{n}", "birth_date": None}
        shop["last_name"] = (last[:-1] if n % 5 == 0 else last).title()
        shop["email"] = None if n % 4 == 0 else crm["email"]
        shop["phone"] = None if n % 4 == 1 else f"+31 {str(crm['phone'])[1:]}"
        rows += [crm, shop]
        truth |= {f"c{n}": n, f"s{n}": n}
    return rows, truth
