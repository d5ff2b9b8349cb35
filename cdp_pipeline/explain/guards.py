"""Identifiers that were not used, and which guard took them out.

What belongs here: holding records up to what was compared of them. What does not: guarding itself
(identity/candidates/guard.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from cdp_pipeline.explain.published import columns_of
from cdp_pipeline.explain.records import Detail
from cdp_pipeline.identity.matching import Matching

SILENCED = (  # kind in identity.blocked_identifiers, column of identity.records, words
    ("email", "email_key", "e-mail"),
    ("phone", "phone_key", "phone"),
    ("birth_date", "birth_date", "birth date"),
    ("login_id", "login_id", "account id"),
)


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
    given = {(detail.source, detail.record_id): detail.values for detail in details}
    said = []
    for source, record_id, *values in before:
        label = f"{source}:{record_id}"
        for (kind, _, words), value, left in zip(SILENCED, values, now[source, record_id], strict=True):
            if value is not None and left is None:
                named = guard.value_hash(key, kind, value) if key else ""
                reason = blocked.get((kind, named)) or "it is on too many records of too many people"
                said.append(f"The {words} of {label} counts for nothing: {reason}, so it identifies nobody.")
            elif value is None and given[source, record_id].get(kind):
                said.append(f"The {words} of {label} counts for nothing: it is a placeholder, or not usable.")
    return tuple(said)


def _blocked(con: DuckDBPyConnection) -> list[tuple[str, str, str]]:
    if not columns_of(con, "identity.blocked_identifiers"):
        return []
    return con.execute("select kind, value_hash, reason from identity.blocked_identifiers order by 1, 2").fetchall()
