"""The first draft of a source YAML, written from the profile of a sample.

What belongs here: the YAML text. What does not: measuring (probe) and names of columns (suggestions).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import yaml

from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.sources.profile import Profile
from cdp_pipeline.sources.suggestions import suggest


def draft_yaml(profile: Profile, contracts: Mapping[str, Contract]) -> str:
    """Text of a source YAML that reads as a valid `shapes.Source`; what is left to decide says TODO.

    What a required core column may be filled with where the export lacks it is `stand_in` of its contract.
    """
    names = [c.name for c in profile.columns]
    formats = {c.name: c.format for c in profile.columns}
    keys = [c.name for c in profile.columns if c.is_key]
    suggested = suggest(names, formats, contracts) or {"people": {}}
    lines = [
        f"# Draft made from a sample of {profile.rows} rows. Check every line, above all those with TODO.",
        "description: 'TODO: what one row of this export is'",
        "owner: 'TODO: team'",
        f"files: [{_text('**/' + _pattern(profile.path.name))}]",
        *_format(profile),
        "delivery: increment  # TODO: snapshot when a delivery is the whole truth",
        "legal_basis: consent  # TODO: consent, contract, legitimate_interest or legal_obligation",
        "into:",
    ]
    used: set[str] = set()
    for table, mapped in suggested.items():
        columns = dict(mapped)
        if table == "people" and "record_id" not in columns:
            columns = {"record_id": (keys or [columns.get("email") or names[0]])[0]} | columns
        specs = contracts[table].columns if table in contracts else {}
        stand_ins = {c: spec.stand_in for c, spec in specs.items() if spec.stand_in and c not in columns}
        lines += [f"  {table}:", "    columns:"]
        lines += [f"      {column}: {{sql: {json.dumps(sql)}}}  # TODO" for column, sql in stand_ins.items()]
        lines += [f"      {column}: {_text(name)}{_remark(formats, name)}" for column, name in columns.items()]
        used |= set(columns.values())
    rest = [c for c in profile.columns if c.name not in used and c.format != "empty"]
    if rest:
        lines.append("# Not mapped, so dropped at ingest (under people: `attributes.<name>: <column>` keeps one):")
        lines += [f"#   {_text(c.name)}: {c.format}, {c.filled:.0%} filled" for c in rest]
    return "\n".join(lines) + "\n"


def _format(profile: Profile) -> list[str]:
    form = profile.format
    parts = [f"type: {form.type}"]
    if form.type == "csv":
        parts.append(f"delimiter: {json.dumps(form.delimiter or ',')}")
    if form.type != "parquet":
        parts.append(f"encoding: {form.encoding}")
    if any(c.format == "decimal_comma" for c in profile.columns):
        parts.append("decimal: ','")
    if not form.final_newline:
        parts.append("final_newline: false")
    parts.append("zone: UTC")
    lines = [f"format: {{{', '.join(parts)}}}  # TODO: zone of times without offset"]
    if any(c.format == "day_or_month_first" for c in profile.columns):
        lines.append("# TODO: dates have no ISO form; add to format: dates: ['%d/%m/%Y'] or ['%m/%d/%Y']")
    return lines


def _pattern(name: str) -> str:
    """The file's name as a pattern: dates and long numbers become a star."""
    return re.sub(r"\d{2,}([-_T:.]?\d{2,})*|[0-9a-f]{10,}", "*", name)


def _remark(formats: dict[str, str], name: str) -> str:
    found = formats.get(name, "")
    return f"  # {found}" if found in {"empty", "day_or_month_first", "decimal_comma"} else ""


def _text(value: str) -> str:
    dumped = yaml.safe_dump([value], allow_unicode=True, width=10_000, default_flow_style=True).strip()
    return dumped[1:-1]
