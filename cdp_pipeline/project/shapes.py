"""The shapes of the YAML files in dbt_like_sql, as frozen pydantic models.

What belongs here: which keys a file may have and which values they take. What does not: reading
files (project.py) and everything that acts on them (the stages).
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from cdp_pipeline.project.days import agreeing, known_zone


class Shape(BaseModel):
    """Frozen, and strict about keys: an unknown key is a mistake, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __hash__(self) -> int:
        return int.from_bytes(hashlib.sha256(self.model_dump_json().encode()).digest()[:8])


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


# ---- project.yml ---------------------------------------------------------------------------


class Email(Shape):
    to: tuple[str, ...]
    sender: str
    relay: str = Field(default="localhost:25", pattern=r"^[^:/@ ]+:[0-9]+$")


class Alerts(Shape):
    owner: str = "data team"
    late_after_minutes: int = Field(default=240, ge=1)
    command: tuple[str, ...] = ()
    webhook_env: str | None = None
    email: Email | None = None


class Controller(Shape):
    name: str = ""
    contact: str = ""
    privacy_officer: str = ""


class Settings(Shape):
    name: str
    controller: Controller = Controller()
    zone: Annotated[str, AfterValidator(known_zone)] = "Europe/Amsterdam"
    country: str = Field(default="NL", pattern="^[A-Z]{2}$")
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    schedule: str = "30 2 * * *"
    key_env: str = "CDP_KEY"
    keep_snapshots: int = Field(default=7, ge=1)
    keep_parts_days: int = Field(default=1100, ge=1)
    retention: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    churn_budget: float = Field(default=0.05, ge=0, le=1)
    report_floor: int = Field(default=20, ge=1)
    expectations: bool = True
    adult_age: int = Field(default=18, ge=0, le=21)
    existing_customer_days: int = Field(default=730, ge=0)
    unapplied_stops: int = Field(default=0, ge=0)
    memory_limit: str | None = None
    register_copy: str | None = None
    alerts: Alerts = Alerts()


# ---- 1_sources/<source>.yml ------------------------------------------------------------------


class FileFormat(Shape):
    type: Literal["csv", "jsonl", "parquet"] = "csv"
    delimiter: str | None = None
    quote: str = '"'
    encoding: str = "utf-8"
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    negative: Literal["-12", "12-", "(12)"] = "-12"
    digits: Literal["ascii", "arabic"] = "ascii"
    dates: Annotated[tuple[str, ...], AfterValidator(agreeing)] = ()
    nulls: tuple[str, ...] = ("", "NULL", "null", "\\N")
    skip: int = 0
    trailing_delimiter: bool = False
    final_newline: bool = True
    max_gb: float = Field(default=16, gt=0)

    @model_validator(mode="after")
    def _tells_thousands_from_decimals(self) -> FileFormat:
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        return self

    @property
    def max_bytes(self) -> int:
        return int(self.max_gb * (1 << 30))


class Expression(Shape):
    sql: str


class Mapping(Shape):
    where: str | None = None
    filled: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    state: bool = False
    drop: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str | Expression | tuple[str, ...]]


class Expect(Shape):
    every_hours: int | None = Field(default=None, ge=1)
    rows_within: float = Field(default=4, gt=1)
    late: Literal["error", "warn"] = "warn"
    columns: Literal["error", "warn"] = "warn"
    rows: Literal["error", "warn"] = "warn"


class Source(Shape):
    description: str
    owner: str
    files: Annotated[tuple[str, ...], BeforeValidator(_as_list)]
    system: str | None = None
    format: FileFormat = FileFormat()
    delivery: Literal["increment", "snapshot"] = "increment"
    required: bool = False
    legal_basis: Literal["consent", "contract", "legitimate_interest", "legal_obligation"]
    withhold: dict[str, str] = Field(default_factory=dict)
    kinds: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    continuation: str | None = None
    expect: Expect = Expect()
    prepare: str | None = None
    into: dict[str, Annotated[tuple[Mapping, ...], BeforeValidator(_as_list)]]


# ---- checks/expectations.yml -----------------------------------------------------------------


