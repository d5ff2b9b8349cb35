"""The words of the evidence: a level, a comparison of levels, and string tests that are cheap to ask.

What belongs here: the shape of evidence. What does not: the evidence itself (comparisons.py,
name_levels.py).

String distances sit behind a cheap test inside CASE: DuckDB evaluates both sides of AND, but not
the branches of CASE that are not reached.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    label: str  # plain words, shown to people
    sql: str
    m: float  # shipped share of true pairs at this level
    u: float  # shipped share of other pairs at this level
    tf: str | None = None  # column whose term frequency replaces u
    differs: bool = False  # speaks against one person, rather than of a slip of the pen


@dataclass(frozen=True)
class Comparison:
    name: str
    needs: tuple[str, ...]  # left out when none of these columns varies
    null: str
    levels: tuple[Level, ...]


def similar(left: str, right: str, least: float) -> str:
    """SQL: the Jaro-Winkler similarity of two columns is at least `least`."""
    return f"jaro_winkler_similarity({left}, {right}) >= {least}"


def one_typo(column: str, most: int = 1) -> str:
    """SQL: both sides of a column are `most` edits apart, or fewer; the cheapest test first."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"case when {left} = {right} then true when abs(len({left}) - len({right})) > {most} then false "
        f"when {similar(left, right, 0.75)} then case when jaccard({left}, {right}) > 0.6 "
        f"then case when levenshtein({left}, {right}) <= {2 * most} "
        f"then damerau_levenshtein({left}, {right}) <= {most} else false end else false end else false end"
    )
