"""The shape of 3_identity/matching.yml, and the loading of it with its nickname table.

What belongs here: which words the file may say, and what column each word means. What does not:
how a comparison or a join is computed.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.identity.normalise.placeholders import Placeholders, load_placeholders
from cdp_pipeline.project.shapes import Shape
from cdp_pipeline.project.yaml_file import place, read_shape

BLOCK_FIELDS: dict[str, str] = {  # word of the file -> column of identity.records
    "email": "email_key",
    "email_name": "email_local",
    "phone": "phone_key",
    "full_name": "name_full",
    "nickname_full": "name_nick_full",
    "first_name": "name_nick",
    "last_name": "name_last",
    "sound_of_first_name": "sound_first",
    "sound_of_last_name": "sound_last",
    "sound_of_full_name": "sound_full",
    "birth_date": "birth_date",
    "birth_year": "birth_year",
    "birth_day": "birth_day",
    "postcode": "postcode_key",
    "postcode_area": "postcode_area",
    "house_number": "house_key",
    "address": "address_key",
    "city": "city_key",
    "company": "company_key",
}
COMPARISONS = ("name", "email", "phone", "birth_date", "address", "company")
VETOES = ("birth_date", "first_name")


class Training(Shape):
    pairs: int = Field(default=1_000_000, ge=1000)
    seed: int = 1
    smallest: int = Field(default=300, ge=2)
    retrain_when_grown: float = Field(default=2, gt=1)


class Joining(Shape):
    candidate_weight: float = 1
    cut: float = -1
    largest_group: int = Field(default=150, ge=3)


class EmailRule(Shape):
    use: bool = True
    weight: float = 6


class Junk(Shape):
    records: int = Field(default=20, ge=2)
    last_names: int = Field(default=8, ge=2)


class Matching(Shape):
    """Everything of 3_identity that the engine needs; frozen, so it can be hashed."""

    description: str = "shipped defaults"
    owner: str = "data team"
    blocking: tuple[tuple[str, ...], ...]
    largest_block: int = Field(default=400, ge=2)
    pairs_per_record: float = Field(default=2, gt=0)
    compare: tuple[str, ...] = COMPARISONS
    sure_rules_find: float = Field(default=0.8, gt=0, le=1)
    training: Training = Training()
    joining: Joining = Joining()
    must_link: tuple[Literal["login_id", "customer_id"], ...] = ("login_id", "customer_id")
    trusted_links: tuple[Literal["merge", "account", "conversion"], ...] = ("merge", "account", "conversion")
    email_rule: EmailRule = EmailRule()
    veto: tuple[str, ...] = VETOES
    clean_sources: tuple[str, ...] = ()  # systems in which two records are never one person
    junk: Junk = Junk()
    review_band: tuple[float, float] = (-4, 6)
    full_pass_days: int = Field(default=7, ge=1)
    largest_person: int = Field(default=50, ge=2)
    nicknames: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # variant -> formal names
    placeholders: Placeholders = Placeholders()  # placeholders.yml


def fingerprint(matching: Matching) -> str:
    """Hash of what a trained model depends on (not of owner or description)."""
    said = matching.model_dump(include={"compare", "sure_rules_find", "training", "nicknames", "junk", "placeholders"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def solved_by(matching: Matching) -> str:
    """Hash of what decides who is joined, training aside: another one asks for a full pass."""
    said = matching.model_dump(mode="json", exclude={"description", "owner", "review_band", "full_pass_days"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def load_matching(folder: Path) -> Matching:
    """matching.yml, nicknames.csv and placeholders.yml of `folder` (3_identity); ProjectError lists every mistake."""
    path, problems = folder / "matching.yml", list[str]()
    matching = read_shape(path, Matching, problems)
    try:
        placeholders = load_placeholders(folder / "placeholders.yml")
    except ProjectError as error:
        problems += error.problems
    if matching:
        problems += _unknown_words(path, matching)
    if problems or matching is None:
        raise ProjectError(problems)
    return matching.model_copy(update={"nicknames": _nicknames(folder / "nicknames.csv"), "placeholders": placeholders})


def _unknown_words(path: Path, matching: Matching) -> list[str]:
    words = [("blocking", word, tuple(BLOCK_FIELDS)) for line in matching.blocking for word in line]
    words += [("compare", word, COMPARISONS) for word in matching.compare]
    words += [("veto", word, VETOES) for word in matching.veto]
    problems = [
        f"{place(path, key)}: {key}: unknown field {word!r}{nearest(word, known)}; allowed: {', '.join(known)}"
        for key, word, known in words
        if word not in known
    ]
    if not matching.blocking or not all(matching.blocking):
        problems.append(f"{place(path, 'blocking')}: blocking: needs at least one line, and no empty line")
    if not matching.compare:
        problems.append(f"{place(path, 'compare')}: compare: needs at least one field")
    if matching.review_band[0] >= matching.review_band[1]:
        problems.append(f"{place(path, 'review_band')}: review_band: the first weight must be below the second")
    problems += [
        f"{place(path, key)}: {key} have a file of their own: {file}"
        for key, file in (("nicknames", "nicknames.csv"), ("placeholders", "placeholders.yml"))
        if key in matching.model_fields_set
    ]
    return problems


def _nicknames(path: Path) -> dict[str, tuple[str, ...]]:
    """Variant -> the formal names it may stand for, in the order of the file."""
    found: dict[str, list[str]] = {}
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("formal")]
    for row in rows:
        for variant in (row.get("variants") or "").split():
            found.setdefault(variant, []).append(row["formal"])
    return {variant: tuple(formal) for variant, formal in found.items()}
