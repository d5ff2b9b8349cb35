"""A contract as a pandera schema, and the rows of a candidate table that break it.

What belongs here: row rules. They run in pandera's Polars backend on Arrow batches streamed from
DuckDB. What does not: uniqueness and references, which need the whole table (steps.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from cdp_pipeline.errors import CdpError
from cdp_pipeline.project.shapes import Column, Contract
from cdp_pipeline.staging.currencies import ISO_4217
from cdp_pipeline.staging.doubt import doubtful
from cdp_pipeline.staging.keyed import KIND_OF_NAMESPACE, key_columns
from cdp_pipeline.staging.mapping import is_id
from cdp_pipeline.staging.refusals import EMPTIED, OF_RECORD

BATCH_ROWS = 100_000
_NOT_A = {
    "date": "not a date",
    "timestamp": "not a time, or one that the clock skipped",
    "money": "not an amount",
    "decimal": "not a number",
    "integer": "not a whole number",
    "boolean": "not yes or no",
}
OTHER_CURRENCY = "in another currency than the row says"
NOT_WHOLE = "a number or an error that a spreadsheet made of an id"
NO_KEY = {
    "email": "not an e-mail address",
    "phone": "not a phone number",
    "account": "not an account id",
    "namespace": "not an identifier of its namespace",
}
DOUBTFUL = "can be read in two ways, and its column is written in both"
_LOCALE = "declare `decimal`, `thousands`, `negative` or `digits` in the source's `format`, or correct the cell"
CURES: Mapping[str, str] = {
    "missing": "fill it in the source system, or map another column",
    "not a date": "declare its form in `dates` of the source's `format`",
    "not a time, or one that the clock skipped": "declare `dates` and `zone`, or export times with their offset",
    "not an amount": _LOCALE,
    "not a number": _LOCALE,
    "not a whole number": _LOCALE,
    "not yes or no": "write true or false, yes or no, 1 or 0",
    OTHER_CURRENCY: "mend the currency column, or its mapping",
    NOT_WHOLE: "export again without a spreadsheet in between",
    EMPTIED: "ask the person anew, or write the answer in the source system; until then it is a refusal",
    OF_RECORD: "write the identifier in the source system; until then the refusal stops all that the record had",
    **dict.fromkeys(NO_KEY.values(), "correct it in the source system, or in quarantine and replay it"),
    DOUBTFUL: "deliver the file as the source writes it; a spreadsheet or a second system wrote part of the column",
    "no ISO 4217 currency code": "map a column with codes such as EUR",
    "not one of …": "map it to one of the values that the contract names",
    "does not match the pattern": "mend it in the source system, or the pattern in the contract",
    "too long": "mend it in the source system, or `max_length` in the contract",
    "below the minimum": "mend it in the source system, or `min` in the contract",
    "above the maximum": "mend it in the source system, or `max` in the contract",
    "after the run's day": "look at the clock and the zone of the system that wrote it",
}
"""Reasons that quarantine gives for a cell, each with the way out; names of rules stand there too."""


def schema_of(contract: Contract, as_of: date, zone: str) -> Any:
    """The pandera schema: every typed column with its checks, a boolean column for each cross-column rule."""
    import pandera.polars as pandera

    columns = {
        name: pandera.Column(None, _checks(spec, as_of, zone), nullable=not spec.required)
        for name, spec in contract.columns.items()
        if spec.type != "attributes"
    }
    flags = {
        flag: pandera.Column(None, pandera.Check.eq(True, error=words), nullable=True)
        for flag, words in _flags(contract).items()
    }
    return pandera.DataFrameSchema({**columns, **flags}, strict=False)


def broken_rows(
    con: duckdb.DuckDBPyConnection, contract: Contract, as_of: date, zone: str = "UTC", rows: str = "true"
) -> pa.Table:
    """Rows of the table `candidates` that break a rule: `_row` BIGINT, `column` and `rule` VARCHAR.

    The day of the run is one of the time zone `zone`; `rows` is SQL that chooses among them. A column named in
    `_emptied` of a row is not judged: what stood there was replaced. Needs the macros of parsing.py. Raises CdpError
    when a check itself crashed: then nothing is known about the rows.
    """
    schema = schema_of(contract, as_of, zone)
    batches = [_failures(schema, batch) for batch in _batches(con, contract, rows)]
    return pa.concat_tables(batches) if batches else _NONE


_NONE = pa.table(
    {"_row": pa.array([], pa.int64()), "column": pa.array([], pa.string()), "rule": pa.array([], pa.string())}
)


def _checks(spec: Column, as_of: date, zone: str) -> list[Any]:
    import pandera.polars as pandera

    checks = []
    if spec.is_in is not None:
        allowed = ISO_4217 if spec.is_in == "iso4217" else spec.is_in
        words = "no ISO 4217 currency code" if spec.is_in == "iso4217" else f"not one of {', '.join(allowed)}"
        checks.append(pandera.Check.isin(list(allowed), error=words))
    if spec.matches:
        checks.append(pandera.Check.str_matches(f"^(?:{spec.matches})$", error="does not match the pattern"))
    if spec.max_length:
        checks.append(pandera.Check.str_length(max_value=spec.max_length, error="too long"))
    if spec.min is not None:
        checks.append(pandera.Check.ge(_bound(spec, spec.min, as_of), error="below the minimum"))
    if spec.max is not None:
        upper = _bound(spec, spec.max, as_of)
        if spec.type == "timestamp":  # a day ends at midnight of the project's zone
            end = datetime.combine(upper + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
            checks.append(pandera.Check.lt(end.replace(tzinfo=None), error="after the run's day"))
        else:
            checks.append(pandera.Check.le(upper, error="above the maximum"))
    return checks


def _bound(spec: Column, value: Any, as_of: date) -> Any:
    bound = as_of if value == "as_of" else value
    return datetime.combine(bound, datetime.min.time()) if spec.type == "timestamp" else bound


def _flags(contract: Contract) -> dict[str, str]:
    """Name of a boolean column → the reason when it is false."""
    parsed = {f"{c}__parsed": _NOT_A[spec.type] for c, spec in contract.columns.items() if spec.type in _NOT_A}
    parsed |= {f"{c}__doubt": DOUBTFUL for c, spec in contract.columns.items() if spec.type in _NOT_A}
    parsed |= {f"{c}__currency": OTHER_CURRENCY for c in _in_currency(contract)}
    parsed |= {f"{c}__whole": NOT_WHOLE for c in contract.columns if is_id(c, contract)}
    parsed |= {f"{c}__key": NO_KEY[str(contract.columns[c].keys)] for c in key_columns(contract)}
    rules = {f"rule__{rule.name}": rule.name for rule in contract.rules if rule.severity == "error"}
    return parsed | rules


def _in_currency(contract: Contract) -> list[str]:
    """Amounts of a row that names its currency."""
    return [c for c, spec in contract.columns.items() if spec.type == "money" and "currency" in contract.columns]


def _batches(con: duckdb.DuckDBPyConnection, contract: Contract, rows: str) -> Iterator[pa.RecordBatch]:
    flags = {
        f"{c}__parsed": f"{c}__text is null or {c} is not null"
        for c, spec in contract.columns.items()
        if spec.type in _NOT_A
    }
    flags |= {f"{c}__currency": f"is_in_currency({c}__text, upper(currency__text))" for c in _in_currency(contract)}
    for column in (c for c in contract.columns if is_id(c, contract)):
        whole = f"is_whole_id({column}__text)"
        by_kind = contract.columns[column].keys == "namespace"
        flags[f"{column}__whole"] = (
            f"{KIND_OF_NAMESPACE.format('namespace')} <> 'account' or {whole}" if by_kind else whole
        )
    flags |= {f"{c}__key": f"{c}__text is null or len({keys}) > 0" for c, keys in key_columns(contract).items()}
    in_doubt = doubtful(con, contract)
    flags |= {f"{c}__doubt": in_doubt.get(c, "true") for c, spec in contract.columns.items() if spec.type in _NOT_A}
    columns = ["_row", *(c for c, spec in contract.columns.items() if spec.type != "attributes")]
    columns += [
        f"coalesce(list_contains(_emptied, '{flag.rpartition('__')[0]}'), false) or ({sql}) as {flag}"
        for flag, sql in flags.items()
    ]
    columns += [f"({rule.sql}) as rule__{rule.name}" for rule in contract.rules if rule.severity == "error"]
    # A cursor's relation streams; execute() would hold the whole result in memory.
    select = f"select {', '.join(columns)} from candidates where {rows} order by _row"
    yield from con.cursor().sql(select).to_arrow_reader(BATCH_ROWS)


def _failures(schema: Any, batch: pa.RecordBatch) -> pa.Table:
    import polars as pl
    from pandera.errors import SchemaErrors

    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].null_count():
            crashed = sorted({str(c) for c in cases.filter(pl.col("index").is_null())["check"].to_list()})
            raise CdpError(f"a contract check could not be run: {', '.join(crashed)}") from None
        rows = frame["_row"].gather(cases["index"].cast(pl.UInt32))
        columns = [re.sub("^rule__|__(parsed|currency|whole|key|doubt)$", "", str(c)) for c in cases["column"]]
        rules = ["missing" if check == "not_nullable" else str(check) for check in cases["check"]]
        return pa.table(
            {"_row": rows.to_arrow(), "column": pa.array(columns, pa.string()), "rule": pa.array(rules, pa.string())}
        )
    return _NONE
