"""The rules of segments: which columns they use, and every mistake in them before anything runs.

What belongs here: reading `where` expressions of 5_segments and checking the names around them.
What does not: who is in a segment (memberships.py) and the grammar of an expression
(expressions.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.expressions import Expression, read_expression
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.shapes import Audience, Segmentation
from cdp_pipeline.project.yaml_file import place
from cdp_pipeline.segments.special import special_columns

AUDIENCE = "audience"
"""The segmentation that all audiences share in segments.memberships."""

LEGAL_BASES = ("consent", "contract", "legitimate_interest", "legal_obligation", "existing_customer")


@dataclass(frozen=True)
class Rule:
    """One segment and its condition. `rank` orders the segments of an exclusive segmentation.

    Who objects to profiling is left out where a rule `is_profiling`: a segmentation for that purpose, and an
    audience that looks at any column but those that a theme names under `-- no profiling`.

    `counts` are the columns of the condition that are 0 for who has none: an empty one is not known.
    """

    segmentation: str
    segment: str
    condition: Expression
    rank: int
    path: Path
    is_profiling: bool
    counts: tuple[str, ...] = ()

    @property
    def unknown(self) -> str:
        """SQL that is true for whom the condition cannot be told, because a count it needs is not known."""
        empty = " or ".join(f"{quoted(column)} is null" for column in self.counts)
        return f"(({self.condition.sql}) is null and ({empty}))" if empty else "false"

    @property
    def place(self) -> str:
        return f"{self.path}: {self.segment}"


def exclusive_rules(project: Project, columns: Iterable[str]) -> tuple[list[Rule], list[str]]:
    """Rules of every exclusive segmentation, in order, and the problems in them."""
    rules: list[Rule] = []
    problems: list[str] = []
    allowed = [*columns, "as_of"]
    for name, segmentation in sorted(project.segmentations.items()):
        path = _path(project, name, Segmentation)
        for rank, segment in enumerate(segmentation.segments):
            condition, wrong = read_expression(segment.where, allowed, is_condition=True)
            is_profiling = segmentation.purpose == "profiling"
            rules.append(Rule(name, segment.name, condition, rank, path, is_profiling, _counts(project, condition)))
            problems += [f"{place(path, 'segments', rank, 'where')}: {segment.name}: {text}" for text in wrong]
    return rules, problems


def audience_rules(project: Project, columns: Iterable[str]) -> tuple[list[Rule], list[str]]:
    """Rules of every audience, by name, and the problems in them; exclusive segmentations are columns too."""
    rules: list[Rule] = []
    problems: list[str] = []
    allowed = [*columns, *project.segmentations, "as_of"]
    plain = {"as_of"}.union(*(theme.no_profiling for theme in project.themes))
    for name, audience in sorted(project.audiences.items()):
        path = _path(project, name, Audience)
        condition, wrong = read_expression(audience.where, allowed, is_condition=True)
        is_profiling = not plain.issuperset(condition.columns)
        rules.append(Rule(AUDIENCE, name, condition, 0, path, is_profiling, _counts(project, condition)))
        problems += [f"{place(path, 'where')}: where: {text}" for text in wrong]
    return rules, problems


def _counts(project: Project, condition: Expression) -> tuple[str, ...]:
    counts = frozenset[str]().union(*(theme.counts for theme in project.themes))
    return tuple(column for column in condition.columns if column in counts)


def check_rules(project: Project, customers_columns: Iterable[str]) -> list[str]:
    """Every problem in 5_segments, given the columns of profiles.customers; empty when all is well."""
    columns = list(customers_columns)
    problems = [
        *exclusive_rules(project, columns)[1],
        *audience_rules(project, columns)[1],
        *_wrong_names(project, columns),
        *_wrong_purposes(project),
        *_special_categories(project, columns),
    ]
    return sorted(problems)


def personal_columns(project: Project) -> frozenset[str]:
    """Columns of profiles.customers whose values may never be written into a history or a message."""
    people = project.contracts.get("people")
    marked = {name for name, column in people.columns.items() if column.sensitivity != "public"} if people else set()
    labelled = {name for model in project.models.values() if model.layer == "profiles" for name in model.personal}
    # analysts may see a gender, but that it changed to another is for nobody
    return frozenset({"person_id", "gender"} | marked | labelled)


def _wrong_names(project: Project, columns: list[str]) -> list[str]:
    problems: list[str] = []
    columns_taken = {column.lower() for column in columns}
    for name, segmentation in project.segmentations.items():
        path = _path(project, name, Segmentation)
        if name.lower() in columns_taken:
            problems.append(f"{path}: profiles.customers has a column {name} already; rename the file")
        if name == AUDIENCE:
            problems.append(f"{path}: the name {AUDIENCE} is kept for audiences; rename the file")
        names = [*(segment.name for segment in segmentation.segments), segmentation.otherwise]
        problems += [
            f"{path}: segment {twice} is named twice" for twice in sorted({n for n in names if names.count(n) > 1})
        ]
    files = [(_path(project, name, Segmentation), name) for name in project.segmentations]
    files += [(_path(project, name, Audience), name) for name in project.audiences]
    wrong = [(path, name) for path, name in files if not name.isidentifier() or name != name.lower()]
    return problems + [
        f"{path}: the file name must be lower-case letters, digits and _: found {name}" for path, name in wrong
    ]


def _wrong_purposes(project: Project) -> list[str]:
    contract = project.contracts.get("permissions")
    allowed = contract.columns["purpose"].is_in if contract and "purpose" in contract.columns else None
    owners: Mapping[Path, Segmentation | Audience] = {
        **{_path(project, name, Segmentation): shape for name, shape in project.segmentations.items()},
        **{_path(project, name, Audience): shape for name, shape in project.audiences.items()},
    }
    problems: list[str] = []
    for path, shape in owners.items():
        if allowed and shape.purpose not in allowed:
            hint = nearest(shape.purpose, allowed)
            problems.append(
                f"{place(path, 'purpose')}: unknown purpose {shape.purpose}{hint}; allowed: {', '.join(allowed)}"
            )
        if shape.legal_basis not in LEGAL_BASES:
            hint = nearest(shape.legal_basis, LEGAL_BASES)
            problems.append(
                f"{place(path, 'legal_basis')}: unknown legal_basis {shape.legal_basis}{hint}; allowed: {', '.join(LEGAL_BASES)}"
            )
    return problems


def _special_categories(project: Project, columns: list[str]) -> list[str]:
    """Rules that use data about health, belief and the like without saying what allows it."""
    special = special_columns(project)
    if not special:
        return []
    rules = [*exclusive_rules(project, columns)[0], *audience_rules(project, columns)[0]]
    problems: list[str] = []
    for rule in rules:
        marked = sorted(special & set(rule.condition.columns))
        is_audience = rule.segmentation == AUDIENCE
        spec = project.audiences[rule.segment] if is_audience else project.segmentations[rule.segmentation]
        if marked and spec.special_basis is None:
            problems.append(
                f"{rule.place}: {', '.join(marked)} may tell of health, belief and the like (sensitivity: special), which no "
                "rule uses by default; name a special_basis (explicit_consent or made_public_by_the_person) or leave it out"
            )
    return problems


def _path(project: Project, name: str, kind: type[Segmentation | Audience]) -> Path:
    folder = project.folder / "5_segments"
    return folder / f"{name}.yml" if kind is Segmentation else folder / "audiences" / f"{name}.yml"
