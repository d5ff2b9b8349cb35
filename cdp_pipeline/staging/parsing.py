"""Text to typed values, in DuckDB: dates, times, money, booleans, by the declared locale.

What belongs here: one SQL expression per contract type, NULL where the text is not a value of that
type. What does not: deciding what a NULL means; the contract compares it with the raw text.
"""

from __future__ import annotations

from cdp_pipeline.shapes import FileFormat
from cdp_pipeline.staging.currencies import ISO_4217

TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,6)",
    "money": "DECIMAL(18,4)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "attributes": "MAP(VARCHAR, VARCHAR)",
}

# What may stand before or after an amount: a code, a sign (also US$), or the word a shop's country writes.
_CURRENCY = rf"(?:(?:{'|'.join(ISO_4217)})|[A-Z]{{0,2}}\p{{Sc}}|(?i:kr|zł|kč|ft|lei|lv|fr)\.?)"
_CLOCK = r"([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?(\.\d+)?"
_OFFSET = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"

MACROS = (
    # Shopify guards ids, postcodes and phones with an apostrophe against spreadsheets.
    "create or replace macro unquote(x) as regexp_replace(x, '^''|''$', '', 'g')",
    r"""create or replace macro as_boolean(x) as case
          when lower(x) in ('true', 't', 'yes', 'y', '1', '1.0') then true
          when lower(x) in ('false', 'f', 'no', 'n', '0', '0.0') then false end""",
    r"""create or replace macro as_integer(x) as
          case when regexp_full_match(x, '[+-]?\d{1,18}(\.0+)?') then try_cast(regexp_replace(x, '\.0+$', '') as bigint) end""",
    r"""create or replace macro as_money(x) as
          case when regexp_full_match(x, '[+-]?\d{1,14}(\.\d{1,4}0*)?|[+-]?\.\d{1,4}0*') then try_cast(x as decimal(18,4)) end""",
    r"""create or replace macro as_decimal(x) as
          case when regexp_full_match(x, '[+-]?\d{1,12}(\.\d{1,6}0*)?|[+-]?\.\d{1,6}0*') then try_cast(x as decimal(18,6)) end""",
    rf"""create or replace macro plain_number(x) as
          regexp_replace(x, '^([+-]?)(?:{_CURRENCY})?\s*|\s*{_CURRENCY}$', '\1', 'g')""",
    r"""create or replace macro dot_decimal(x) as
          case when regexp_full_match(x, '[+-]?(\d*|\d{1,3}(,\d{3})+)(\.\d+)?') then replace(x, ',', '') end""",
    r"""create or replace macro comma_decimal(x) as
          case when regexp_full_match(x, '[+-]?(\d*|\d{1,3}(\.\d{3})+)(,\d+)?')
            then replace(replace(x, '.', ''), ',', '.') end""",
    r"""create or replace macro from_epoch(x) as case
          when regexp_full_match(x, '\d{10}') then make_timestamp(x::bigint * 1000000)
          when regexp_full_match(x, '\d{13}') then make_timestamp(x::bigint * 1000)
          when regexp_full_match(x, '\d{16}') then make_timestamp(x::bigint) end""",
    rf"""create or replace macro from_iso(x, zone) as case
          when regexp_full_match(x, '\d{{4}}-\d\d-\d\d[T ]{_CLOCK}{_OFFSET}')
            then timezone('UTC', try_cast(
                 regexp_replace(regexp_replace(x, ' ?(Z|UTC)$', '+00'), ' ?([+-]\d\d):?(\d\d)?$', '\1:\2')
                 .regexp_replace(':$', '') as timestamptz))
          when regexp_full_match(x, '\d{{4}}-\d\d-\d\d([T ]{_CLOCK})?')
            then timezone('UTC', timezone(zone, try_cast(x as timestamp))) end""",
    rf"""create or replace macro iso_date(x) as
          case when regexp_full_match(x, '\d{{4}}-\d\d-\d\d([T ]{_CLOCK}({_OFFSET})?)?')
            then try_cast(left(x, 10) as date) end""",
)


def typed(expression: str, kind: str, form: FileFormat) -> str:
    """SQL that parses the text `expression` as contract type `kind`; NULL when it is not one.

    Times come out as TIMESTAMP in UTC; money as DECIMAL(18,4) with at most four decimals, which
    holds the minor units of every ISO 4217 currency exactly.
    """
    match kind:
        case "text" | "attributes":
            return expression
        case "integer":
            return f"as_integer({expression})"
        case "boolean":
            return f"as_boolean({expression})"
        case "money" | "decimal":
            digits = "comma_decimal" if form.decimal == "," else "dot_decimal"
            return f"as_{kind}({digits}(plain_number({expression})))"
        case "timestamp":
            return _time(expression, form)
        case "date":
            return f"coalesce(iso_date({expression}), {_formats(expression, form, 'date')})"
    raise ValueError(kind)


def _time(expression: str, form: FileFormat) -> str:
    formats = _formats(expression, form, "timestamp")
    return f"coalesce(from_iso({expression}, '{form.zone}'), from_epoch({expression}), {formats})"


def _formats(expression: str, form: FileFormat, kind: str) -> str:
    naive = [f for f in form.dates if "%z" not in f]
    zoned = [f for f in form.dates if "%z" in f]
    parts = []
    if naive:
        parsed = f"try_strptime({expression}, {_list(naive)})"
        parts.append(f"{parsed}::date" if kind == "date" else f"timezone('UTC', timezone('{form.zone}', {parsed}))")
    if zoned:
        parsed = f"timezone('UTC', try_strptime({expression}, {_list(zoned)}))"
        parts.append(f"{parsed}::date" if kind == "date" else parsed)
    if not parts:
        return f"null::{kind}"
    # strptime also takes words such as "epoch", and '26' as the year 26: a date has digits, a year four.
    found = f"coalesce({', '.join(parts)})"
    return f"case when regexp_matches({expression}, '\\d') and {found} >= date '1000-01-02' then {found} end"


def _list(values: list[str]) -> str:
    return "[" + ", ".join("'" + v.replace("'", "''") + "'" for v in values) + "]"
