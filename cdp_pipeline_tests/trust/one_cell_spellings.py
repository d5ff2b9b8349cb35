"""One cell as people and spreadsheets write it: addresses, numbers, ids, days, amounts, yes and no, JSON, words.

What belongs here: the table of spellings, and telling what a cell of a delivery holds. What does not: which cell is
changed, and in what other ways (one_cell_changes.py).

A form stands as it is, but for names in braces: `{v}` is the cell, the others are made of it by `_written`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?( ?(Z|[+-]\d{4}))?)?|\d{16}")


def kind_of(text: str) -> str:
    """What a valid cell holds, told by how it looks."""
    bare = text.removeprefix("'").removeprefix("p:").removeprefix("l:")
    if text.startswith(("{", "[")):
        return "json"
    if "@" in text:
        return "mail"
    if re.fullmatch(r"\+\d{9,}", bare):
        return "phone"
    if DATE.fullmatch(text):
        return "date"
    if text.casefold() in {"yes", "no", "true", "false", "1", "0"}:
        return "word"
    if re.fullmatch(r"-?\d+\.\d\d", text):
        return "amount"
    if re.fullmatch(r"[#A-Z]{0,3}\d{8,}(\.\d+)?(-\d+)?(-\w)?", bare) or re.fullmatch(r"00[13Q]\d+", bare):
        return "id"
    if re.fullmatch(r"\d+", text):
        return "count"
    return "text"


_ANY = (
    " {v} ", "\u00a0{v}", "{v}\u200b", "\ufeff{v}", "'{v}'", '"{v}"', '="{v}"', "N/A", "-", "None", "null", "#NV", "#N/A",
    "########", "#WERT!", "#¡VALOR!", "#REF!", "(leeg)", "undefined", "?",
)  # fmt: skip
_SPELLED: dict[str, tuple[str, ...]] = {
    "mail": (
        "Jo Doe <{v}>", '"Doe, Jo" <{v}>', "<{v}>", "mailto:{v}", "{v}.", "{v};", "{v},", "'{v}'", '"{v}"', "{v} (work)",
        "{v}; {other}", "{v} / {other}", "{v} ::: {other}", "{v},{v}", "E-mail: {v}", '=HYPERLINK("mailto:{v}")', "[{v}]",
        "\u00a0{v}\u00a0", "\u200b{v}", "\u2060{v}", "{v}\u200e", "{inside\u200b}", "{inside\u00ad}", "{wide}", "{upper}",
        "{title}", "{spaced}", "«{v}»", "“{v}”", "{v}\n", "{v}>", "({v})", "{other}; {v}", "#NV", "geen", "-",
    ),
    "phone": (
        "{sci}", "{sci,}", "{v}.0", '="{v}"', "'{v}", "tel:{v}", "{v} (home)", "{v} / {otherphone}", "{00}", "{(0)}",
        "{bare}", "{dashes}", "\u00a0{v}", "{v}\u200b", "\u202a{v}\u202c", "{v} ext. 12", "{wideplus}", "#NV", "########",
        "3.16E+10", "0", "n.v.t.",
    ),
    "id": (
        "{sci}", "{sci,}", "{sci5}", "{sci0}", "{scilow}", "{v}.0", "{v},0", "{grouped,}", "{grouped.}", "{grouped }",
        '="{v}"', "'{v}", '"{v}"', "{v}\u200b", "\u00a0{v}", "########", "#NV", "#N/A", "#WERT!", "#VALEUR!",
        "#¡REF!", "#NAME?", "None", "null", "NaN", "nan", "undefined", "0", "-", "N/A", "7E+12", "7.00001E+12",
        "{v}.00", "+{v}", "{v} ",
    ),
    "date": (
        "{d/m/Y}", "{m/d/Y}", "{d.m.Y}", "{d-m-Y}", "{Y/m/d}", "{dmy}", "{words}", "{serial}", "{serial}.5", "{epoch}",
        "0000-00-00", "0000-00-00 00:00:00", "1753-01-01", "1899-12-30", "00.00.0000", "1900-01-00", "2026-13-45",
        "2062-05-20", "N/A", "########", "#NV", "{v}Z?", "\u00a0{v}", "20 mei 2026", "02/03/1990", "soon",
    ),
    "amount": (
        "{comma}", "€ {v}", "{v} EUR", "EUR {v}", "{v}-", "({v})", "{v}0", "1.234", "1,234", "1.234,56", "{v}%",
        "2.75E+01", "#WERT!", "-", "N/A", "{v}\u00a0€", "'{v}", "$ {v}", "n/a", "gratis", "£{v}", "{nopoint}",
    ),
    "count": ("{v}.0", "{v},00", "{v} x", "2×", "#NV", "-", "{v} st.", "one", "N/A", "½", "{v}.5", "1E+00", " {v}"),
    "json": (
        "{quotes}", "{curly}", "{escaped}", "[object Object]", "NULL", "None", "{}", "[]", "{cut}", "null", "NaN",
        '"{v}"', "{array}", "\ufeff{v}",
    ),
    "text": (*_ANY, "{upper}", "{lower}", "{title}", "{v}.", "{v} ", "{inside\u00ad}", "{v}!", "WAHR", "0000-00-00", "x"),
}  # fmt: skip
_YES_WORDS = (
    "Yes ", "YES", "ja", "Ja", "oui", "sí", "sì", "sim", "tak", "WAHR", "VRAI", "VERDADERO", "TRUE", "1", "1.0", "on", "x",
    "✓", "y", "J", "yes.", "=TRUE()", "'yes", "\u00a0yes", "áno", "kyllä", "?", "maybe", "N/A", "#NV", "2",
)  # fmt: skip
_NO_WORDS = (
    "No ", "NO", "nee", "Nee", "nein", "non", "não", "nie", "FALSCH", "FAUX", "FALSO", "ONWAAR", "FALSE", "0", "0.0", "off",
    "-", "✗", "n", "N", "no.", "=FALSE()", "'no", "\u00a0no", "nej", "ei", "?", "denied", "Withdrawn", "opt-out",
    "afgemeld", "N/A", "#NV", "#N/A", "none", "never", "null", "unsubscribed ",
)  # fmt: skip
_STATUS_WORDS = (
    "{title}", "{upper}", "{v} ", "\u00a0{v}", "{v}.", "'{v}'", "abgemeldet", "désabonné", "uitgeschreven", "baja",
    "opted out", "No", "cancelled", "{v}\u200b", "?", "N/A", "#NV", "{inside\u00ad}",
)  # fmt: skip
_STATUSES = {
    "subscribed", "unsubscribed", "statuschange", "open", "normal", "single_opt_in", "unsubscribe", "track", "identify",
    "granted", "denied", "allow_all", "deny_all", "consent_preferences",
}  # fmt: skip


def respelled(chance: Random, text: str, habit: str = "") -> str:
    """The same cell as somebody, or a spreadsheet, may write it; half of those with the same `habit` in the same way.

    A spreadsheet damages a whole column alike: only then do two of its rows get one id.
    """
    kind = kind_of(text)
    spelled: tuple[str, ...]
    if kind == "word":
        spelled = _YES_WORDS if text.casefold() in {"yes", "true", "1"} else _NO_WORDS
    elif text.casefold() in _STATUSES or "consent" in text:
        spelled = _STATUS_WORDS
    else:
        spelled = _SPELLED[kind]
    form = (Random(f"{habit} {kind}") if habit and chance.random() < 0.5 else chance).choice(spelled)
    if form in ("{}", "[]"):
        return form
    return re.sub(r"\{([^{}]*)\}", lambda found: _written(found[1], text), form)


def _written(form: str, text: str) -> str:
    """One form of the table for a text."""
    digits = re.sub(r"\D", "", text)
    if form.startswith("inside"):
        return text[:2] + form[6:] + text[2:]
    if form.startswith("sci"):
        number = float(digits or 0)
        places = {"sci0": 0}.get(form, 5)
        made = re.sub(r"0*E", "E", f"{number:.{places}E}").replace(".E", "E").replace("E+0", "E+")
        return made.replace(".", ",") if form == "sci," else made.lower() if form == "scilow" else made
    if form.startswith("grouped"):
        return f"{int(digits or 0):,}".replace(",", form[7:])
    day = _day(text)
    forms: dict[str, Callable[[], str]] = {
        "v": lambda: text, "upper": text.upper, "lower": text.lower, "title": text.title,
        "wide": lambda: text.replace("@", "＠"), "spaced": lambda: text.replace("@", " @ "),
        "other": lambda: f"jo.{text.rpartition('@')[2].split('.')[0]}@{text.rpartition('@')[2]}",
        "otherphone": lambda: f"+316{(int(digits[-8:] or 0) + 7) % 10**8:08}",
        "00": lambda: text.replace("+", "00"), "(0)": lambda: text.replace("+31", "+31 (0)"),
        "bare": lambda: text.replace("+31", "0"), "dashes": lambda: text[:4] + "-" + "-".join(text[4:]),
        "wideplus": lambda: text.replace("+", "＋"), "comma": lambda: text.replace(".", ","),
        "nopoint": lambda: text.replace(".", ""), "quotes": lambda: text.replace('"', "'"),
        "curly": lambda: text.replace('"', "”"), "escaped": lambda: text.replace('"', '\\"'),
        "cut": lambda: text[: len(text) * 2 // 3], "array": lambda: f"[{text}]", "words": lambda: f"{day:%d %B %Y}",
        "d/m/Y": lambda: f"{day:%d/%m/%Y}", "m/d/Y": lambda: f"{day:%m/%d/%Y}", "d.m.Y": lambda: f"{day:%d.%m.%Y}",
        "d-m-Y": lambda: f"{day:%d-%m-%Y}", "Y/m/d": lambda: f"{day:%Y/%m/%d}", "dmy": lambda: f"{day:%d-%m-%y}",
        "serial": lambda: str((day - date(1899, 12, 30)).days),
        "epoch": lambda: str((day - date(1970, 1, 1)) // timedelta(seconds=1)),
    }  # fmt: skip
    return forms[form]()


def _day(text: str) -> date:
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    try:
        return date(*map(int, found.groups())) if found else date(2026, 5, 1)
    except ValueError:
        return date(2026, 5, 1)
