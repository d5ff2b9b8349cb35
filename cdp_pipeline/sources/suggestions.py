"""Which core column a column of an unknown export probably is.

What belongs here: comparing its names with those that the contracts know columns by (`known_as`, `suggested_by` in
2_staging). What does not: profiling (probe) and the YAML text (draft).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from cdp_pipeline.project.shapes import Contract

_PREFIX = re.compile(r"^(property|merge|param|default address|billing|customer|contact) ")


def suggest(
    names: Sequence[str], formats: Mapping[str, str], contracts: Mapping[str, Contract]
) -> dict[str, dict[str, str]]:
    """Core table → core column → column of the export, for the tables that the columns can fill; the fullest first.

    `formats` are those of formats.FORMATS, by column name; a column of only e-mail addresses is an
    e-mail address under any name.
    """
    headers = {words(name): name for name in reversed(names)}
    for header in reversed(names):
        headers.setdefault(_PREFIX.sub("", words(header)), header)
    emails = [header for header in names if formats.get(header) == "email"]
    suggested: dict[str, dict[str, str]] = {}
    for table, contract in contracts.items():
        mapped = {
            column: next(headers[name] for name in spec.known_as if name in headers)
            for column, spec in contract.columns.items()
            if headers.keys() & set(spec.known_as)
        }
        for column, spec in contract.columns.items():
            if spec.keys == "email" and emails and formats.get(mapped.get(column, "")) != "email":
                mapped[column] = emails[0]
        if contract.suggested_by and all(mapped.keys() & set(choice) for choice in contract.suggested_by):
            suggested[table] = mapped
    return dict(sorted(suggested.items(), key=lambda table: -len(table[1])))


def words(name: str) -> str:
    """A header name as plain lower-case words.

    >>> words("E-mail_Adresse (*)"), words("createdAt")
    ('e mail adresse', 'created at')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().casefold()
    return " ".join(re.findall(r"[a-z0-9]+", plain))
