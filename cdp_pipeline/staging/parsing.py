"""Text to typed values, in DuckDB: dates, times, money, booleans, by the declared locale.

What belongs here: one SQL expression per contract type, NULL where the text is not a value of that
type. What does not: deciding what a NULL means; the contract compares it with the raw text.
"""

from __future__ import annotations

import duckdb

from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Column, FileFormat
from cdp_pipeline.project.words import Words
from cdp_pipeline.project.words import macros as word_macros
from cdp_pipeline.staging.currencies import ISO_4217, SIGNS

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
_GROUPS = {",": ",", ".": r"\.", " ": r"[ \x{00a0}\x{2009}\x{202f}]", "'": "[''\u2019]"}
_ARABIC = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
_CLOCK = r"([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?(\.\d+)?"
_OFFSET = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"

_MACROS = (
    # Shopify guards ids, postcodes and phones with an apostrophe against spreadsheets.
    "create or replace macro unquote(x) as regexp_replace(x, '^''|''$', '', 'g')",
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
    # A local time of an hour that the clock skipped is none; midnight stands for a whole day.
    """create or replace macro in_zone(x, zone) as
          case when timezone(zone, timezone(zone, x)) = x or x::time = time '00:00:00'
            then timezone('UTC', timezone(zone, x)) end""",
    rf"""create or replace macro is_in_currency(x, code) as case
          when x is null or code is null or regexp_full_match(x, '[-+\d.,]*') then true
          when regexp_matches(x, '[A-Z]{{3}}') then regexp_extract(x, '[A-Z]{{3}}') = code
          {" ".join(f"when regexp_matches(x, '{sign}') then code in {codes + codes[:1]}" for sign, codes in SIGNS)}
          else true end""",
    r"""create or replace macro from_epoch(x) as case
          when regexp_full_match(x, '[1-9]\d{9}') then make_timestamp(x::bigint * 1000000)
          when regexp_full_match(x, '[1-9]\d{12}') then make_timestamp(x::bigint * 1000)
          when regexp_full_match(x, '[1-9]\d{15}') then make_timestamp(x::bigint) end""",
    rf"""create or replace macro from_iso(x, zone) as case
          when regexp_full_match(x, '\d{{4}}-\d\d-\d\d[T ]{_CLOCK}{_OFFSET}')
            then timezone('UTC', try_cast(
                 regexp_replace(regexp_replace(x, ' ?(Z|UTC)$', '+00'), ' ?([+-]\d\d):?(\d\d)?$', '\1:\2')
                 .regexp_replace(':$', '') as timestamptz))
          when regexp_full_match(x, '\d{{4}}-\d\d-\d\d([T ]{_CLOCK})?')
            then in_zone(try_cast(x as timestamp), zone) end""",
    rf"""create or replace macro iso_date(x) as
          case when regexp_full_match(x, '\d{{4}}-\d\d-\d\d([T ]{_CLOCK}({_OFFSET})?)?')
            then try_cast(left(x, 10) as date) end""",
)


def create_macros(con: duckdb.DuckDBPyConnection, words: Words) -> None:
    """The macros that parsing, mappings and keys need, in this connection."""
    for macro in (*_MACROS, *word_macros(words)):
        con.execute(macro)


def typed(expression: str, spec: Column, form: FileFormat) -> str:
    """SQL that parses the text `expression` as a value of a contract column; NULL when it is not one.

    Times come out as TIMESTAMP in UTC; money as DECIMAL(18,4) with at most four decimals, which
    holds the minor units of every ISO 4217 currency exactly.
    """
    match kind := spec.type:
        case "text" | "attributes":
            return f"permission_status({expression})" if spec.words else _allowed(expression, spec)
        case "integer":
            plain = form.decimal == "." and not form.thousands and form.negative == "-12" and form.digits == "ascii"
            return f"as_integer({expression if plain else number(expression, form)})"
        case "boolean":
            return f"as_boolean({expression})"
        case "money" | "decimal":
            return f"as_{kind}({number(expression, form)})"
        case "timestamp":
            return _time(expression, form)
        case "date":
            return f"coalesce(iso_date({expression}), {_formats(expression, form, 'date')})"
    raise ValueError(kind)


def _allowed(expression: str, spec: Column) -> str:
    """A text; one of a few allowed values also where it is written with capitals, or with blanks around."""
    if not isinstance(spec.is_in, tuple):
        return expression
    spellings = " ".join(f"when {literal(value.lower())} then {literal(value)}" for value in spec.is_in)
    return f"case lower(trim({expression})) {spellings} else {expression} end"


def number(expression: str, form: FileFormat) -> str:
    """SQL that writes a number of a file's locale as plain digits with a point; NULL when it is not one."""
    text = f"translate({expression}, '\u2212', '-')"
    if form.digits == "arabic":
        groups = form.thousands or ("." if form.decimal == "," else ",")
        text = f"translate({text}, '{_ARABIC}٫٬', {literal(f'01234567890123456789{form.decimal}{groups}')})"
    if form.negative == "(12)":
        text = rf"regexp_replace({text}, '^\(([^()]*\d[^()]*)\)$', '-\1')"
    text = f"plain_number({text})"
    if form.negative == "12-":
        text = rf"regexp_replace({text}, '^([^-+].*)-$', '-\1')"
    if not form.thousands:
        return f"{'comma' if form.decimal == ',' else 'dot'}_decimal({text})"
    group, point = _GROUPS[form.thousands], rf"\{form.decimal}"
    whole = rf"[+-]?(\d*|\d{{1,3}}({group}\d{{3}})+)({point}\d+)?"
    plain = f"replace(regexp_replace({text}, '{group}', '', 'g'), '{form.decimal}', '.')"
    return f"case when regexp_full_match({text}, '{whole}') then {plain} end"


def _time(expression: str, form: FileFormat) -> str:
    formats = _formats(expression, form, "timestamp")
    return f"coalesce(from_iso({expression}, '{form.zone}'), from_epoch({expression}), {formats})"


def _formats(expression: str, form: FileFormat, kind: str) -> str:
    naive = [f for f in form.dates if "%z" not in f]
    zoned = [f for f in form.dates if "%z" in f]
    parts = []
    if naive:
        parsed = f"try_strptime({expression}, {_list(naive)})"
        parts.append(f"{parsed}::date" if kind == "date" else f"in_zone({parsed}, '{form.zone}')")
    if zoned:
        parsed = f"timezone('UTC', try_strptime({expression}, {_list(zoned)}))"
        parts.append(f"{parsed}::date" if kind == "date" else parsed)
    if not parts:
        return f"null::{kind}"
    # strptime also takes words such as "epoch", and '26' as the year 26: a date has digits, a year four.
    moment = f"coalesce({', '.join(parts)})"
    return f"case when regexp_matches({expression}, '\\d') and {moment} >= date '1000-01-02' then {moment} end"


def _list(values: list[str]) -> str:
    return "[" + ", ".join(map(literal, values)) + "]"
