"""Records as they read in their sources: values, file and line, and what of them counts for nothing.

What belongs here: reading them, and holding them up to what was compared of them. What does not: who is meant
(published.py), what they prove, and guarding itself (identity/candidates/guard.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from cdp_pipeline.explain.published import columns_of
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.privacy.door import Leave

FIELDS = ("name", "email", "phone", "birth_date", "address", "company")
_STAGED = """nullif(coalesce(p.full_name, concat_ws(' ', p.first_name, p.middle_name, p.last_name)), '') as name,
    p.email, p.phone, p.birth_date::varchar as birth_date,
    nullif(concat_ws(', ', nullif(concat_ws(' ', p.street, p.house_number), ''),
                     nullif(concat_ws(' ', p.postcode, p.city), '')), '') as address, p.company, p._file, p._line"""
_FOLDED = """r.name_full as name, r.email_key as email, r.phone_key as phone, r.birth_date::varchar as birth_date,
    nullif(concat_ws(', ', r.address_key, nullif(concat_ws(' ', r.postcode_key, r.city_key), '')), '') as address,
    r.company_key as company, null::varchar as _file, null::bigint as _line"""
_CORRECTED = """(select string_agg(c.column_name, ', ' order by c.column_name) from staging.corrections c
    where c.source = r.source and c.record_id = r.record_id)"""
SILENCED = (  # kind in identity.blocked_identifiers, column of identity.records, words
    ("email", "email_key", "e-mail"),
    ("phone", "phone_key", "phone"),
    ("birth_date", "birth_date", "birth date"),
    ("login_id", "login_id", "account id"),
)


@dataclass(frozen=True)
class Detail:
    """One record as it reads in its source; `values` by the words of FIELDS, None when empty."""

    record: int
    node: int
    source: str
    record_id: str
    person: str
    values: dict[str, str | None]
    place: str  # file:line, or nothing when it is not known; and which fields a correction replaced

    @property
    def label(self) -> str:
        return f"{self.source}:{self.record_id}"

    @property
    def line(self) -> str:
        """All values on one line."""
        return " · ".join(value for value in self.values.values() if value)


def details(
    con: DuckDBPyConnection,
    leave: Leave,  # noqa: ARG001  (to show somebody takes leave)
    condition: str,
    parameters: Sequence[object],
) -> list[Detail]:
    """The records that meet `condition` (on r = identity.records, q = identity.person_records), by source and id.

    They are in clear, so they are read with `leave` to show their people.
    """
    is_staged = "full_name" in columns_of(con, "staging.people")
    corrected = _CORRECTED if columns_of(con, "staging.corrections") else "null::varchar"
    rows = con.execute(
        f"""select r.record_key, r.node_key, r.source, r.record_id, q.person_id, {_STAGED if is_staged else _FOLDED},
                   {corrected} as corrected
            from identity.records r join identity.person_records q using (source, record_id)
            {"left join staging.people p using (source, record_id)" if is_staged else ""}
            where {condition} order by r.source, r.record_id""",
        list(parameters),
    ).fetchall()
    return [
        Detail(
            record=row[0],
            node=row[1],
            source=row[2],
            record_id=row[3],
            person=row[4],
            values=dict(zip(FIELDS, row[5:11], strict=True)),
            place=_place(*row[11:14]),
        )
        for row in rows
    ]


def _place(file: str | None, line: int | None, corrected: str | None) -> str:
    place = f"{file}:{line}" if file else ""
    return f"{place} (corrected: {corrected})".strip() if corrected else place


def of_person(con: DuckDBPyConnection, leave: Leave, person: str) -> list[Detail]:
    """Every record of a person."""
    return details(con, leave, "q.person_id = ?", [person])


def of_nodes(con: DuckDBPyConnection, leave: Leave, nodes: Collection[int]) -> dict[int, Detail]:
    """Node -> its first record."""
    first: dict[int, Detail] = {}
    for detail in details(con, leave, "r.node_key in (select unnest(?::bigint[]))", [list(nodes)]):
        first.setdefault(detail.node, detail)
    return first


# ---- what counts for nothing ---------------------------------------------------------------------


def silenced(
    con: DuckDBPyConnection, details: Sequence[Detail], matching: Matching, country: str, key: bytes | None
) -> tuple[str, ...]:
    """Identifiers of the records that were not used, and which guard took them out."""
    if "login_id" not in columns_of(con, "staging.people"):
        return ()
    from cdp_pipeline.identity.candidates import guard
    from cdp_pipeline.identity.normalise.normalise import Inputs, normalise
    from cdp_pipeline.run.lake import open_duckdb

    keys = [detail.record for detail in details]
    mine = "join identity.records r using (source, record_id) where r.record_key in (select unnest($1::bigint[]))"
    people = con.sql(f"select p.* from staging.people p {mine}", params={"1": keys}).to_arrow_table()
    own = open_duckdb()
    own.register("asked", people)
    normalise(own, Inputs("asked", None, None), matching, country, key or b"")
    columns = ", ".join(f"{column}::varchar" for _, column, _ in SILENCED)
    now = {row[:2]: row[2:] for row in con.execute(
        f"select source, record_id, {columns} from identity.records "
        "where record_key in (select unnest($1::bigint[]))", [keys]).fetchall()}  # fmt: skip
    before = own.execute(f"select source, record_id, {columns} from records order by 1, 2").fetchall()
    blocked = {(kind, value): why for kind, value, why in _blocked(con)}
    values_of = {(detail.source, detail.record_id): detail.values for detail in details}
    sentences = []
    for source, record_id, *values in before:
        label = f"{source}:{record_id}"
        for (kind, _, words), value, left in zip(SILENCED, values, now[source, record_id], strict=True):
            if value is not None and left is None:
                digest = guard.value_hash(key, kind, value) if key else ""
                reason = blocked.get((kind, digest)) or "it is on too many records of too many people"
                sentences.append(f"The {words} of {label} counts for nothing: {reason}, so it identifies nobody.")
            elif value is None and values_of[source, record_id].get(kind):
                sentences.append(f"The {words} of {label} counts for nothing: it is a placeholder, or not usable.")
    return tuple(sentences)


def _blocked(con: DuckDBPyConnection) -> list[tuple[str, str, str]]:
    if not columns_of(con, "identity.blocked_identifiers"):
        return []
    return con.execute("select kind, value_hash, reason from identity.blocked_identifiers order by 1, 2").fetchall()
