"""Runs one SQL model, or one check, over rows written by hand, in memory.

What belongs here: making the tables a model reads, with the types they have in a real run. What does
not: the rows (the YAML files beside this one).

Types come from where the real ones come from: the contracts for staging, the model itself for a table
that is a model, and TABLES for what Python writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.project.sql_model import Check, Model, read_check, read_model
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.staging.keyed import key_columns
from cdp_pipeline.staging.parsing import TYPES
from cdp_pipeline.staging.replay import text_columns

SQL = Path(__file__).parents[2] / "dbt_like_sql"
Row = Mapping[str, Any]

TABLES = {
    "identity.records": """record_key bigint, source varchar, record_id varchar, name_last varchar, phone_key varchar,
        country_code varchar, postcode_key varchar, address_key varchar, place_key varchar, node_key bigint,
        updated_at timestamp""",
    "identity.pairs": """node_key_l bigint, node_key_r bigint, match_weight double, model_weight double,
        provenance varchar, veto varchar, is_kept boolean, reason varchar""",
    "identity.clusters": "node_key bigint, cluster bigint, neighbourhood bigint",
    "identity.passes": "as_of date, records bigint, nodes bigint, pairs bigint",
    "identity.verdicts": """line bigint, record_key_l bigint, record_key_r bigint, verdict varchar, status varchar,
        is_in_force boolean""",
    "identity.limits": "review_low double, review_high double, largest_person bigint",
    "identity.person_records": "source varchar, record_id varchar, person_id varchar, confidence double",
    "identity.persons": "person_id varchar, records bigint, weakest_weight double, since date",
    "identity.changes": "as_of date, change varchar, person_id varchar, other_person_id varchar",
    "identity.redirects": "person_id varchar, to_person_id varchar, since date",
    "identity.device_owners": "source varchar, device_id varchar, person_id varchar, evidence varchar",
    "profiles.restrictions": "person_id varchar, kind varchar, since date, request_id varchar",
    "profiles.contacts": "person_id varchar, email varchar, phone varchar",
    "profiles.customers": """person_id varchar, records_count bigint, email varchar, phone varchar, net_revenue decimal(18, 4),
        permits_email_marketing boolean, permits_sms_marketing boolean, permits_whatsapp_marketing boolean,
        permits_phone_marketing boolean, is_reachable_by_email boolean, orders_count bigint, returned_orders_count bigint,
        order_currencies varchar, tickets_count bigint, newsletter_sent_count bigint,
        newsletter_opens_count bigint, newsletter_clicks_count bigint, web_sessions_count bigint""",
    "profiles.golden_values": """person_id varchar, field varchar, value varchar, source varchar,
        record_id varchar""",
    "raw.erased_rows": "source_name varchar, file varchar, rows_erased bigint, rejects_erased bigint",
    "raw.arrivals": "file varchar, source varchar, fingerprint varchar, status varchar, delivered_at timestamp",
    "quarantine.lines": "source varchar, file varchar, line bigint",
    "raw.files": """file varchar, source varchar, fingerprint varchar, status varchar, rows_read bigint, rows_loaded bigint,
        rows_rejected bigint, rows_withheld bigint, unmapped_columns varchar[], missing_columns varchar[]""",
    "staging.reconciliation": """source_name varchar, file varchar, table_name varchar, rows_read bigint,
        rows_erased bigint, rows_not_mapped bigint, rows_empty bigint, rows_dropped bigint, rows_superseded bigint,
        rows_quarantined bigint, rows_staged bigint, rows_mended bigint, rows_replayed bigint""",
    "quarantine.unused_lines": "source_name varchar, file varchar, line bigint",
    "staging.corrections": """source varchar, record_id varchar, column_name varchar, value varchar, decided_at date,
        line bigint, replaced varchar""",
    "segments.memberships": """person_id varchar, segmentation varchar, segment varchar, since date,
        kind varchar""",
    "segments.sizes": """segmentation varchar, segment varchar, kind varchar, people bigint, previous_people bigint,
        entered bigint, "left" bigint, is_profiling boolean""",
    "segments.history": """as_of date, person_id varchar, segmentation varchar, segment varchar,
        event varchar, kind varchar""",
    "activation.reasons": "destination varchar, audience varchar, reason varchar, people bigint",
    "activation.receipts": """destination varchar, audience varchar, in_rule bigint, has_key bigint,
        permitted bigint, transfer_allowed bigint, above_minimum bigint, written bigint""",
    "config.run": """as_of date, zone varchar, currency varchar, country varchar, churn_budget decimal(6, 4),
        adult_age integer, existing_customer_days integer, unapplied_stops bigint""",
}
_NESTED = re.compile(r"MAP|STRUCT|.*\[\]$")
RUN = {
    "as_of": "2026-06-30", "zone": "Europe/Amsterdam", "currency": "EUR", "country": "NL", "churn_budget": "0.05",
    "adult_age": 18, "existing_customer_days": 730, "unapplied_stops": 0,
}  # fmt: skip


def run_model(name: str, given: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    """The rows of a model, or of a check (`checks.<name>`), over `given`: table → rows.

    A column left out is null, a table left out is empty.
    """
    con, model = prepared(name)
    unknown = set(given) - set(model.reads)
    assert not unknown, f"{name} does not read {unknown}"
    for table in model.reads:
        con.execute(f"delete from {table}")
        fill(con, table, [RUN] if table == "config.run" and table not in given else given.get(table, ()))
    return rows_of(con, model.sql)


@cache
def prepared(name: str) -> tuple[duckdb.DuckDBPyConnection, Model | Check]:
    """A connection with the empty tables that the model reads."""
    problems: list[str] = []
    layer, _, stem = name.partition(".")
    (path,) = SQL.glob(f"*{layer}/**/{stem}.sql")
    model = read_check(path, problems) if layer == "checks" else read_model(path, layer, problems)
    assert model, problems
    assert not problems, problems
    con = open_duckdb()
    con.execute("attach ':memory:' as previous")
    before = model.empty if isinstance(model, Model) else {}
    for table in model.reads:
        con.execute(f"create schema if not exists {table.rpartition('.')[0]}")
        con.execute(f"create table {table} ({before.get(table) or types(table)})")
    return con, model


@cache
def types(table: str) -> str:
    """The columns of a table as DDL."""
    layer, _, name = table.partition(".")
    contract = SQL / "2_staging" / f"{name}.yml"
    if table in TABLES:
        return TABLES[table]
    if layer == "staging" and contract.exists():
        shape = read_shape(contract, Contract, [])
        assert shape
        columns = {column: TYPES[spec.type] for column, spec in shape.columns.items()}
        columns |= dict.fromkeys(key_columns(shape).values(), "varchar[]") | {"_file": "varchar", "_line": "bigint"}
        return ", ".join(f"{name} {kind}" for name, kind in columns.items())
    if layer == "quarantine":
        shape = read_shape(contract, Contract, [])
        assert shape
        columns = dict.fromkeys(("source_name", "file", "line", "outcome", "reasons", *text_columns(shape)), "varchar")
        return ", ".join(f"{name} {kind}" for name, kind in (columns | {"line": "bigint"}).items())
    con, model = prepared(table)
    return ", ".join(f'"{row[0]}" {row[1]}' for row in con.execute(f"describe {model.sql}").fetchall())


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; maps and lists travel as JSON."""
    if not rows:
        return
    kinds = {row[0]: row[1] for row in con.execute(f"describe {table}").fetchall()}
    columns = list(dict.fromkeys(column for row in rows for column in row))
    casts = ", ".join(f"cast(cast(? as json) as {kinds[c]})" if _NESTED.match(kinds[c]) else "?" for c in columns)
    values = [row.get(column) for row in rows for column in columns]
    con.execute(
        f"insert into {table} ({', '.join(map(quoted, columns))}) values {', '.join([f'({casts})'] * len(rows))}",
        [json.dumps(value, default=str) if isinstance(value, dict | list) else value for value in values],
    )


def rows_of(con: duckdb.DuckDBPyConnection, select: str) -> list[dict[str, Any]]:
    """Rows of a query as dictionaries."""
    result = con.execute(select)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
