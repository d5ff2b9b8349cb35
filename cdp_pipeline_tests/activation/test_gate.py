"""The gate against a second, plain program that says who may be exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.activation.gate import gated, judged_identifiers
from cdp_pipeline.activation.normalise import create_macros
from cdp_pipeline.project.shapes import Destination, Needs, OutputColumn, Transfer
from cdp_pipeline.segments.memberships import SUPPRESSIONS

PEOPLE = ("p1", "p2")
EMAILS = ("a@x.org", "b@x.org")
WRITTEN = {"a@x.org": ["a+news@x.org"], "b@x.org": ["b@x.org"]}
"""The addresses in which records write a key."""
KEY_OF = {address: key for key, addresses in WRITTEN.items() for address in addresses}
PHONES = ("+31612345678", "+31687654321")
DAYS = tuple(datetime(2026, 1, day) for day in (1, 2))  # noqa: DTZ001 - permissions carry UTC without a zone
_CONNECTIONS: list[duckdb.DuckDBPyConnection] = []

customers = st.lists(
    st.tuples(st.sampled_from(("A@x.org ", "a+news@x.org", "b@x.org", None)), st.sampled_from((*PHONES, None))),
    min_size=2,
    max_size=2,
)
identifiers = st.one_of(
    st.tuples(st.just("email"), st.sampled_from(EMAILS)), st.tuples(st.just("phone"), st.sampled_from(PHONES))
)
permissions = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        identifiers,
        st.sampled_from(("advertising", "profiling")),
        st.sampled_from(("ads", "email")),
        st.sampled_from((None, "google", "meta")),
        st.booleans(),
        st.sampled_from(DAYS),
    ),
    max_size=12,
    unique_by=lambda row: row[:5],
)
needs = st.lists(
    st.builds(
        Needs,
        purpose=st.sampled_from(("advertising", "profiling")),
        channel=st.just("ads"),
        recipient=st.sampled_from((None, "google")),
    ),
    max_size=2,
)


@pytest.fixture(scope="module", autouse=True)
def _close() -> Iterator[None]:
    yield
    while _CONNECTIONS:
        _CONNECTIONS.pop().close()


def connection() -> duckdb.DuckDBPyConnection:
    if not _CONNECTIONS:
        con = duckdb.connect()
        create_macros(con)
        con.execute("create schema profiles")
        con.execute("create table members (person_id varchar, email varchar, phone varchar, audience varchar)")
        con.execute(f"create table profiles.suppressions ({SUPPRESSIONS})")
        con.execute(
            "create table profiles.permissions (person_id varchar, namespace varchar, value varchar, addresses varchar[], "
            "purpose varchar, channel varchar, recipient varchar, is_permitted boolean, changed_at timestamp, "
            "status varchar, basis varchar, reason varchar)"
        )
        _CONNECTIONS.append(con)
    return _CONNECTIONS[0]


def may_leave(rows: list[Any], wanted: list[Needs], person: str, namespace: str, value: str | None) -> bool:
    """The rule again, in words: every need, the named word first, a later general refusal over it."""
    if value is None or not wanted:
        return False
    for need in wanted:
        fit = [
            row
            for row in rows
            if (row[0], row[1], row[2], row[3]) == (person, (namespace, value), need.purpose, need.channel)
        ]
        general = [row for row in fit if row[4] is None]
        named = [row for row in fit if need.recipient and row[4] == need.recipient]
        if not named and not (general and general[0][5]):
            return False
        if named and not named[0][5]:
            return False
        if named and general and not general[0][5] and general[0][6] >= named[0][6]:
            return False
    return True


@settings(max_examples=40, deadline=None)
@given(people=customers, rows=permissions, wanted=needs)
def test_exactly_the_permitted_leave(people: list[Any], rows: list[Any], wanted: list[Needs]) -> None:
    """Nobody leaves without permission, and everybody with permission does, by the key of each identifier."""
    con = connection()
    con.execute("delete from members")
    con.execute("delete from profiles.permissions")
    con.executemany(
        "insert into members values (?, ?, ?, 'all')",
        [(person, *found) for person, found in zip(PEOPLE, people, strict=True)],
    )
    if rows:
        con.executemany(
            "insert into profiles.permissions values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'told', 'consent', 'told')",
            [
                (person, *identifier, WRITTEN.get(identifier[1], [identifier[1]]), *rest)
                for person, identifier, *rest in rows
            ],
        )
    spec = Destination(
        description="a",
        owner="a",
        needs=tuple(wanted),
        transfer=Transfer(recipient="X", country="US", basis="scc", document="d", valid_from=date(2020, 1, 1)),
        keys=(("email",),),
        columns=(OutputColumn(name="email", value="email"),),
    )
    con.execute(f"create or replace temp table judged_identifiers as {judged_identifiers(spec)}")
    query = gated("members", ["person_id", "email", "phone"])
    found = con.execute(f"select person_id, email, phone, is_allowed from ({query}) order by all").fetchall()
    expected = []
    for person, (email, phone) in zip(PEOPLE, people, strict=True):
        clean = email.strip().lower() if email else None
        key = KEY_OF.get(str(clean), clean)
        kept_email = email if may_leave(rows, wanted, person, "email", key) else None
        kept_phone = phone if may_leave(rows, wanted, person, "phone", phone) else None
        expected.append((person, kept_email, kept_phone, bool(kept_email or kept_phone)))
    assert found == expected