class Expectation(Shape):
    table: str
    expect: str
    having: dict[str, Any] = Field(default_factory=dict, alias="with")
    description: str
    severity: Literal["error", "warn"] = "warn"
    owner: str
    fix: str


class Expectations(Shape):
    expectations: dict[str, Expectation]


# ---- 2_staging/<table>.yml -------------------------------------------------------------------


class Column(Shape):
    type: Literal["text", "integer", "decimal", "money", "boolean", "date", "timestamp", "attributes"]
    description: str
    required: bool = False
    sensitivity: Literal["public", "personal", "special"] = "public"
    is_in: tuple[str, ...] | Literal["iso4217"] | None = Field(default=None, alias="in")
    matches: str | None = None
    min: Any = None
    max: Any = None
    max_length: int | None = None
    fallback: str | None = None
    when_bad: Literal["empty", "quarantine"] | None = None
    words: Literal["status"] | None = None
    of_the_record: tuple[str, ...] = ()
    keys: Literal["email", "phone", "account", "namespace"] | None = None
    is_id: bool | None = None
    identifies: Literal["record", "order", "ticket", "device", "event_order"] | None = None
    issued_by: str = "source"
    references: str | None = None
    known_as: tuple[str, ...] = ()
    stand_in: str | None = None
    kept_when_erased: StrictBool | None = None
    rows_kept_when_erased: tuple[str, ...] | None = None


class Rule(Shape):
    name: str
    sql: str
    severity: Literal["error", "warn"] = "error"


class Contract(Shape):
    description: str
    owner: str
    grain: tuple[str, ...]
    newest_by: tuple[str, ...] = ()
    when_erased: Literal["removed", "anonymised", "stops"] = "removed"
    may_be_absent: bool = False
    suggested_by: tuple[Annotated[tuple[str, ...], BeforeValidator(_as_list)], ...] = ()
    when_broken: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, Column]
    rules: tuple[Rule, ...] = ()
    max_bad_share: float = Field(default=0.05, ge=0, le=1)
    min_bad_rows: int = Field(default=10, ge=0)


# ---- 4_profiles/survivorship.yml -------------------------------------------------------------


class FieldRule(Shape):
    rule: Literal["most_recent", "most_trusted", "most_frequent", "most_complete"]
    description: str
    together: tuple[str, ...] = ()


class Survivorship(Shape):
    trust: tuple[str, ...]
    placeholders: tuple[str, ...] = ()
    fields: dict[str, FieldRule]


# ---- 5_segments ------------------------------------------------------------------------------

Basis = Literal["consent", "double_opt_in", "existing_customer", "legitimate_interest", "contract"]
SpecialBasis = Literal["explicit_consent", "made_public_by_the_person"]  # of Article 9(2) GDPR


class Segment(Shape):
    name: str
    description: str
    where: str


class Segmentation(Shape):
    description: str
    owner: str
    purpose: str = "profiling"
    legal_basis: str = "legitimate_interest"
    special_basis: SpecialBasis | None = None
    segments: tuple[Segment, ...]
    otherwise: str


class Audience(Shape):
    description: str
    owner: str
    purpose: str
    legal_basis: str = "consent"
    special_basis: SpecialBasis | None = None
    similar_goods: bool = False
    where: str
    destinations: tuple[str, ...] = ()


# ---- 6_activation/<destination>.yml ----------------------------------------------------------


class Needs(Shape):
    purpose: str
    channel: str
    recipient: str | None = None
    bases: tuple[Basis, ...] = ()


class Transfer(Shape):
    recipient: str
    country: str
    basis: Literal["adequacy", "scc", "consent", "none_needed"]
    document: str
    valid_from: date
    valid_until: date | None = None


class OutputColumn(Shape):
    name: str
    value: str
    normalise: str | None = None
    hash: Literal["sha256"] | None = None


class Destination(Shape):
    description: str
    owner: str
    audiences: tuple[str, ...] = ()
    format: Literal["csv"] = "csv"
    delimiter: str = ","
    needs: tuple[Needs, ...]
    transfer: Transfer | None = None
    keys: tuple[tuple[str, ...], ...]
    minimum_size: int = Field(default=1, ge=1)
    guard_formulas: bool = False
    columns: tuple[OutputColumn, ...]
