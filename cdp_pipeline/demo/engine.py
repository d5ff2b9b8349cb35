"""The engine of the demo: an in-memory DuckDB with the tables and macros of the `.sql` files.

What belongs here: opening it. What does not: the content (`*.sql`, `tables`) and files (`exports`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from importlib.resources import files

import duckdb
import pyarrow as pa

from cdp_pipeline.demo import catalogue, tables
from cdp_pipeline.demo.settings import HISTORY_START, HORIZON, Rates

_FILES = ("random", "population", "noise", "shop", "web", "service", "newsletter", "crm", "leads", "truth")


def open_engine(people: int, seed: int, rates: Rates, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with the whole population and its life made; people are 0 .. people - 1."""
    con = duckdb.connect(config={"threads": threads} if threads else {})
    constants: dict[str, str] = {
        "seed": f"'{seed}'",
        "people": str(people),
        "history_start": f"date '{HISTORY_START}'",
        "horizon": f"date '{HORIZON}'",
    } | {field.name: repr(getattr(rates, field.name)) for field in fields(rates)}
    for name, value in constants.items():
        con.execute(f"create macro {name}() as {value}")
    _fill(con)
    for name in _FILES:
        con.execute((files("cdp_pipeline.demo") / f"{name}.sql").read_text("utf-8"))
    return con


def _fill(con: duckdb.DuckDBPyConnection) -> None:
    """The small tables that come from Python: countries, names, towns, nicknames, products."""
    low, countries = 0, []
    for country, (share, *rest) in tables.COUNTRIES.items():
        countries.append((country, low, low + share, *rest))
        low += share
    _table(
        con,
        "countries",
        "country, low, high, country_name, local_name, language, dialling, currency, vat, company_form",
        countries,
    )
    _table(con, "name_slots", "country, kind, slot, value", tables.name_slots())
    _table(con, "towns", "country, slot, town, area", tables.towns())
    _table(con, "nicknames", "first_name, nickname", tables.nicknames())
    _table(
        con, "products", "sku, handle, title, vendor, path, kind, tags, price, price_gbp, cost", catalogue.products()
    )
    _table(con, "product_slots", "kind, slot, sku", catalogue.product_slots())


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    names = columns.split(", ")
    values = [list(column) for column in zip(*rows, strict=True)]
    arrow = pa.table(dict(zip(names, values, strict=True)))
    con.register("from_python", arrow)
    con.execute(f"create table {name} as from from_python")
    con.unregister("from_python")
