"""E-mail addresses and phone numbers inside texts: as they are written there, and as they are compared.

What belongs here: finding them, and taking those of the erased out. What does not: the one spelling of an address or
number (registry.py), and whose they are.

A text is read as a person would: whatever a sign looks like (NFKC), without signs that cannot be seen. A number is
one when its digits stand together as a whole number does, nine at least: with + or 00 and any country, or as the
project's country writes them, with its trunk prefix (0 in most) or its code. Shorter ones, and national ones of other
countries, are too easily something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cdp_pipeline.project.identifier_keys import DIALLING

BLANK = "•••"
FEWEST_DIGITS = 9  # as many as whole numbers have, trunk prefix included; fewer digits are ids and amounts
_MOST_DIGITS = 17  # 00 and the 15 digits of E.164
_UNSEEN = "\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_AT = "(?:[@\uff20\ufe6b]|%40)"
_APART = (
    "\\s\u00a0\u2000-\u200a\u2028\u2029\u202f\u3000@\uff20\ufe6b<>\"',;:()\\[\\]{}|\\\\=&?/“”‘’„«»‹›；，：（）＜＞、。…"
)
_DOT = "[.\uff0e]"
MAIL = f"[^{_APART}]+{_AT}[^{_APART}]+{_DOT}[^{_APART}.\uff0e]+"
"""A regular expression of e-mail addresses inside a text, also where a web address carries one."""
_BETWEEN = f"[ \u00a0\u2007-\u2011\u2013\u202f().\\-/{_UNSEEN}]"
_RUN = f"(?:\\+|%2[Bb])?\\(?\\d(?:{_BETWEEN}{{0,3}}\\d){{{FEWEST_DIGITS - 1},}}"
_GROUP = re.compile(r"(?:\+|%2[Bb])?\(?\d+\)?")
_SCHEMA = pa.schema([("as_written", pa.string()), ("part", pa.string()), ("value", pa.string())])


def find_written(con: duckdb.DuckDBPyConnection, texts: str, country: str) -> None:
    """Table `written` from relation `texts` (number, text): number, kind (email or phone), as_written, value.

    `as_written` is what stands in the text, `value` what identities.spell understands; a row each of a number. `country`
    (ISO alpha-2) is the one whose national numbers are known by their trunk prefix.
    """
    con.execute(
        f"""create or replace temp table tokens as
        select distinct number, 'email' as kind, unnest(regexp_extract_all(text, $mail)) as token from {texts}
        union all
        select distinct number, 'phone' as kind, unnest(regexp_extract_all(text, $run)) as token from {texts}""",
        {"mail": MAIL, "run": _RUN},
    )
    odd = con.execute("select distinct token from tokens where kind = 'email' and regexp_matches(token, '[^ -~]|%40')")
    mails = [(token, token, plain(token)) for (token,) in odd.fetchall()]
    runs = con.execute(
        "select distinct token from tokens where kind = 'phone' and regexp_matches(token, $start)",
        {"start": f"(?:^|[^0-9])(?:\\+|%2[Bb]|\\(?(?:0|{'|'.join(_prefixes(country))})(?:{_BETWEEN}{{0,3}}\\d){{6}})"},
    ).fetchall()
    numbers = [(token, part, number) for (token,) in runs for part, number in _numbers(token, country)]
    for name, rows in (("odd_mails", mails), ("numbers", numbers)):
        con.register("found_arrow", _table(rows))
        con.execute(f"create or replace temp table {name} as from found_arrow")
        con.unregister("found_arrow")
    con.execute("""create or replace temp table written as
        select t.number, t.kind, t.token as as_written, coalesce(o.value, t.token) as value
        from tokens t left join odd_mails o on o.as_written = t.token where t.kind = 'email'
        union
        select t.number, t.kind, n.part, n.value from tokens t join numbers n on n.as_written = t.token
        where t.kind = 'phone'""")


def without(texts: pa.ChunkedArray, mentioned: Mapping[str, str]) -> pa.ChunkedArray:
    """The texts with `•••` for each of `mentioned` (as written -> kind), where it stands by itself and not in a longer one."""
    for mention in sorted(mentioned, key=len, reverse=True):
        near, end = (_APART, f"{_DOT}?") if mentioned[mention] == "email" else ("^0-9", "")
        pattern = f"(^|[{near}]){_quoted(mention)}({end}(?:$|[{near}]))"
        for _ in range(2):  # two that stand side by side share the sign between them
            texts = pc.replace_substring_regex(texts, pattern, rf"\1{BLANK}\2")
    return texts


def plain(address: str) -> str:
    r"""An address as it is compared: as it looks, without signs that cannot be seen.

    >>> plain("an\u200bn＠mail.example")
    'ann@mail.example'
    """
    normal = unicodedata.normalize("NFKC", address.replace("%40", "@"))
    return "".join(sign for sign in normal if sign not in _UNSEEN)


def _numbers(run: str, country: str) -> Iterator[tuple[str, str]]:
    """(as written, digits with + or trunk prefix) of each whole number that groups of digits in a run can be."""
    groups = list(_GROUP.finditer(run))
    for at, first in enumerate(groups):
        digits = ""
        for last in groups[at:]:
            digits += re.sub(r"\D", "", last[0].replace("(0)", "").replace("%2B", "").replace("%2b", ""))
            if len(digits) > _MOST_DIGITS:
                break
            has_sign = first[0][0] in "+%"
            if len(digits) >= FEWEST_DIGITS and (has_sign or digits.startswith("00") or _is_national(digits, country)):
                yield run[first.start() : last.end()], ("+" if has_sign else "") + digits


def _is_national(digits: str, country: str) -> bool:
    """Whether digits are as long as a number of the country, behind its trunk prefix (if it has one) or its code."""
    lengths = next((range(least, most + 1) for name, _, _, least, most in DIALLING if name == country), range(0))
    return any(digits.startswith(prefix) and len(digits) - len(prefix) in lengths for prefix in _prefixes(country))


def _prefixes(country: str) -> list[str]:
    """What stands before a number of the country at home, and without its +."""
    prefixes = {prefix for name, code, trunk, _, _ in DIALLING if name == country for prefix in (code, trunk)}
    return sorted(prefixes | ({""} if "1" in prefixes else set()))  # North America seldom writes its 1


def _quoted(text: str) -> str:
    """A text inside a regular expression of RE2."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _table(rows: Iterable[tuple[str, str, str]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=_SCHEMA)
